//! The commands on docs/operations.md.

use dfs_shell::command::Parsed;
use dfs_shell::commands::COMMANDS;
use dfs_shell::lang::{Action, Scope, parse};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

pub(super) const PROGRAMS: [&str; 3] = ["dfs-shell", "dfsd", "dfs-top"];
/// The words of the page that stand for others.
const PLACEHOLDERS: [(&str, &str); 12] = [
    ("N", "4"),
    ("SIZE", "1MiB"),
    ("ID", "datanode-1"),
    ("datanode-N", "datanode-1"),
    ("FILE", "datanode-1.pem"),
    ("DIR", "data"),
    ("HOST:PORT", "127.0.0.1:9870"),
    ("PATH", "/x"),
    ("CHUNK", "0000000000000001"),
    ("NODE", "datanode-1"),
    ("TEXT", "moving"),
    ("USER", "ann"),
];
/// What stands like code on the page, has several words, and is no command.
const TEXTS: [&str; 4] = [
    "started again",
    "no master answers: master-1 has crashed",
    "datanode-1 is running (process 123) but suspended",
    "replica is suspect",
];
/// What is called like a command, and is none.
const NAMESAKES: [&str; 1] = ["history"];
/// The commands of other programs: each is run by the test, or has a reason why it is not.
pub(super) const OTHERS: [(&str, Option<&str>); 3] = [
    ("timedatectl set-ntp true", Some("it sets the clock of the machine that runs the test")),
    ("findmnt -T DIR", None),
    ("ulimit -Hn", None),
];

/// What stands like code on the page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The commands of dfs, as they are typed at the prompt or in a shell.
    pub(super) commands: BTreeSet<String>,
    /// The flags that are named alone.
    pub(super) flags: BTreeSet<String>,
}

impl Page {
    /// Reads the page.
    ///
    /// # Panics
    /// If something looks like a command and stands in no table.
    pub(super) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
        let mut page = Self::default();
        code(&std::fs::read_to_string(path).expect("the page")).iter().for_each(|span| page.add(span));
        page
    }

    fn add(&mut self, span: &str) {
        let line = span.strip_prefix("hint: ").unwrap_or(span);
        let first = line.split(' ').next().unwrap_or_default();
        if let Some(command) = command(line) {
            self.commands.insert(command);
        } else if first.starts_with('-') {
            self.flags.insert(first.to_owned());
        } else if line.contains(' ') {
            let is_known = TEXTS.contains(&line) || OTHERS.iter().any(|(other, _)| *other == line);
            assert!(is_known, "docs/operations.md has `{line}`: add it to a table of this test");
        }
    }
}

/// Returns everything between backticks, and the lines of code blocks.
fn code(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut text = String::new();
    let mut block = false;
    for line in page.lines() {
        match line {
            _ if line.starts_with("```") => block = !block,
            _ if block || line.starts_with("    ") => found.push(line.trim().trim_start_matches("$ ").to_owned()),
            _ => text += &format!("{line} "),
        }
    }
    found.extend(text.split('`').skip(1).step_by(2).map(|span| span.split_whitespace().collect::<Vec<_>>().join(" ")));
    found
}

/// Returns a command in the form in which a session of `dfs-shell` accepts it; none if this is not
/// a command of dfs.
fn command(line: &str) -> Option<String> {
    let line = line.strip_prefix("dfs-shell ").unwrap_or(line);
    let first = line.split(' ').next().unwrap_or_default();
    let is_of_dfsd = dfs_daemon::cli::definition().find_subcommand(first).is_some();
    match first {
        _ if NAMESAKES.contains(&line) => None,
        _ if PROGRAMS.contains(&first) || COMMANDS.named(first).is_some() => Some(line.to_owned()),
        _ if is_of_dfsd => Some(format!("dfsd {line}")),
        _ => None,
    }
}

/// Returns every form of a command on the page, with its placeholders replaced: without what is
/// optional and with all of it, and one for each alternative.
pub(super) fn forms(command: &str) -> Vec<String> {
    let optional = command.split('[').skip(1).filter_map(|part| part.split_once(']')).map(|(part, _)| part);
    let mut short = command.to_owned();
    optional.for_each(|part| short = short.replace(&format!(" [{part}]"), ""));
    let long = command.replace(['[', ']'], "");
    [short, long].iter().flat_map(|form| alternatives(form)).map(|form| replaced(&form)).collect()
}

fn alternatives(form: &str) -> Vec<String> {
    let Some(word) = form.split(' ').find(|word| word.contains('|')) else { return vec![form.to_owned()] };
    word.split('|').map(|one| form.replace(word, one)).collect()
}

fn replaced(form: &str) -> String {
    let words = form.split(' ').filter(|word| *word != "…").map(|word| {
        let known = PLACEHOLDERS.iter().find(|(placeholder, _)| *placeholder == word);
        let shouts = word.chars().any(char::is_alphabetic) && !word.chars().any(char::is_lowercase);
        assert!(known.is_some() || !shouts, "{form}: {word} is not in the table of placeholders");
        known.map_or(word, |(_, value)| value)
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Checks a line with the parser of the program that would run it. A command that is only named, as
/// in "`setrep` deletes no replicas", needs no arguments.
pub(super) fn check(line: &str) -> Result<(), String> {
    let statements = parse(line).map_err(|error| format!("{line}: {error:?}"))?;
    for statement in statements {
        let Action::Command { words, .. } = statement.action else { continue };
        let expand = |word| Scope::default().expand(word).map_err(|error| format!("{line}: {error:?}"));
        let texts = words.iter().map(expand).collect::<Result<Vec<_>, _>>()?.concat();
        let plain: Vec<String> = texts.iter().map(|text| text.plain()).collect();
        check_words(&plain).map_err(|why| format!("{line}: {why}"))?;
    }
    Ok(())
}

fn check_words(words: &[String]) -> Result<(), String> {
    match words {
        [program] if PROGRAMS.contains(&program.as_str()) => Ok(()),
        [program, sub] if program == "dfsd" => {
            dfs_daemon::cli::definition().find_subcommand(sub).map(drop).ok_or(format!("no subcommand {sub}"))
        }
        [program, ..] if program == "dfsd" => {
            dfs_daemon::cli::definition().try_get_matches_from(words).map(drop).map_err(|error| error.to_string())
        }
        words => {
            let command = COMMANDS.find(words).map_err(|error| error.to_string())?;
            let arguments: Vec<OsString> = words.iter().skip(1).map(OsString::from).collect();
            let named_only = || {
                let error = command.definition().try_get_matches_from(&arguments).err();
                error.is_some_and(|error| error.kind() == clap::error::ErrorKind::MissingRequiredArgument)
            };
            match command.parse(arguments.clone()) {
                Ok(Parsed::Arguments(_) | Parsed::Help) => Ok(()),
                Err(_) if named_only() => Ok(()),
                Err(error) => Err(error.to_string()),
            }
        }
    }
}

/// Returns true if the argument is this flag, as in `-v` or `--yes`.
pub(super) fn is_flag(argument: &clap::Arg, flag: &str) -> bool {
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    [short, long].into_iter().flatten().any(|own| own == flag)
}

/// Returns true if `line`, which was run, is the command of the page with its placeholders filled
/// in.
pub(super) fn is_run_by(command: &str, line: &str) -> bool {
    let optional = |word: &str| word.contains('[') || word.contains(']');
    let mut inside = false;
    let mut wanted = command.split(' ').filter(|word| {
        let begins = word.contains('[');
        inside |= begins;
        let counts = !inside && !optional(word);
        inside &= !word.contains(']');
        counts
    });
    let stands_for_another = |word: &str| word == "…" || word.contains('|') || is_placeholder(word);
    let mut words = line.split(' ');
    // The first words are the same; the others occur in this order.
    words.next() == wanted.next()
        && wanted.filter(|word| !stands_for_another(word)).all(|word| words.any(|other| other == word))
}

fn is_placeholder(word: &str) -> bool {
    PLACEHOLDERS.iter().any(|(placeholder, _)| *placeholder == word)
}

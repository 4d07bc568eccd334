//! Reads commands in printed advice with the parser that would read them if a user typed them.

use crate::commands::COMMANDS;
use crate::lang::{Action, Scope, parse};
use std::ffi::OsString;

/// The words that end a command in a sentence.
const ENDS: [char; 4] = [',', ';', ':', '…'];

/// Checks a whole line, as it would be typed at the prompt.
pub(crate) fn check(line: &str) -> Result<(), String> {
    let statements = parse(line).map_err(|error| format!("{line}: {error:?}"))?;
    for statement in statements {
        let Action::Command { words, .. } = statement.action else { continue };
        let mut plain = Vec::new();
        for word in &words {
            let texts = Scope::default().expand(word).map_err(|error| format!("{line}: {error:?}"))?;
            plain.extend(texts.iter().map(|text| text.plain()));
        }
        check_words(&plain).map_err(|why| format!("{line}: {why}"))?;
    }
    Ok(())
}

fn check_words(words: &[String]) -> Result<(), String> {
    let command = COMMANDS.find(words).map_err(|error| error.to_string())?;
    let arguments = words.iter().skip(1).map(OsString::from).collect();
    if let Err(error) = command.parse(arguments) {
        return Err(error.to_string());
    }
    if command.name != "dfsd" {
        return Ok(());
    }
    dfs_daemon::cli::definition().try_get_matches_from(words).map(drop).map_err(|error| error.to_string())
}

/// Checks every command that a sentence names: those between backticks as whole lines; at its
/// beginning and after `or`, `and`, `then` and a colon those that are followed by a flag; and every
/// `dfsd`. What is to be typed outside of the shell is not checked.
pub(crate) fn check_sentence(text: &str) -> Result<(), String> {
    if text.starts_with("on this machine: ") {
        return Ok(());
    }
    for quoted in text.split('`').skip(1).step_by(2) {
        let first = quoted.split(' ').next().unwrap_or_default();
        if COMMANDS.named(first).is_some() {
            check(quoted).map_err(|why| format!("{text}: {why}"))?;
        }
    }
    let unquoted: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" … ");
    let words: Vec<&str> = unquoted.split_whitespace().collect();
    for at in 0..words.len() {
        if begins(&words, at) {
            check_clause(&clause(&words[at..])).map_err(|why| format!("{text}: {why}"))?;
        }
    }
    Ok(())
}

fn begins(words: &[&str], at: usize) -> bool {
    let name = words[at].trim_end_matches(ENDS);
    let behind = at.checked_sub(1).map(|before| words[before]);
    let is_flagged = words.get(at + 1).is_some_and(|next| next.starts_with('-') && next.len() > 1);
    let follows = behind.is_some_and(|word| ["or", "and", "then"].contains(&word) || word.ends_with([':', ';', ',']));
    COMMANDS.named(name).is_some() && (at == 0 || name == "dfsd" || (follows && is_flagged))
}

/// Returns the words up to the end of their part of the sentence.
fn clause(words: &[&str]) -> Vec<String> {
    let end = words.iter().position(|word| word.ends_with(ENDS)).map_or(words.len(), |at| at + 1);
    words[..end].iter().map(|word| word.trim_end_matches(ENDS).to_owned()).filter(|word| !word.is_empty()).collect()
}

/// Checks a command that is followed by prose: some beginning of it must be a whole command. A
/// command of the shell may be only named, with flags that it has, as in `put -f replaces it`.
fn check_clause(words: &[String]) -> Result<(), String> {
    let beginnings = (1..=words.len()).rev().map(|end| &words[..end]);
    if beginnings.into_iter().any(|beginning| check_words(beginning).is_ok()) && words[0] == "dfsd" {
        return Ok(());
    }
    if words[0] == "dfsd" {
        return Err(format!("{}: not a command of dfsd", words.join(" ")));
    }
    let definition = COMMANDS.find(words).map_err(|error| error.to_string())?.definition();
    // A dash alone is standard input.
    let flags = words.iter().skip(1).take_while(|word| word.starts_with('-') && word.len() > 1);
    let is_known = |flag: &String| {
        definition.get_arguments().any(|argument| {
            argument.get_short().map(|short| format!("-{short}")).as_ref() == Some(flag)
                || argument.get_long().is_some_and(|long| [format!("--{long}"), format!("-{long}")].contains(flag))
        })
    };
    let unknown: Vec<&String> = flags.filter(|flag| !is_known(flag)).collect();
    if unknown.is_empty() { Ok(()) } else { Err(format!("{} has no {unknown:?}", words[0])) }
}

#[test]
fn a_command_that_does_not_exist_is_found_in_a_line_and_in_a_sentence() {
    for line in ["dfsd up --datanodes 4", "node drain --wait datanode-4", "du -h /", "safemode leave"] {
        assert_eq!(check(line), Ok(()));
    }
    for line in ["dfsd upp", "dfsd up --nodes 4", "node drian datanode-4", "safemode off", "dfsd start datanode"] {
        assert!(check(line).is_err(), "{line}");
    }
    for text in ["rm -r deletes it", "delete files: `dfsd up --datanodes 4` adds one", "run dfsd down and dfsd up"] {
        assert_eq!(check_sentence(text), Ok(()));
    }
    for text in ["rm -q deletes it", "delete files: `dfsd more 4` adds one", "run dfsd halt", "wait, or put --copies 2"]
    {
        assert!(check_sentence(text).is_err(), "{text}");
    }
}

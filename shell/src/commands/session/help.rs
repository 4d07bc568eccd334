//! `help`: generated from the table of commands, so that it matches them.

use super::topics::{self, Page, Topic};
use crate::base::options::HELP_CELLS;
use crate::command::{Command, Context, Effect, Elsewhere, Example, Group, Json, Kind, Meaning, Table, Verb, named};
use clap::Args;
use dfs_types::Result;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write as _;

/// Arguments of `help`.
#[derive(Debug, Args)]
pub(super) struct Help {
    /// The command, the topic, or a name from elsewhere; an overview if none.
    #[arg(value_name = "COMMAND", allow_hyphen_values = true, trailing_var_arg = true)]
    words: Vec<String>,
}

impl Verb for Help {
    const NAME: &'static str = "help";
    const ABOUT: &'static str = "List the commands and topics, or explain one";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("help", "all commands and topics"),
        ("help put", "one command, with examples"),
        ("help files", "the commands of a topic, a line each"),
        ("help -copyFromLocal", "what it is called here"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Command);
    const JSON: Json = Json::of::<Vec<Explained>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let commands = context.interpreter.commands();
        let shown = Shown::of(&self.words, commands)?;
        if context.json() {
            let explained: Vec<Explained> = shown.commands(commands).into_iter().map(Explained::of).collect();
            return context.emit(&explained);
        }
        let text = shown.text(commands);
        context.print_ours(&text)?;
        if matches!(shown, Shown::Overview) {
            let aliases = listed(&context.session.aliases);
            context.print(&aliases)?;
        }
        Ok(())
    }
}

/// The subject of the requested help.
enum Shown<'w> {
    Overview,
    Topic(&'static Topic),
    Command(&'static Command),
    Elsewhere(&'w str, &'static Elsewhere),
}

impl<'w> Shown<'w> {
    /// Finds the subject: a command before a topic, and a topic before a name of another tool.
    fn of(words: &'w [String], commands: Table) -> Result<Self> {
        let Some(first) = words.first() else { return Ok(Self::Overview) };
        if let Some(command) = commands.named(first) {
            return Ok(Self::Command(command));
        }
        if let Some(topic) = Topic::named(first) {
            return Ok(Self::Topic(topic));
        }
        let name = named(words).name;
        match (commands.named(name), Elsewhere::named(name)) {
            (Some(command), _) => Ok(Self::Command(command)),
            (None, Some(known)) => Ok(Self::Elsewhere(name, known)),
            (None, None) => commands.find(words).map(Self::Command),
        }
    }

    fn text(&self, commands: Table) -> String {
        match self {
            Self::Overview => topics::overview(commands),
            Self::Topic(topic) => topic.text(commands),
            Self::Command(command) => help_of(command),
            Self::Elsewhere(name, known) => topics::elsewhere(name, known, commands),
        }
    }

    fn commands(&self, commands: Table) -> Vec<&'static Command> {
        match self {
            Self::Overview => commands.iter().collect(),
            Self::Command(command) => vec![command],
            Self::Elsewhere(_, known) => known.ours.iter().filter_map(|name| commands.named(name)).collect(),
            Self::Topic(Topic { page: Page::Group(group), .. }) => {
                commands.iter().filter(|command| command.group == *group).collect()
            }
            Self::Topic(_) => Vec::new(),
        }
    }
}

/// A command with its description.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Explained {
    name: &'static str,
    about: &'static str,
    /// `files`, `cluster` or `shell`.
    group: &'static str,
    /// As in `ls [OPTIONS] [PATH]...`.
    usage: String,
    arguments: Vec<Argument>,
    examples: Vec<Line>,
    /// True if it prints a document with `--json`.
    json: bool,
}

/// A flag or a positional argument.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Argument {
    /// The flag as typed: `-l`, `--rep`; both forms if there are two; empty for a positional
    /// argument.
    flags: Vec<String>,
    /// The values that it takes, as in `PATH`; empty for a flag without value.
    values: Vec<String>,
    about: String,
    required: bool,
}

/// An example line.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Line {
    line: &'static str,
    what: &'static str,
}

impl Explained {
    fn of(command: &Command) -> Self {
        Self {
            name: command.name,
            about: command.about,
            group: match command.group {
                Group::Files => "files",
                Group::Cluster => "cluster",
                Group::Shell => "shell",
            },
            usage: command.usage(),
            arguments: command.definition().get_arguments().map(Argument::of).collect(),
            examples: command.examples.iter().map(|(line, what)| Line { line: plain(line), what }).collect(),
            json: matches!(command.json, Json::Document(_)),
        }
    }
}

impl Argument {
    fn of(arg: &clap::Arg) -> Self {
        let flags = arg.get_short().map(|short| format!("-{short}")).into_iter();
        let takes = arg.get_action().takes_values();
        let values = arg.get_value_names().filter(|_| takes).unwrap_or_default();
        Self {
            flags: flags.chain(arg.get_long().map(|long| format!("--{long}"))).collect(),
            values: values.iter().map(ToString::to_string).collect(),
            about: arg.get_help().map(ToString::to_string).unwrap_or_default(),
            required: arg.is_required_set(),
        }
    }
}

/// Lists the aliases of the user.
fn listed(aliases: &crate::session::alias::Aliases) -> String {
    let mut text = String::new();
    for (name, line) in aliases.iter() {
        let title = if text.is_empty() { "\nYour aliases\n" } else { "" };
        let _ = writeln!(text, "{title}  {name:<10}{}", dfs_term::text::sanitise(line));
    }
    text
}

/// Returns an example without the dash that lets it fail in a script: `-doctor`.
fn plain(line: &str) -> &str {
    line.strip_prefix('-').unwrap_or(line)
}

/// Returns the help of a command, the examples first.
pub(crate) fn help_of(command: &Command) -> String {
    let mut text = format!("{}: {}\n\nExamples:\n", command.name, command.about);
    let cells = dfs_term::text::width;
    let examples = || command.examples.iter().map(|(line, what)| (plain(line), *what));
    let sizes = || examples().map(|(line, what)| (cells(line), cells(what)));
    let wide = sizes().map(|(line, _)| line).max().unwrap_or(0);
    let one_line = command.examples.iter().all(|(line, _)| !line.contains('\n'));
    let beside = one_line && sizes().all(|(_, what)| wide + what + "    # ".len() <= HELP_CELLS);
    for (line, what) in examples() {
        if beside {
            let _ = writeln!(text, "  {line:<wide$}  # {what}");
        } else {
            let _ = writeln!(text, "  # {what}\n  {}", line.replace('\n', "\n  "));
        }
    }
    let _ = writeln!(text, "\n{}", command.reference());
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::ELSEWHERE;
    use crate::commands::COMMANDS;

    #[test]
    fn programs_are_told_all_of_it() {
        for command in COMMANDS.iter() {
            let told = serde_json::to_value(Explained::of(command)).expect("JSON");
            assert!(!told["usage"].as_str().unwrap_or_default().is_empty(), "{told}");
            let arguments = told["arguments"].as_array().expect("a list");
            assert!(arguments.iter().all(|argument| argument["about"] != ""), "{told}");
        }
        let put = Explained::of(COMMANDS.named("put").expect("there"));
        assert!(
            put.arguments.iter().any(|argument| argument.flags == ["--rep"] && argument.values == ["N"]),
            "{put:?}"
        );
    }

    #[test]
    fn help_fits_a_narrow_terminal() {
        let elsewhere = ELSEWHERE.iter().map(|known| topics::elsewhere(known.names[0], known, COMMANDS));
        let wide: Vec<String> = COMMANDS
            .iter()
            .map(help_of)
            .chain(elsewhere)
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|line| dfs_term::text::width(line) > HELP_CELLS)
            .collect();
        assert!(wide.is_empty(), "{wide:#?}");
    }

    #[test]
    fn every_command_is_explained() {
        for command in COMMANDS.iter() {
            let text = help_of(command);
            assert!(
                plain(command.examples[0].0).lines().all(|line| text.contains(line)) && text.contains("Usage:"),
                "{text}"
            );
        }
    }

    #[test]
    fn commands_topics_and_names_from_elsewhere() {
        let shown = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            Shown::of(&words, COMMANDS).map(|shown| {
                let text = shown.text(COMMANDS);
                text.lines().next().unwrap_or_default().to_owned()
            })
        };
        for (line, first) in [
            ("", "Files and directories"),
            ("files", "Files and directories"),
            ("language", "Words, patterns, variables, where output goes"),
            ("ls", "ls: "),
            ("node drain", "node: "),
            ("-ls", "ls: "),
            ("hdfs dfs -ls /", "ls: "),
            ("fs.ls", "ls: "),
            ("dfsadmin -report", "dfsadmin: status, nodes"),
            ("balancer", "balancer: there is no balancer: "),
            ("rebalance", "rebalance: there is no balancer: "),
            ("snapshot", "snapshot: there are no snapshots: cp -r"),
            ("quota", "quota: there are no quotas: du"),
            ("append", "append: there is no append: put -f"),
            ("goal", "goal: setrep"),
            ("rmdir", "rmdir: rm deletes"),
            ("copyfromlocal", "copyfromlocal: put LOCAL"),
        ] {
            assert!(shown(line).expect(line).starts_with(first), "{line}: {:?}", shown(line));
        }
        let unknown = shown("nosuch").expect_err("unknown");
        assert_eq!(unknown.hint.as_deref(), Some("help lists the commands"));
    }
}

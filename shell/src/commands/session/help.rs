//! `help`: built from the table of commands, so that it cannot say what is not so.

use crate::base::options::HELP_CELLS;
use crate::command::{Command, Context, Effect, Example, Group, Json, Kind, Meaning, Table, Verb};
use clap::Args;
use dfs_types::Result;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write as _;

/// Arguments of `help`.
#[derive(Debug, Args)]
pub(super) struct Help {
    /// The command; all of them if none.
    command: Option<String>,
}

impl Verb for Help {
    const NAME: &'static str = "help";
    const ABOUT: &'static str = "List the commands, or explain one";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("help", "all commands"), ("help put", "one, with examples")];
    const MEANING: Meaning = Meaning::all(Kind::Command);
    const JSON: Json = Json::of::<Vec<Explained>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let commands = context.interpreter.commands();
        let chosen = self.command.as_deref().map(|name| commands.find(name)).transpose()?;
        if context.json() {
            let chosen = chosen.map_or_else(|| commands.iter().collect(), |one| vec![one]);
            return context.emit(&chosen.into_iter().map(Explained::of).collect::<Vec<_>>());
        }
        let text = chosen.map_or_else(|| overview(commands), help_of);
        context.print_ours(&text)?;
        if self.command.is_none() {
            let aliases = listed(&context.session.aliases);
            context.print(&aliases)?;
        }
        Ok(())
    }
}

/// A command, explained.
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
    /// Whether it prints a document with `--json`.
    json: bool,
}

/// A flag, or what stands at a place.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Argument {
    /// As it is typed: `-l`, `--rep`; both where there are two; none for what stands at a place.
    flags: Vec<String>,
    /// What it takes, as in `PATH`; none for a flag alone.
    values: Vec<String>,
    about: String,
    required: bool,
}

/// A line that does something.
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
            examples: command.examples.iter().map(|(line, what)| Line { line, what }).collect(),
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

/// Every command in a line.
fn overview(commands: Table) -> String {
    let mut text = String::new();
    for (group, title) in [(Group::Files, "Files"), (Group::Cluster, "Cluster"), (Group::Shell, "The shell itself")] {
        let _ = writeln!(text, "{title}");
        for command in commands.iter().filter(|command| command.group == group) {
            let _ = writeln!(text, "  {:<10}{}", command.name, command.about);
        }
    }
    text.push_str(
        "\nhelp COMMAND explains one. Words split as in sh; * ? [a-z] {a,b} ** match remote\n\
         names where remote paths stand, local ones where local paths stand. Any output\n\
         goes to COMMAND | LOCAL-COMMAND, > FILE and >> FILE; !COMMAND runs a local one;\n\
         $name and $1 stand for what set and the script's arguments say. Commands in the\n\
         file shellrc, beside the settings, run when the prompt starts.\n",
    );
    text
}

/// The user's own names for lines.
fn listed(aliases: &crate::session::alias::Aliases) -> String {
    let mut text = String::new();
    for (name, line) in aliases.iter() {
        let title = if text.is_empty() { "\nYour aliases\n" } else { "" };
        let _ = writeln!(text, "{title}  {name:<10}{}", dfs_term::text::sanitise(line));
    }
    text
}

/// A command with examples first.
pub(crate) fn help_of(command: &Command) -> String {
    let mut text = format!("{}: {}\n\nExamples:\n", command.name, command.about);
    let cells = dfs_term::text::width;
    let sizes = || command.examples.iter().map(|(line, what)| (cells(line), cells(what)));
    let wide = sizes().map(|(line, _)| line).max().unwrap_or(0);
    let one_line = command.examples.iter().all(|(line, _)| !line.contains('\n'));
    let beside = one_line && sizes().all(|(_, what)| wide + what + "    # ".len() <= HELP_CELLS);
    for (line, what) in command.examples {
        if beside {
            let _ = writeln!(text, "  {line:<wide$}  # {what}");
        } else {
            let _ = writeln!(text, "  # {what}\n  {}", line.replace('\n', "\n  "));
        }
    }
    let full = command.definition().render_help().to_string();
    let usage = full.find("Usage:").and_then(|at| full.get(at..)).unwrap_or(&full);
    let _ = write!(text, "\n{}", usage.trim_end());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let texts = COMMANDS.iter().map(help_of).chain([overview(COMMANDS)]);
        let wide: Vec<String> = texts
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|line| dfs_term::text::width(line) > HELP_CELLS)
            .collect();
        assert!(wide.is_empty(), "{wide:#?}");
    }

    #[test]
    fn every_command_is_listed_and_explained() {
        let all = overview(COMMANDS);
        for command in COMMANDS.iter() {
            assert!(all.contains(command.about), "{}", command.name);
            let text = help_of(command);
            assert!(command.examples[0].0.lines().all(|line| text.contains(line)) && text.contains("Usage:"), "{text}");
        }
    }
}

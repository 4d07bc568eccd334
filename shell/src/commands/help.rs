//! `help`: built from the table of commands, so that it cannot say what is not so.

use super::{COMMANDS, Command, Example, Group, Kind, Meaning, Verb};
use crate::context::Context;
use clap::Args;
use dfs_types::Result;
use std::fmt::Write as _;

/// Arguments of `help`.
#[derive(Debug, Args)]
pub struct Help {
    /// The command; all of them if none.
    command: Option<String>,
}

impl Verb for Help {
    const NAME: &'static str = "help";
    const ABOUT: &'static str = "List the commands, or explain one";
    const GROUP: Group = Group::Shell;
    const EXAMPLES: &'static [Example] = &[("help", "all commands"), ("help put", "one, with examples")];
    const MEANING: Meaning = Meaning::all(Kind::Command);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let chosen = self.command.as_deref().map(Command::find).transpose()?;
        if context.json() {
            let list: Vec<_> =
                chosen.map_or_else(|| COMMANDS.iter().collect(), |one| vec![one]).into_iter().map(as_json).collect();
            return context.emit(&list);
        }
        let text = chosen.map_or_else(overview, help_of);
        context.print(&text)
    }
}

fn as_json(command: &Command) -> serde_json::Value {
    let examples: Vec<_> =
        command.examples.iter().map(|(line, what)| serde_json::json!({ "line": line, "what": what })).collect();
    serde_json::json!({ "name": command.name, "about": command.about, "usage": command.usage(), "examples": examples })
}

/// Every command in a line.
fn overview() -> String {
    let mut text = String::new();
    for (group, title) in [(Group::Files, "Files"), (Group::Cluster, "Cluster"), (Group::Shell, "The shell itself")] {
        let _ = writeln!(text, "{title}");
        for command in COMMANDS.iter().filter(|command| command.group == group) {
            let _ = writeln!(text, "  {:<10}{}", command.name, command.about);
        }
    }
    text.push_str(
        "\nhelp COMMAND explains one. Words split as in sh; * ? [a-z] {a,b} ** match remote names where remote paths stand,\n\
         local ones where local paths stand; COMMAND | LOCAL-COMMAND, > FILE and >> FILE take any output; !COMMAND runs a\n\
         local one; $name and $1 stand for what set and the script's arguments say.\n",
    );
    text
}

/// A command with examples first.
pub fn help_of(command: &Command) -> String {
    let mut text = format!("{}: {}\n\nExamples:\n", command.name, command.about);
    let wide = command.examples.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
    for (line, what) in command.examples {
        let _ = writeln!(text, "  {line:<wide$}  # {what}");
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

    #[test]
    fn every_command_is_listed_and_explained() {
        let all = overview();
        for command in COMMANDS {
            assert!(all.contains(command.about), "{}", command.name);
            let text = help_of(command);
            assert!(text.contains(command.examples[0].0) && text.contains("Usage:"), "{text}");
        }
    }
}

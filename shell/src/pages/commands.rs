//! Generates `docs/commands.md`: every command, as `help` explains it.

use crate::command::{Command, Group};
use crate::commands::{COMMANDS, help_of};
use std::fmt::Write as _;

const HEAD: &str = "\
# Commands

Made from the table of commands by `just docs`; `help` shows the same at the prompt. What a line may hold besides is in
[shell.md](shell.md), what `--json` prints in [json.md](json.md).
";

pub(super) fn page() -> String {
    let mut text = HEAD.to_owned();
    for (group, title) in [(Group::Files, "Files"), (Group::Cluster, "Cluster"), (Group::Shell, "The shell itself")] {
        let of_group = || COMMANDS.iter().filter(move |command| command.group == group);
        let _ = write!(text, "\n## {title}\n\n| command | |\n|---|---|\n");
        for command in of_group() {
            let _ = writeln!(text, "| [`{0}`](#{0}) | {1} |", command.name, command.about);
        }
        of_group().for_each(|command| explain(&mut text, command));
    }
    text
}

fn explain(text: &mut String, command: &Command) {
    let _ = write!(text, "\n### {}\n\n```text\n{}```\n", command.name, help_of(command));
}

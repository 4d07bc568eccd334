//! Rewrites a line that would ask for confirmation as one that does not.

use crate::command::{Command, Kind};
use crate::commands::COMMANDS;
use crate::lang::{Action, Piece, Statement, Word};
use crate::session::alias::Aliases;

/// Returns the line from the asking statement on, with `--yes` for it; the statements before it
/// have run. Returns `None` if `--yes` would not help.
pub(super) fn with_yes(line: &str, statement: &Statement, aliases: &Aliases) -> Option<String> {
    let Action::Command { words, .. } = &statement.action else { return None };
    let start = words.first()?.start;
    // `--yes` is inserted right after the name: after the arguments it might be taken for one of
    // them.
    let end = words.iter().enumerate().find_map(|(index, word)| {
        let name = bare(word);
        let is_alias = index == 0 && name.is_some_and(|name| aliases.get(name).is_some());
        let command = name.and_then(|name| COMMANDS.named(name));
        match command {
            _ if is_alias => Some(Some(word.end)),
            Some(command) if takes_yes(command) => Some(Some(word.end)),
            // As in `time rm -r /a`.
            Some(command) if command.meaning.rest == Kind::Line => None,
            _ => Some(None),
        }
    })??;
    Some(format!("{} --yes{}", line.get(start..end)?, line.get(end..)?))
}

fn takes_yes(command: &Command) -> bool {
    command.definition().get_arguments().any(|argument| argument.get_long() == Some("yes"))
}

fn bare(word: &Word) -> Option<&str> {
    match word.pieces.as_slice() {
        [Piece::Bare(text)] => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::parse;

    #[test]
    fn yes_stands_behind_the_name() {
        let mut aliases = Aliases::default();
        aliases.set("gone", "rm -r").expect("it parses");
        for (line, asking, expected) in [
            ("rm -r /a", 0, Some("rm --yes -r /a")),
            ("rm -r -- -a", 0, Some("rm --yes -r -- -a")),
            ("  pwd; -rm -r '/a b' > out; ls", 1, Some("rm --yes -r '/a b' > out; ls")),
            ("time rm -r /a # all", 0, Some("time rm --yes -r /a # all")),
            ("gone /a", 0, Some("gone --yes /a")),
            ("node drain --wait datanode-2", 0, Some("node --yes drain --wait datanode-2")),
            ("source script", 0, None),
            ("$rm -r /a", 0, None),
        ] {
            let statements = parse(line).expect("it parses");
            assert_eq!(with_yes(line, &statements[asking], &aliases).as_deref(), expected, "{line}");
        }
    }
}

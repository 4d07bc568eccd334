//! Computes the grey text after the line: the rest of an earlier line, or the arguments that the
//! command expects next. Pure.

use super::candidates::Surroundings;
use super::target::{Place, Target, target};
use crate::command::Command;
use crate::command::roles::{Role, flag_of_value, roles};
use crate::commands::COMMANDS;
use crate::session::history::History;
use dfs_term::Glyphs;
use dfs_term::text::{is_treacherous, width};
use rustyline::hint::Hint;

/// Longer lines get no hint, because looking it up at every key would be noticeable.
pub(super) const LINE_BYTES_MAX: usize = 1000;
/// The minimum width of a hint in cells; a shorter one is not shown.
const CELLS_MIN: usize = 4;

/// A hint: the shown text, and the text that the right arrow inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grey {
    shown: String,
    taken: Option<String>,
}

impl Hint for Grey {
    fn display(&self) -> &str {
        &self.shown
    }

    fn completion(&self) -> Option<&str> {
        self.taken.as_deref()
    }
}

impl Grey {
    /// Returns a hint that the right arrow inserts.
    fn to_take(text: &str) -> Self {
        Self { shown: text.to_owned(), taken: Some(text.to_owned()) }
    }

    /// Returns a hint that is only shown.
    pub(super) fn to_read(text: impl Into<String>) -> Self {
        Self { shown: text.into(), taken: None }
    }

    /// Returns the hint in these glyphs; a hint that can be inserted is not changed.
    pub(super) fn in_glyphs(mut self, glyphs: Glyphs) -> Self {
        if self.taken.is_none() {
            self.shown = glyphs.text(&self.shown).into_owned();
        }
        self
    }

    /// Truncates the hint to the space after `used` cells in a line of `cells`, so that it never
    /// wraps.
    pub(super) fn fitted(mut self, used: usize, cells: usize, glyphs: Glyphs) -> Option<Self> {
        let room = cells.saturating_sub(used + 1);
        if used >= cells || room < CELLS_MIN.min(width(&self.shown)) {
            return None;
        }
        self.shown = glyphs.truncate(&self.shown, room).into_owned();
        Some(self)
    }
}

/// Returns the hint for a line with the cursor at its end.
pub(super) fn hint(line: &str, history: &History, surroundings: &Surroundings) -> Option<Grey> {
    if line.trim().is_empty() || line.len() > LINE_BYTES_MAX {
        return None;
    }
    let rest = history.newest_that_begins(line).and_then(|entry| entry.get(line.len()..).map(str::to_owned));
    if let Some(rest) = rest.filter(|rest| !rest.contains(is_treacherous)) {
        return Some(Grey::to_take(&rest));
    }
    let target = target(line)?;
    match &target.place {
        Place::Command if !target.typed.is_empty() => command(&target, surroundings),
        Place::Argument(words) if target.typed.is_empty() && line.ends_with(char::is_whitespace) => {
            let (command, words) = surroundings.command(words)?;
            usage(command, &words).map(Grey::to_read)
        }
        _ => None,
    }
}

/// Returns the rest of the first command or alias that begins with the typed text.
fn command(target: &Target, surroundings: &Surroundings) -> Option<Grey> {
    let typed = target.typed.as_str();
    let known = || COMMANDS.iter().map(|command| command.name).chain(surroundings.aliases.names());
    if known().any(|name| name == typed) {
        return None;
    }
    known().find_map(|name| name.strip_prefix(typed)).map(Grey::to_take)
}

/// Returns the names of the arguments that may follow `words`, or of the value that a flag expects.
fn usage(command: &Command, words: &[String]) -> Option<String> {
    let definition = command.definition();
    let with_cursor: Vec<&str> = words.iter().map(String::as_str).chain([""]).collect();
    match roles(&definition, &with_cursor).last()? {
        Role::Value => {
            let flag = flag_of_value(&definition, words.last()?)?;
            Some(flag.get_value_names()?.first()?.to_string())
        }
        Role::Argument(index) => {
            let from = (*index).min(several(&definition).unwrap_or(usize::MAX));
            let names: Vec<String> = definition.get_positionals().skip(from).map(argument).collect();
            (!names.is_empty()).then(|| names.join(" "))
        }
        Role::Flag => None,
    }
}

/// Returns the position of the argument that may be repeated.
fn several(definition: &clap::Command) -> Option<usize> {
    definition.get_positionals().position(is_many)
}

fn is_many(arg: &clap::Arg) -> bool {
    matches!(arg.get_action(), clap::ArgAction::Append) || arg.get_num_args().is_some_and(|many| many.max_values() > 1)
}

/// Formats an argument as `PATH`, `PATH…`, `[PATH]` or `LOCAL… REMOTE`.
fn argument(arg: &clap::Arg) -> String {
    let names: Vec<&str> = arg.get_value_names().unwrap_or_default().iter().map(|name| name.as_str()).collect();
    let text = match names.as_slice() {
        [several, one] => return format!("{several}… {one}"),
        [name] => (*name).to_owned(),
        _ => arg.get_id().as_str().to_uppercase(),
    };
    let text = if is_many(arg) { format!("{text}…") } else { text };
    if arg.is_required_set() { text } else { format!("[{text}]") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(line: &str) -> Option<String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let (name, words) = words.split_first().expect("a command");
        usage(COMMANDS.named(name).expect("there"), words)
    }

    #[test]
    fn what_a_command_wants_next() {
        for (line, expected) in [
            ("put", Some("LOCAL… REMOTE")),
            ("put a", Some("LOCAL… REMOTE")),
            ("put --rep", Some("N")),
            ("put -r", Some("LOCAL… REMOTE")),
            ("cd", Some("[PATH]")),
            ("cd /a", None),
            ("pwd", None),
            ("getrange a", Some("OFFSET LENGTH [LOCAL]")),
        ] {
            assert_eq!(wanted(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn a_hint_never_makes_the_line_wrap() {
        let grey =
            |used, cells| Grey::to_take("abcdefghij").fitted(used, cells, Glyphs::Unicode).map(|grey| grey.shown);
        assert_eq!(grey(10, 80).as_deref(), Some("abcdefghij"));
        assert_eq!(grey(10, 20).as_deref(), Some("abcdefgh…"));
        assert_eq!(grey(16, 20), None);
        assert_eq!(grey(25, 20), None);
        let cut = Grey::to_take("abcdefghij").fitted(10, 20, Glyphs::Unicode).expect("room");
        assert_eq!(cut.completion(), Some("abcdefghij"));
    }
}

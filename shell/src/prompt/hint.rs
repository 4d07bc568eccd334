//! What is shown in grey behind the line: the rest of a line that was typed before, or what the command wants next. Pure.

use super::candidates::Surroundings;
use super::target::{Place, Target, target};
use crate::command::Command;
use crate::command::roles::{Role, flag_of_value, roles};
use crate::commands::COMMANDS;
use crate::session::history::History;
use dfs_term::Glyphs;
use dfs_term::text::{is_treacherous, width};
use rustyline::hint::Hint;

/// Longer lines get no hint: nobody needs one, and looking it up must not be felt.
pub(super) const LINE_BYTES_MAX: usize = 1000;
/// A hint in fewer cells says nothing.
const CELLS_MIN: usize = 4;

/// A hint, as it is shown and as it is taken.
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
    /// Something to be put in with the right arrow.
    fn to_take(text: &str) -> Self {
        Self { shown: text.to_owned(), taken: Some(text.to_owned()) }
    }

    /// Something to be read only.
    pub(super) fn to_read(text: impl Into<String>) -> Self {
        Self { shown: text.into(), taken: None }
    }

    /// The hint in these glyphs; one that may be taken stays as it is.
    pub(super) fn in_glyphs(mut self, glyphs: Glyphs) -> Self {
        if self.taken.is_none() {
            self.shown = glyphs.text(&self.shown).into_owned();
        }
        self
    }

    /// As much of it as there is room for behind `used` cells of a line of `cells`: a hint never makes the line wrap.
    pub(super) fn fitted(mut self, used: usize, cells: usize, glyphs: Glyphs) -> Option<Self> {
        let room = cells.saturating_sub(used + 1);
        if used >= cells || room < CELLS_MIN.min(width(&self.shown)) {
            return None;
        }
        self.shown = glyphs.truncate(&self.shown, room).into_owned();
        Some(self)
    }
}

/// The hint for a line with the cursor at its end.
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

/// The rest of the first command or alias that begins so.
fn command(target: &Target, surroundings: &Surroundings) -> Option<Grey> {
    let typed = target.typed.as_str();
    let known = || COMMANDS.iter().map(|command| command.name).chain(surroundings.aliases.names());
    if known().any(|name| name == typed) {
        return None;
    }
    known().find_map(|name| name.strip_prefix(typed)).map(Grey::to_take)
}

/// What may follow `words`: the names of the arguments, or of the value that a flag wants.
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

/// The place of the argument that may be given many times.
fn several(definition: &clap::Command) -> Option<usize> {
    definition.get_positionals().position(is_many)
}

fn is_many(arg: &clap::Arg) -> bool {
    matches!(arg.get_action(), clap::ArgAction::Append) || arg.get_num_args().is_some_and(|many| many.max_values() > 1)
}

/// `PATH`, `PATH…`, `[PATH]`, `LOCAL… REMOTE`.
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

//! What the editor asks us: completions, hints, colours, and whether a line is whole. It is asked at every key, so nothing
//! here waits, but for completion, which does so for as long as nobody notices.

use super::candidates::{Surroundings, kinds};
use super::choices::Screen;
use super::hint::{Grey, hint};
use super::known::Known;
use super::paint::{Judge, paint};
use super::target::{Place, target};
use crate::command::Kind;
use crate::commands::COMMANDS;
use crate::lang::{Word, parse};
use crate::session::Session;
use crate::session::history::History;
use dfs_term::{Tone, View};
use dfs_types::DfsPath;
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Context, Helper};
use std::borrow::Cow;
use std::cell::RefCell;

/// Commands whose remote paths need not be there, all of them or the last of several.
const MAKES_ALL: &[&str] = &["mkdir", "touch", "append", "record-append"];
const MAKES_LAST: &[&str] = &["put", "mv", "cp"];

/// Helps the person who types. It knows of the session what it needs, as it was when the prompt came.
#[derive(Debug)]
pub(super) struct Assistant {
    surroundings: Surroundings,
    history: History,
    view: View,
    /// The cells of the prompt.
    prompt_cells: usize,
    /// What is to be said behind this line: what came of the last completion.
    note: RefCell<Option<(String, &'static str)>>,
}

impl Assistant {
    pub(super) fn new(session: &Session, known: Known) -> Self {
        let surroundings =
            Surroundings { directory: DfsPath::root(), variables: Vec::new(), aliases: session.aliases.clone(), known };
        let view = session.view(None);
        Self { surroundings, history: session.history.clone(), view, prompt_cells: 0, note: RefCell::default() }
    }

    /// Takes over what a command may have changed.
    pub(super) fn refresh(&mut self, session: &Session, prompt_cells: usize) {
        self.surroundings.refresh(session);
        self.prompt_cells = prompt_cells;
        self.note.take();
    }

    /// The directory that is being typed about will be asked for next.
    fn prefetch(&self, line: &str) {
        let Some(target) = target(line) else { return };
        let Place::Argument(words) = &target.place else { return };
        let Some((command, words)) = self.surroundings.command(words) else { return };
        let Ok(kinds) = kinds(command, &words) else { return };
        let is_remote =
            kinds.iter().any(|kind| matches!(kind, Kind::Remote | Kind::RemoteDirectory | Kind::RemoteOrNode));
        if let Some((directory, ..)) = self.surroundings.split(&target.typed)
            && is_remote
        {
            self.surroundings.known.prefetch(&directory, "");
        }
    }
}

/// The terminal as it is now.
pub(super) fn screen() -> Screen {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    let or = |cells: u16, usual: usize| if cells == 0 { usual } else { usize::from(cells) };
    size.map_or(Screen { cells: 80, lines: 24 }, |size| Screen {
        cells: or(size.ws_col, 80),
        lines: or(size.ws_row, 24),
    })
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let nothing = Ok((pos, Vec::new()));
        let Some(before) = line.get(..pos) else { return nothing };
        let Some(target) = target(before) else { return nothing };
        let raw = before.get(target.start..).unwrap_or_default();
        let (mut pairs, note) = self.surroundings.choices(&target).offer(&target, raw, screen());
        for pair in &mut pairs {
            pair.display = self.view.glyphs.text(&pair.display).into_owned();
        }
        if let (Some(note), [one]) = (note, pairs.as_slice()) {
            let start = before.get(..target.start).unwrap_or_default();
            self.note.replace(Some((format!("{start}{}", one.replacement), note)));
        }
        Ok((target.start, pairs))
    }
}

impl Hinter for Assistant {
    type Hint = Grey;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Grey> {
        if pos < line.len() {
            return None;
        }
        if line.ends_with([' ', '/']) && line.len() <= super::hint::LINE_BYTES_MAX {
            self.prefetch(line);
        }
        let note = self.note.borrow().as_ref().filter(|(about, _)| about == line).map(|(_, note)| *note);
        let grey = match note {
            Some(note) => Grey::to_read(format!(" ({note})")),
            None => hint(line, &self.history, &self.surroundings)?.in_glyphs(self.view.glyphs),
        };
        grey.fitted(self.prompt_cells + dfs_term::text::width(line), screen().cells, self.view.glyphs)
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        // An open quote goes on on the next line; everything else is told when the line is run.
        let open = parse(context.input()).is_err_and(|error| error.incomplete);
        Ok(if open { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        paint(line, &self.view, self)
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        self.view.paint(Tone::Dim, hint)
    }

    fn highlight_candidate<'c>(&self, candidate: &'c str, _: CompletionType) -> Cow<'c, str> {
        let tone = match candidate {
            directory if directory.ends_with('/') => Tone::Directory,
            other if other.starts_with("… and") || other.starts_with("... and") || other == "(stale)" => Tone::Dim,
            _ => Tone::Plain,
        };
        self.view.paint(tone, candidate)
    }

    fn highlight_char(&self, line: &str, _: usize, kind: CmdKind) -> bool {
        // A line without colours is not drawn again at every key: a long one that is pasted key by key would take for ever.
        kind != CmdKind::MoveCursor && line.len() <= super::paint::LINE_BYTES_MAX
    }
}

impl Judge for Assistant {
    fn is_command(&self, name: &str, complete: bool) -> Option<bool> {
        let aliases = &self.surroundings.aliases;
        if COMMANDS.named(name).is_some() || aliases.get(name).is_some() {
            return Some(true);
        }
        let mut names = COMMANDS.iter().map(|command| command.name).chain(aliases.names());
        // What is quoted or put together is known only when it runs.
        let is_plain = name.chars().all(|c| !matches!(c, '\'' | '"' | '\\' | '$'));
        (is_plain && (complete || !names.any(|known| known.starts_with(name)))).then_some(false)
    }

    fn is_missing(&self, before: &[&Word], word: &Word, complete: bool) -> bool {
        let before: Vec<String> = before.iter().map(|word| super::target::plain(word)).collect();
        let Some(path) = self.literal_path(word) else { return false };
        let Some((command, words)) = self.surroundings.command(&before) else { return false };
        let makes = MAKES_ALL.contains(&command.name) || MAKES_LAST.contains(&command.name) && !words.is_empty();
        let is_remote = matches!(kinds(command, &words).as_deref(), Ok([Kind::Remote | Kind::RemoteDirectory, ..]));
        is_remote && !makes && self.surroundings.known.has(&path, !complete) == Some(false)
    }
}

impl Assistant {
    /// The path that a word names, where it is neither a flag nor a pattern and holds no variable.
    fn literal_path(&self, word: &Word) -> Option<DfsPath> {
        use crate::lang::Piece;
        let text = super::target::plain(word);
        let is_literal = word.pieces.iter().all(|piece| match piece {
            Piece::Bare(text) => !text.contains(['*', '?', '[', '{']),
            Piece::Quoted(_) => true,
            Piece::Variable(_) => false,
        });
        (is_literal && !text.starts_with('-'))
            .then(|| DfsPath::resolve(&self.surroundings.directory, &text).ok())
            .flatten()
    }
}

impl Helper for Assistant {}

//! Provides completion, hints and colours to the editor. The editor calls it at every key, so
//! nothing here waits; only completion does, for a time too short to be noticed.

use super::candidates::{Surroundings, kinds};
use super::choices::{Offer, Screen};
use super::desk::{Left, Shared};
use super::hint::{Grey, hint};
use super::known::Known;
use super::menu::Menu;
use super::paint::{Judge, paint};
use super::target::{Place, target};
use crate::command::Kind;
use crate::commands::COMMANDS;
use crate::lang::Word;
use crate::session::Session;
use crate::session::history::History;
use dfs_term::{Tone, View};
use dfs_types::DfsPath;
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::line_buffer::LineBuffer;
use rustyline::validate::Validator;
use rustyline::{Changeset, Context, Helper};
use std::borrow::Cow;
use std::cell::RefCell;

/// Commands whose remote paths need not exist: all paths of these, or only the last path of those
/// below.
const MAKES_ALL: &[&str] = &["mkdir", "touch", "append", "record-append"];
const MAKES_LAST: &[&str] = &["put", "mv", "cp"];

/// Implements the helper of the editor, from the state of the session as of the last refresh.
#[derive(Debug)]
pub(super) struct Assistant {
    surroundings: Surroundings,
    history: History,
    view: View,
    /// The width of the prompt in cells.
    prompt_cells: usize,
    /// The text of the previous lines of this entry.
    before: String,
    desk: Shared,
    /// The result of the last completion, shown after this line.
    note: RefCell<Option<(String, &'static str)>>,
    /// The menu with colours, as last drawn.
    styled: RefCell<Option<String>>,
}

impl Assistant {
    pub(super) fn new(session: &Session, known: Known, desk: Shared) -> Self {
        let surroundings = Surroundings::new(known);
        let view = session.view(None);
        let (history, before, note) = (session.history.clone(), String::new(), RefCell::default());
        Self { surroundings, history, view, prompt_cells: 0, before, desk, note, styled: RefCell::default() }
    }

    /// Copies the parts of the session that a command may have changed.
    pub(super) fn refresh(&mut self, session: &Session) {
        self.surroundings.refresh(session);
    }

    /// Prepares for a line after a prompt of `prompt_cells` cells; `before` is the text of the
    /// previous lines.
    pub(super) fn begin(&mut self, before: &str, prompt_cells: usize) {
        self.before = before.to_owned();
        self.prompt_cells = prompt_cells;
        self.note.take();
        self.desk.lock().clear(!before.is_empty());
    }

    /// Returns the way the line was left, if not by Enter.
    pub(super) fn left(&self) -> Option<Left> {
        self.desk.lock().left
    }

    /// Draws the menu of the line as a hint.
    fn menu(&self, line: &str, pos: usize) -> Option<Grey> {
        let mut desk = self.desk.lock();
        let Some(menu) = desk.menu_at(line, pos) else {
            desk.menu = None;
            return None;
        };
        let Screen { cells, lines } = screen();
        let rows = |(at, line): (usize, &str)| {
            let before = if at == 0 { self.prompt_cells } else { 0 };
            (before + dfs_term::text::width(line)) / cells.max(1) + 1
        };
        let used: usize = line.split('\n').enumerate().map(rows).sum();
        let drawn = menu.draw(Screen { cells, lines: lines.saturating_sub(used + 1) }, &self.view);
        self.styled.replace(Some(drawn.styled));
        Some(Grey::to_read(drawn.plain))
    }

    /// Requests the listing of the directory in the typed path, because completion is likely to
    /// need it next.
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

/// Returns the size of the terminal.
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
        if let Some(put) = self.desk.lock().pending(line) {
            let pair = Pair { display: String::new(), replacement: put.text.clone() };
            return Ok((put.range.start.min(pos), vec![pair]));
        }
        let Some(typed) = line.get(..pos) else { return nothing };
        let whole = format!("{}{typed}", self.before);
        let Some(target) = target(&whole) else { return nothing };
        // A word that began on a previous line cannot be edited here.
        let Some(start) = target.start.checked_sub(self.before.len()) else { return nothing };
        let raw = typed.get(start..).unwrap_or_default();
        let replacement = match self.surroundings.choices(&target).offer(&target, raw) {
            Offer::Nothing => return nothing,
            Offer::Text(text, note) => {
                let note = note.map(|note| (format!("{}{text}", typed.get(..start).unwrap_or_default()), note));
                self.note.replace(note);
                text
            }
            Offer::Menu(content) => {
                self.desk.lock().menu = Some(Menu::new(content, line, start, pos));
                raw.to_owned()
            }
        };
        Ok((start, vec![Pair { display: String::new(), replacement }]))
    }

    fn update(&self, line: &mut LineBuffer, start: usize, elected: &str, changes: &mut Changeset) {
        match self.desk.lock().take_put() {
            Some(put) => line.replace(put.range, &put.text, changes),
            None => {
                let end = line.pos();
                if line.get(start..end) != Some(elected) {
                    line.replace(start..end, elected, changes);
                }
            }
        }
    }
}

impl Hinter for Assistant {
    type Hint = Grey;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Grey> {
        if let Some(menu) = self.menu(line, pos) {
            return Some(menu);
        }
        if pos < line.len() {
            return None;
        }
        let whole = format!("{}{line}", self.before);
        if line.ends_with([' ', '/']) && whole.len() <= super::hint::LINE_BYTES_MAX {
            self.prefetch(&whole);
        }
        let note = self.note.borrow().as_ref().filter(|(about, _)| about == line).map(|(_, note)| *note);
        let grey = match note {
            Some(note) => Grey::to_read(format!(" ({note})")),
            None => hint(&whole, &self.history, &self.surroundings)?.in_glyphs(self.view.glyphs),
        };
        grey.fitted(self.prompt_cells + dfs_term::text::width(line), screen().cells, self.view.glyphs)
    }
}

// Every line is accepted; the caller checks it for an open quote or a continuation mark after
// reading it.
impl Validator for Assistant {}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        paint(&self.before, line, &self.view, self)
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        match self.styled.borrow().as_ref() {
            Some(menu) if hint.starts_with('\n') => Cow::Owned(menu.clone()),
            _ => self.view.paint(Tone::Dim, hint),
        }
    }

    fn highlight_char(&self, line: &str, pos: usize, kind: CmdKind) -> bool {
        let mut desk = self.desk.lock();
        if desk.menu.is_some() && desk.menu_at(line, pos).is_none() {
            // The cursor has left the word, so the line is drawn without the menu.
            desk.menu = None;
            return true;
        }
        // A line too long for colours is not redrawn at every key: pasting a long text would be far
        // too slow.
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
        // The name of a quoted or composed word is known only at run time.
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
    /// Returns the path that a word names; none for a flag, a pattern, or a word with variables.
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

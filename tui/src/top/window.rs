//! The parts of the window around the view that both `update` and `draw` need: the keys that work
//! in every view, the help text, and the tabs, which can be clicked.

mod dialog;

use crate::top::model::Model;
use crate::top::page::Binding;
use crate::top::page_id::PageId;
use crate::top::shared::Shared;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use dfs_term::figures::plural;
use dfs_term::report::Tone;
use dfs_term::text::{width, wrap};
use ratatui::text::{Line, Span};
use std::ops::Range;

pub use dialog::Dialog;

/// The number of global keys in the foot line; a recording also shows the key that pauses it.
pub const EVERYWHERE_SHOWN: usize = 2;

/// Letters of a view's name if there is no room for all of them.
const TAB_LETTERS: usize = 4;
/// Cells of the border of help, and of its padding.
const HELP_MARGIN_CELLS: usize = 4;
/// Cells of the keys in help.
const KEY_CELLS: usize = 10;

/// The keys that do the same everywhere.
pub const EVERYWHERE: [Binding; 15] = [
    Binding::new("?", "help", "this help"),
    Binding::new(":", "do", "type a shell command, a view or an action; Tab completes, Enter runs it"),
    Binding::new("/", "filter", "show only lines with the text; !text without it; Esc clears it"),
    Binding::new("1-8", "view", "go to a view"),
    Binding::new("tab", "next", "the next view; shift-tab the previous one"),
    Binding::new("[", "back", "the view before this one; ] goes forward"),
    Binding::new("y", "copy", "copy the id of what is selected (OSC 52)"),
    Binding::new("p", "freeze", "freeze the display; again to resume"),
    Binding::new("+", "faster", "refresh more often; - less often"),
    Binding::new("t", "theme", "the next theme: dark, light, mono"),
    Binding::new("m", "mouse", "give the mouse to the terminal, to select text; again to take it back"),
    Binding::new("esc", "up", "one level up"),
    Binding::new("ctrl-z", "suspend", "back to the local shell; fg returns"),
    Binding::new("ctrl-l", "redraw", "redraw the window"),
    Binding::new("q", "quit", "quit; so does ctrl-c"),
];

/// The keys for a recording, in every view. [`Play::of_key`](crate::top::playback::Play::of_key)
/// implements them.
pub const OF_RECORDING: [Binding; 7] = [
    Binding::new("space", "stop", "stop the recording, or resume; so does p"),
    Binding::new(",", "10 s back", "ten seconds back; . ten seconds forward"),
    Binding::new("<", "1 min back", "a minute back; > a minute forward"),
    Binding::new("(", "begin", "to the beginning of the recording"),
    Binding::new(")", "end", "to its end"),
    Binding::new("+", "faster", "play twice as fast"),
    Binding::new("-", "slower", "play half as fast"),
];

/// Returns the keys that currently do something in every view. In a recording some have another
/// meaning.
pub fn everywhere(shared: &Shared) -> Vec<Binding> {
    let replay: &[Binding] = if shared.replay.is_some() { &OF_RECORDING } else { &[] };
    let is_taken = |binding: &Binding| {
        !replay.is_empty() && (binding.key == "p" || replay.iter().any(|other| other.key == binding.key))
    };
    let others = EVERYWHERE.into_iter().filter(|binding| !is_taken(binding));
    let (first, rest): (Vec<_>, Vec<_>) = others.enumerate().partition(|(at, _)| *at < EVERYWHERE_SHOWN);
    let of = |part: Vec<(usize, Binding)>| part.into_iter().map(|(_, binding)| binding);
    of(first).chain(replay.iter().cloned()).chain(of(rest)).collect()
}

/// Returns the help text in lines that fit the window.
pub fn help_lines(model: &Model) -> Vec<Line<'static>> {
    let theme = &model.shared.theme;
    let room = usize::from(model.shared.area.width).saturating_sub(2 + KEY_CELLS + HELP_MARGIN_CELLS);
    let lines_of = |binding: &Binding| {
        let text = wrap(binding.help, Some(room), 0);
        let line = |(at, text): (usize, &str)| {
            let key = format!("  {:<KEY_CELLS$}", if at == 0 { binding.key } else { "" });
            Line::from(vec![Span::styled(key, theme.tone(Tone::Command)), Span::raw(text.to_owned())])
        };
        text.lines().enumerate().map(line).collect::<Vec<_>>()
    };
    let mut lines = vec![Line::styled(format!("In {}", model.page.word()), theme.head())];
    lines.extend(model.current().bindings(&model.shared).iter().flat_map(lines_of));
    lines.push(Line::default());
    lines.push(Line::styled("Everywhere", theme.head()));
    lines.extend(everywhere(&model.shared).iter().flat_map(lines_of));
    lines
}

/// A part of the foot line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FootPart {
    /// Commands have failed and their output was not read.
    Failed(String),
    /// A key that does something here.
    Key(Binding),
}

impl FootPart {
    fn cells(&self) -> usize {
        match self {
            Self::Failed(text) => width(text),
            Self::Key(binding) => width(binding.key) + width(binding.name) + 3,
        }
    }
}

/// Returns the parts of the foot line that fit, each with its columns: the keys of the view, then
/// those that work everywhere, of which the last one quits.
pub fn foot_parts(model: &Model) -> Vec<(Range<usize>, FootPart)> {
    let shared = &model.shared;
    let failed = shared.commands.iter().filter(|command| command.ended_ms.is_some() && !command.read).count();
    let failed =
        (failed > 0).then(|| FootPart::Failed(format!("✗ {} failed ", plural(failed as u64, "command", "commands"))));
    let everywhere = everywhere(shared);
    let shown = EVERYWHERE_SHOWN + usize::from(shared.replay.is_some());
    let quit = everywhere.iter().skip(shown).filter(|binding| binding.key == "q");
    let last: Vec<FootPart> = everywhere.iter().take(shown).chain(quit).cloned().map(FootPart::Key).collect();
    let taken = failed.iter().chain(&last).map(FootPart::cells).sum();
    let mut room = usize::from(shared.area.width).saturating_sub(taken);
    let here = model.current().bindings(shared).into_iter().map(FootPart::Key);
    let here = here.take_while(|part| {
        let fits = part.cells() <= room;
        room = room.saturating_sub(part.cells());
        fits
    });
    let mut column = 0;
    let placed = failed.into_iter().chain(here.collect::<Vec<_>>()).chain(last).map(|part| {
        let columns = column..column + part.cells();
        column = columns.end;
        (columns, part)
    });
    placed.collect()
}

/// Returns the key that a binding names; `None` if it names several.
pub fn key_of(binding: &Binding) -> Option<KeyEvent> {
    let code = match binding.key {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "bksp" | "backspace" => KeyCode::Backspace,
        "del" => KeyCode::Delete,
        "space" => KeyCode::Char(' '),
        "end" => KeyCode::End,
        key => {
            let (modifiers, key) = match key.strip_prefix("ctrl-") {
                Some(rest) => (KeyModifiers::CONTROL, rest),
                None => (KeyModifiers::NONE, key),
            };
            let mut letters = key.chars();
            let (letter, None) = (letters.next()?, letters.next()) else { return None };
            return Some(KeyEvent::new(KeyCode::Char(letter), modifiers));
        }
    };
    Some(KeyEvent::from(code))
}

/// Returns the tabs: the views with their keys. Names are cut if there is no room for all of them.
pub fn tab_texts(model: &Model) -> Vec<(PageId, String)> {
    let full = |page: PageId| format!("{} {}", page.key(), page.word());
    let wide: usize = PageId::ALL.into_iter().map(|page| width(&full(page)) + 1).sum();
    let fits = wide <= usize::from(model.shared.area.width) + 1;
    let cut = |page: PageId| format!("{} {}", page.key(), page.word().get(..TAB_LETTERS).unwrap_or(page.word()));
    let shown = |page| if fits || page == model.page { full(page) } else { cut(page) };
    PageId::ALL.into_iter().map(|page| (page, shown(page))).collect()
}

/// Returns the view whose tab is drawn at this column.
pub fn tab_at(model: &Model, column: u16) -> Option<PageId> {
    let mut end = 0;
    tab_texts(model).into_iter().find_map(|(page, text)| {
        end += width(&text) + 1;
        (usize::from(column) < end).then_some(page)
    })
}

#[cfg(test)]
mod tests;

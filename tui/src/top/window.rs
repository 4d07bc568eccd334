//! The parts of the window around the view that both `update` and `draw` need: the keys that work
//! in every view, the text of help, and the tabs, which can be clicked.

use crate::top::model::Model;
use crate::top::page::Binding;
use crate::top::page_id::PageId;
use crate::top::shared::Shared;
use dfs_term::report::Tone;
use dfs_term::text::width;
use ratatui::text::{Line, Span};

/// Of the keys that do the same everywhere so many are in the foot line; in a recording how it is
/// stopped, too.
pub const EVERYWHERE_SHOWN: usize = 2;

/// Letters of a view's name where there is no room for all of them.
const TAB_LETTERS: usize = 4;
/// Cells of the keys in help.
const KEY_CELLS: usize = 10;

/// The keys that do the same everywhere.
pub const EVERYWHERE: [Binding; 15] = [
    Binding::new("?", "help", "this help"),
    Binding::new(":", "do", "type a shell command, a view or an action; Tab completes, Enter runs it"),
    Binding::new("/", "filter", "show only lines with the text; !text without it; Esc clears it"),
    Binding::new("1-9", "view", "go to a view"),
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

/// The keys for a recording, in every view. [`Play::of_key`](crate::top::playback::Play::of_key) is
/// what they do.
pub const OF_RECORDING: [Binding; 7] = [
    Binding::new("space", "stop", "stop the recording, or resume; so does p"),
    Binding::new(",", "10 s back", "ten seconds back; . ten seconds forward"),
    Binding::new("<", "1 min back", "a minute back; > a minute forward"),
    Binding::new("(", "begin", "to the beginning of the recording"),
    Binding::new(")", "end", "to its end"),
    Binding::new("+", "faster", "play twice as fast"),
    Binding::new("-", "slower", "play half as fast"),
];

/// Returns the keys that do something in every view now. In a recording some have another meaning.
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

/// Returns the text of help, a line each.
pub fn help_lines(model: &Model) -> Vec<Line<'static>> {
    let theme = &model.shared.theme;
    let line = |binding: &Binding| {
        let key = format!("  {:<KEY_CELLS$}", binding.key);
        Line::from(vec![Span::styled(key, theme.tone(Tone::Command)), Span::raw(binding.help)])
    };
    let mut lines = vec![Line::styled(format!("In {}", model.page.word()), theme.head())];
    lines.extend(model.current().bindings(&model.shared).iter().map(line));
    lines.push(Line::default());
    lines.push(Line::styled("Everywhere", theme.head()));
    lines.extend(everywhere(&model.shared).iter().map(line));
    lines
}

/// Returns the tabs: the views with their keys. Names are cut where there is no room for all of
/// them.
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

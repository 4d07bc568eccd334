//! The trait of the views, and what a view declares: its keys and its actions.

use crate::top::message::{Act, Message};
use crate::top::shared::Shared;
use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::Frame;
use ratatui::layout::Rect;

/// One view: its own state, how keys change it, how it looks.
pub trait Page: std::fmt::Debug {
    /// The keys that do something here and now; `?` and the foot line show them, so that help
    /// cannot drift.
    fn bindings(&self, shared: &Shared) -> Vec<Binding>;

    /// A key. Gives what is to be done; none for a key that means nothing here, which then does
    /// what it does everywhere.
    fn key(&mut self, key: KeyEvent, shared: &Shared) -> Option<Vec<Act>>;

    /// A click or a turn of the wheel within `area`, which is where the page is drawn.
    fn mouse(&mut self, event: MouseEvent, area: Rect, shared: &Shared) -> Vec<Act>;

    /// Something came in that may be for this page; the picture of the cluster is in `shared`
    /// already.
    fn hear(&mut self, message: &Message, shared: &Shared) -> Vec<Act> {
        let _ = (message, shared);
        Vec::new()
    }

    /// The user came to this page.
    fn enter(&mut self, shared: &Shared) -> Vec<Act> {
        let _ = shared;
        Vec::new()
    }

    /// The user went to another page.
    fn leave(&mut self) {}

    /// Draws it. Reads only.
    fn draw(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared);

    /// Returns the part of `area` that is as of now while the picture is old: it is not dimmed.
    fn fresh(&self, area: Rect, shared: &Shared) -> Rect {
        let _ = (area, shared);
        Rect::ZERO
    }

    /// What `/` filters by, if this page can be filtered.
    fn filter(&self) -> Option<&str> {
        None
    }

    fn set_filter(&mut self, filter: String, shared: &Shared) {
        let _ = (filter, shared);
    }

    /// The text that `y` copies: the id of what is selected.
    fn selected_text(&self, shared: &Shared) -> Option<String> {
        let _ = shared;
        None
    }

    /// Commands that make sense for what is selected, for the `:` palette.
    fn actions(&self, shared: &Shared) -> Vec<Action> {
        let _ = shared;
        Vec::new()
    }
}

/// A key and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// As it is shown: `enter`, `s`, `ctrl-z`.
    pub key: &'static str,
    /// In a word or two, for the foot line.
    pub name: &'static str,
    /// In a sentence without its stop, for help.
    pub help: &'static str,
}

impl Binding {
    pub const fn new(key: &'static str, name: &'static str, help: &'static str) -> Self {
        Self { key, name, help }
    }
}

/// Something that can be done with what is selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What it is called in the palette: `setrep 2 /data/a`.
    pub name: String,
    pub act: Act,
}

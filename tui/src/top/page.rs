//! The trait of the views, and what a view declares: its keys and its actions.

use crate::top::message::{Act, Message};
use crate::top::shared::Shared;
use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::Frame;
use ratatui::layout::Rect;

/// One view: its own state, its reaction to keys, its appearance.
pub trait Page: std::fmt::Debug {
    /// Returns the keys that do something in the current state. Both `?` and the foot line show
    /// them, so that help matches the behaviour.
    fn bindings(&self, shared: &Shared) -> Vec<Binding>;

    /// Handles a key and returns the resulting acts; `None` if the key has no meaning here, in
    /// which case its global meaning applies.
    fn key(&mut self, key: KeyEvent, shared: &Shared) -> Option<Vec<Act>>;

    /// Handles a click or a turn of the wheel within `area`, where the page is drawn.
    fn mouse(&mut self, event: MouseEvent, area: Rect, shared: &Shared) -> Vec<Act>;

    /// Handles a message that may concern this page; `shared` already contains the snapshot of the
    /// cluster.
    fn hear(&mut self, message: &Message, shared: &Shared) -> Vec<Act> {
        let _ = (message, shared);
        Vec::new()
    }

    /// Handles the user's arrival on this page.
    fn enter(&mut self, shared: &Shared) -> Vec<Act> {
        let _ = shared;
        Vec::new()
    }

    /// Handles the user's departure to another page.
    fn leave(&mut self) {}

    /// Draws the page without changing it.
    fn draw(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared);

    /// Returns the part of `area` that is current even if the snapshot is old: it is not dimmed.
    fn fresh(&self, area: Rect, shared: &Shared) -> Rect {
        let _ = (area, shared);
        Rect::ZERO
    }

    /// Returns the filter set with `/`; `None` if this page cannot be filtered.
    fn filter(&self) -> Option<&str> {
        None
    }

    fn set_filter(&mut self, filter: String, shared: &Shared) {
        let _ = (filter, shared);
    }

    /// Returns the text that `y` copies: the id of the selected item.
    fn selected_text(&self, shared: &Shared) -> Option<String> {
        let _ = shared;
        None
    }

    /// Returns the commands for the selected item, for the `:` palette.
    fn actions(&self, shared: &Shared) -> Vec<Action> {
        let _ = shared;
        Vec::new()
    }
}

/// A key and its effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The key as displayed: `enter`, `s`, `ctrl-z`.
    pub key: &'static str,
    /// A word or two for the foot line.
    pub name: &'static str,
    /// A sentence without full stop, for help.
    pub help: &'static str,
}

impl Binding {
    pub const fn new(key: &'static str, name: &'static str, help: &'static str) -> Self {
        Self { key, name, help }
    }
}

/// An action on the selected item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The name in the palette: `setrep 2 /data/a`.
    pub name: String,
    pub act: Act,
}

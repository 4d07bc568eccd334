//! What a view of the dashboard must be able to do.

use crate::top::message::Effect;
use crate::top::model::{PageId, Shared};
use crate::top::typed::Typed;
use crossterm::event::{KeyEvent, MouseEvent};
use dfs_term::quote::quote_words;
use dfs_types::path::PathError;
use dfs_types::{DatanodeId, DfsPath};
use ratatui::Frame;
use ratatui::layout::Rect;

/// One view: its own state, how keys change it, how it looks.
pub trait Page: std::fmt::Debug {
    /// The keys that do something here and now; `?` and the foot line show them, so that help cannot drift.
    fn bindings(&self, shared: &Shared) -> Vec<Binding>;

    /// A key. Gives what is to be done; none for a key that means nothing here, which then does what it does everywhere.
    fn key(&mut self, key: KeyEvent, shared: &Shared) -> Option<Vec<Act>>;

    /// A click or a turn of the wheel within `area`, which is where the page is drawn.
    fn mouse(&mut self, event: MouseEvent, area: Rect, shared: &Shared) -> Vec<Act>;

    /// Something came in that may be for this page; the picture of the cluster is in `shared` already.
    fn hear(&mut self, message: &crate::top::Message, shared: &Shared) -> Vec<Act> {
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

/// What a page wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Go to a page.
    Go(PageId),
    /// Show all about a datanode.
    Node(DatanodeId),
    /// Keep what is set for the next start.
    Keep,
    /// Run a line of the shell, which refuses what changes anything when read-only.
    Run(String),
    /// Ask, and run the line only when the answer is yes.
    Ask(Question),
    /// Let the user finish a line, which begins so.
    Type(String),
    /// Let the user give a name, and run the line that is made of it.
    Name(Naming),
    /// Somebody has looked at what the command of this number said.
    Read(u64),
    /// Say something in the foot line.
    Say(String),
    Effect(Effect),
}

/// A name that is asked for: of a new directory, or another one for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// What it is for: `new directory in /data`.
    pub what: String,
    /// The words of the line before it: `mv`, `/data/a`.
    pub words: Vec<String>,
    /// The directory that a name without a `/` in front is in.
    pub directory: DfsPath,
    pub name: Typed,
}

impl Naming {
    /// The line; the name is one word of it, whatever is in it.
    ///
    /// # Errors
    /// When it is no name.
    pub fn line(&self) -> Result<String, PathError> {
        let path = DfsPath::resolve(&self.directory, &self.name.text())?;
        Ok(quote_words(self.words.iter().map(String::as_str).chain([path.as_str()])))
    }
}

/// A question before something that can hurt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What will happen: `delete /data: 18,381 files, 266 MiB`.
    pub what: String,
    /// The line that does it.
    pub line: String,
}

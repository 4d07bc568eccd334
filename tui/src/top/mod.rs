//! The dashboard, `dfs-top`: a model, a pure [`update`](update::update) of it, a pure
//! [`draw`](draw::draw) of it, and a loop around them that does the I/O.
//!
//! Its modules are layers; imports go downwards only, which the test in `layers.rs` checks. From
//! the top:
//!
//! * [`run`]: the terminal, the feed of snapshots, the clock.
//! * [`replay`]: a recording as the same messages; [`once`]: a frame as text.
//! * [`update`] and [`draw`]: the change of the model by a message, and the whole frame.
//! * [`window`]: the parts of the window around the view that both need.
//! * [`model`]: the whole state: the shared state, the views, the overlays.
//! * [`pages`]: the views, which know neither each other nor the model.
//! * [`widgets`]: helpers that several views draw with.
//! * [`page`]: the trait of the views, and the keys and actions that a view declares.
//! * [`shared`]: the state that all views read; [`world`]: what the dashboard needs of the shell.
//! * [`message`]: the values that pass between them: [`Message`], [`Act`], [`Effect`].
//! * [`observation`]: a cluster at one moment; [`playback`]: the pace and position of a recording.
//! * [`chart`], [`history`], [`list`], [`page_id`], [`theme`], [`typed`]: leaves.
//!
//! Data comes in as messages and effects go out as values, so that everything except [`run`] can be
//! tested without a terminal.

pub mod chart;
pub mod draw;
pub mod history;
pub mod list;
pub mod message;
pub mod model;
pub mod observation;
pub mod once;
pub mod page;
pub mod page_id;
pub mod pages;
pub mod playback;
pub mod replay;
pub mod run;
pub mod shared;
pub mod theme;
pub mod typed;
pub mod update;
pub mod widgets;
pub mod window;
pub mod world;

#[cfg(test)]
pub mod fixtures;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod layers;

pub use message::{Act, Effect, Message};
pub use model::{Model, Options};
pub use page::{Binding, Page};
pub use page_id::PageId;
pub use playback::Playback;
pub use replay::Replay;
pub use shared::Shared;
pub use theme::{Depth, Theme, ThemeName};

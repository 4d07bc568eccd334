//! The dashboard, `dfs-top`: a model, a pure [`update`](update::update) of it, a pure [`draw`](draw::draw) of it, and a loop
//! around them that does the I/O.
//!
//! * [`model`]: all that the dashboard knows: the picture of the cluster, its history, what is selected.
//! * [`message`]: what comes in ([`Message`]), and what goes out ([`Effect`]).
//! * [`typed`]: a line that is being typed.
//! * [`page`]: what a view must be able to do; [`pages`] holds one file for each.
//! * [`replay`]: a recording as the same messages.
//! * [`run`]: the terminal, the feed of pictures, the clock.
//!
//! Data comes in as messages and effects go out as values, so that all of it but [`run`] can be tested without a terminal.

pub mod chart;
pub mod draw;
pub mod history;
pub mod list;
pub mod message;
pub mod model;
pub mod once;
pub mod page;
pub mod pages;
pub mod replay;
pub mod run;
pub mod theme;
pub mod typed;
pub mod update;
pub mod world;

#[cfg(test)]
mod frames;

pub use message::{Effect, Message};
pub use model::{Model, Options, PageId, Shared};
pub use page::{Act, Binding, Page};
pub use replay::{Playback, Replay};
pub use theme::{Depth, Theme, ThemeName};

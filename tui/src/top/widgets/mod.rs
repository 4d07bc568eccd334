//! Helpers that several views draw with and act with. Nothing here knows a view.

mod area;
mod command;
pub mod drain;
mod event;

pub use area::{page_area, text};
pub use command::{cancel, progress};
pub use event::{event_line, event_text};

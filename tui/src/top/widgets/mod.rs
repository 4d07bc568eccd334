//! Helpers that several views draw with and act with. Nothing here knows a view.

mod area;
pub mod columns;
mod command;
pub mod drain;
mod event;
mod finding;
mod jobs;
mod replicas;

pub use area::{page_area, pieces, text};
pub use command::{cancel, progress};
pub use event::{event_line, event_text};
pub use finding::{Detail, FindingList};
pub use jobs::JobsFeed;
pub use replicas::replicas_in_words;

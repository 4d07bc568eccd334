//! Helpers with which several views draw and act. No module here imports a view.

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

//! The loop around the dashboard: keys and snapshots in, frames and effects out.

#![expect(clippy::disallowed_methods, reason = "the loop around the pure dashboard has clock, files and terminal")]

mod clock;
mod count;
mod effects;
mod event_loop;
mod feed;
mod player;
mod preferences;
mod print;
mod recorder;
mod screen;
mod source;
mod start;

pub use event_loop::{Left, run};
pub use preferences::read_preferences;
pub use print::{Print, Printed, print};
pub use screen::depth;
pub use source::Source;
pub use start::Start;

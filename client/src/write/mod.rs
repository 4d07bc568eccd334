//! Writing files: plan, stream, commit.
//!
//! One thread per put reads the source and sends chunk after chunk; chunks are acknowledged while
//! the next ones are sent. A chunk whose pipeline fails is planned again and sent again from the
//! source. The commit creates the whole file. A task next to the thread watches the pipelines for
//! progress.

mod allocator;
mod connection;
mod ending;
mod put;
mod source;
mod split;
mod stall;
mod writer;

pub use ending::settle;
pub use put::PutOptions;
pub(crate) use put::put;
pub use source::Source;

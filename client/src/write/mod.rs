//! Writing files: plan, stream, commit.
//!
//! One thread per put reads the source and sends chunk after chunk; a chunk is acknowledged while the next ones are
//! sent. A chunk whose chain fails is planned anew and sent again from the source. The file appears, whole, with the
//! commit. Beside the thread somebody watches that its chains make progress.

mod ending;
mod line;
mod places;
mod put;
mod source;
mod split;
mod watch;
mod writer;

pub use ending::settle;
pub use put::PutOptions;
pub(crate) use put::put;
pub use source::Source;

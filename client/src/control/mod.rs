//! Communication with the masters: one connection for all calls, retries until the deadline.

mod backoff;
mod masters;
mod outlook;

pub(crate) use backoff::{pause, pauses};
pub(crate) use masters::{Masters, Patience};
pub use outlook::{Outlook, Waited};

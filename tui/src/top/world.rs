//! Defines what the dashboard needs of its caller: the commands of the shell.

use crate::top::message::{Effect, Message};
use tokio::sync::mpsc::Sender;

/// The maximum number of messages that wait for the dashboard; a sender with more waits, or drops
/// news that newer news replaces.
pub const MESSAGES_WAITING_MAX: usize = 256;

/// The interface of the shell that the dashboard uses.
pub trait World: Send + Sync {
    /// Performs what only the shell can do: [`Effect::Run`], [`Effect::Cancel`], [`Effect::Look`],
    /// [`Effect::Complete`], [`Effect::ReadLog`], [`Effect::Daemons`]. Returns at once; the results
    /// are sent to `news`.
    fn perform(&self, effect: Effect, news: &Sender<Message>);
}

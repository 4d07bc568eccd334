//! What the dashboard needs of whoever starts it: the shell's own commands.

use crate::top::message::{Effect, Message};
use tokio::sync::mpsc::Sender;

/// Messages that wait for the dashboard; who has more news waits, or leaves out what newer news replaces.
pub const MESSAGES_WAITING_MAX: usize = 256;

/// The shell, as the dashboard knows it.
pub trait World: Send + Sync {
    /// Does what only the shell can do: [`Effect::Run`], [`Effect::Cancel`], [`Effect::Look`], [`Effect::Complete`],
    /// [`Effect::ReadLog`], [`Effect::Daemons`]. Returns at once; what comes of it is sent to `news`.
    fn perform(&self, effect: Effect, news: &Sender<Message>);
}

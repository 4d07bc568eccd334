//! Knowledge about masters that a caller of the library has from elsewhere.

use crate::clock;
use dfs_types::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The interval between two checks of a waiting call.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A call that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waited {
    /// The time since the call began; [`Duration::MAX`]: it has given up.
    pub span: Duration,
    /// A connection to a master is open.
    pub connected: bool,
}

type Look = dyn Fn(Waited) -> Option<Error> + Send + Sync;

/// Decides whether a call that no master answers is worth waiting for. On the machine of the
/// masters, their processes tell.
#[derive(Clone)]
pub struct Outlook(Arc<Look>);

impl Outlook {
    /// Makes an outlook. `look` returns the error with which a call ends, or none if waiting may
    /// help. It is called on the runtime and must not block for long.
    pub fn new(look: impl Fn(Waited) -> Option<Error> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }

    /// Returns the error with which a call ends that has waited this long.
    pub(crate) fn look(&self, waited: Waited) -> Option<Error> {
        (self.0)(waited)
    }

    /// Returns as soon as waiting is of no use. `connected` says whether a connection is open.
    pub(crate) async fn hopeless(&self, connected: impl Fn() -> bool) -> Error {
        let begun = clock::now();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Some(error) = self.look(Waited { span: clock::since(begun), connected: connected() }) {
                return error;
            }
        }
    }
}

impl fmt::Debug for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outlook")
    }
}

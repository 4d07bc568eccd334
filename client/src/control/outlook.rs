//! Knowledge about masters that a caller of the library has from elsewhere.

use crate::clock;
use dfs_types::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A waiting call looks this often.
const LOOK_EVERY: Duration = Duration::from_millis(250);

type Look = dyn Fn(Duration) -> Option<Error> + Send + Sync;

/// Decides whether a call that no master answers is worth waiting for. On the machine of the
/// masters, their processes tell.
#[derive(Clone)]
pub struct Outlook(Arc<Look>);

impl Outlook {
    /// Makes an outlook. `look` gets the time for which the call has waited ([`Duration::MAX`]: it
    /// has given up), and returns the error with which the call ends, or none if waiting may help.
    /// It is called on the runtime and must not block for long.
    pub fn new(look: impl Fn(Duration) -> Option<Error> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }

    /// Returns the error with which a call ends that has waited so long.
    pub(crate) fn look(&self, waited: Duration) -> Option<Error> {
        (self.0)(waited)
    }

    /// Returns as soon as waiting is of no use.
    pub(crate) async fn hopeless(&self) -> Error {
        let begun = clock::now();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Some(error) = self.look(clock::since(begun)) {
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

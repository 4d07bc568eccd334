//! The calls of one user on one connection, made with the rights of the user in the certificate.

use crate::clock;
use crate::master::state::Master;
use std::sync::Arc;
use std::time::Duration;
use tarpc::context::Context;
use tokio::time::Instant;

/// The time that a plan waits for expected datanodes before the client is asked to try again.
const DATANODES_WAIT: Duration = Duration::from_secs(5);

/// Returns the time until which a call may wait for datanodes: [`DATANODES_WAIT`] from now, but at
/// most half of the time that the call has left, so that the caller still receives the answer.
pub(super) fn wait_until(context: &Context) -> Instant {
    let now = clock::now();
    let left = context.deadline.saturating_duration_since(now);
    Instant::from_std(now + DATANODES_WAIT.min(left / 2))
}

/// The services of one user: [`files`](super::files), [`cluster`](super::cluster) and
/// [`admin`](super::admin).
#[derive(Debug, Clone)]
pub struct UserCalls {
    pub master: Arc<Master>,
    pub user: Arc<str>,
}

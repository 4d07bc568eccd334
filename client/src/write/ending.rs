//! The lifecycle of a write at the masters: its id, its renewal, and the notification if it is
//! abandoned.

use crate::client::Client;
use dfs_rpc::request::next_write;
use dfs_rpc::wire::WritePlan;
use dfs_types::{Detail, Error, WriteId};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// The longest time for notifying the masters of an abandoned write; a user who pressed Ctrl-C
/// waits for it.
pub(super) const ABANDON_LIMIT: Duration = Duration::from_secs(2);
/// The shortest interval between renewals, whatever the master requests.
const RENEW_EVERY_MIN: Duration = Duration::from_millis(50);

/// The pending notifications of all clients in the process.
static ENDINGS: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Waits until the masters are notified of all abandoned writes of this process, at most two
/// seconds. A program must call this before it shuts down its runtime: a dropped put sends its
/// notification in the background.
pub async fn settle() {
    ENDINGS.close();
    // The write timeout of the masters handles the rest.
    let _ = tokio::time::timeout(ABANDON_LIMIT, ENDINGS.wait()).await;
}

/// A write in progress, shared by its thread and its tasks.
#[derive(Debug)]
pub(super) struct Flight {
    pub id: WriteId,
    /// A plan was requested, so the masters may know the write.
    asked: AtomicBool,
    /// The renewal interval of the master in milliseconds; zero before the first plan.
    renew_ms: AtomicU64,
    planned: Notify,
}

impl Flight {
    pub(super) fn new() -> Arc<Self> {
        let (asked, renew_ms, planned) = Default::default();
        Arc::new(Self { id: next_write(), asked, renew_ms, planned })
    }

    /// Records that a plan is requested.
    pub(super) fn asks(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Records the answer to a plan.
    pub(super) fn planned(&self, plan: &WritePlan) {
        self.renew_ms.store(plan.renew_ms.max(1), Ordering::Relaxed);
        self.planned.notify_one();
    }

    /// Returns true if there was a plan.
    pub(super) fn has_begun(&self) -> bool {
        self.renew_ms.load(Ordering::Relaxed) > 0
    }

    /// Renews the write as long as the masters know it. Returns the error of a write that has
    /// expired or was abandoned.
    pub(super) async fn renew(&self, client: &Client) -> Error {
        self.planned.notified().await;
        loop {
            let every = Duration::from_millis(self.renew_ms.load(Ordering::Relaxed));
            tokio::time::sleep(every.max(RENEW_EVERY_MIN)).await;
            let id = self.id;
            let renewed = client.call(|master, context| async move { master.files.renew_write(context, id).await });
            match renewed.await {
                Ok(()) => {}
                Err(error) if error.detail.as_deref() == Some(&Detail::WriteGivenUp) => return error,
                // Another master may lead now; the next plan informs it about the write. The put
                // itself encounters other errors.
                Err(error) => tracing::debug!(write = %self.id, %error, "the write was not renewed"),
            }
        }
    }
}

/// Notifies the masters that a write is abandoned, unless it was committed; also if the put is
/// dropped.
#[derive(Debug)]
pub(super) struct Ending {
    client: Client,
    flight: Arc<Flight>,
    runtime: Handle,
    committed: bool,
}

impl Ending {
    pub(super) fn new(client: &Client, flight: &Arc<Flight>) -> Self {
        let client = client.clone().with_timeout(ABANDON_LIMIT).fail_fast();
        Self { client, flight: flight.clone(), runtime: Handle::current(), committed: false }
    }

    /// Marks the write as committed.
    pub(super) fn committed(mut self) {
        self.committed = true;
    }

    /// Waits until the masters are notified, or [`ABANDON_LIMIT`] has passed.
    pub(super) async fn abandoned(mut self) {
        if let Some(told) = self.tell() {
            let _ = told.await;
        }
    }

    /// Starts the notification, once.
    fn tell(&mut self) -> Option<JoinHandle<()>> {
        let nothing = std::mem::replace(&mut self.committed, true) || !self.flight.asked.load(Ordering::Relaxed);
        if nothing {
            return None;
        }
        let (client, id) = (self.client.clone(), self.flight.id);
        let telling = async move {
            let call = client.call(|master, context| async move { master.files.abandon_write(context, id).await });
            match tokio::time::timeout(ABANDON_LIMIT, call).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(write = %id, %error, "the write was not abandoned"),
                Err(_) => tracing::debug!(write = %id, "the write was not abandoned in time"),
            }
        };
        Some(ENDINGS.spawn_on(telling, &self.runtime))
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.tell();
    }
}

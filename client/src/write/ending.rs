//! A write as the masters know it: its id, that it goes on, and its end when it comes to nothing.

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

/// Telling the masters that a write comes to nothing takes this long at the most: whoever pressed Ctrl-C waits for it.
pub(super) const ABANDON_LIMIT: Duration = Duration::from_secs(2);
/// A write is renewed this often at the most, whatever the master asks for.
const RENEW_EVERY_MIN: Duration = Duration::from_millis(50);

/// The calls by which writes are ended, of all clients of the process.
static ENDINGS: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Waits until the masters were told of all writes of this process that came to nothing, [`ABANDON_LIMIT`] at the most. A
/// program that ends its runtime calls this first: a put that was dropped tells them in the background.
pub async fn settle() {
    ENDINGS.close();
    // What takes longer is left to the masters' write timeout.
    let _ = tokio::time::timeout(ABANDON_LIMIT, ENDINGS.wait()).await;
}

/// A write that is under way, shared by its thread and its tasks.
#[derive(Debug)]
pub(super) struct Flight {
    pub id: WriteId,
    /// A plan was asked for, so the masters may know the write.
    asked: AtomicBool,
    /// How often to renew, in milliseconds, by the word of the master; zero before its first plan.
    renew_ms: AtomicU64,
    planned: Notify,
}

impl Flight {
    pub(super) fn new() -> Arc<Self> {
        let (asked, renew_ms, planned) = Default::default();
        Arc::new(Self { id: next_write(), asked, renew_ms, planned })
    }

    /// Notes that a plan is asked for.
    pub(super) fn asks(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Notes the answer to a plan.
    pub(super) fn planned(&self, plan: &WritePlan) {
        self.renew_ms.store(plan.renew_ms.max(1), Ordering::Relaxed);
        self.planned.notify_one();
    }

    /// There was a plan.
    pub(super) fn has_begun(&self) -> bool {
        self.renew_ms.load(Ordering::Relaxed) > 0
    }

    /// Renews the write for as long as it is known to the masters. Ends with the error of a write that was given up.
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
                // Another master may lead now; the next plan tells it. What is wrong otherwise the put itself will meet.
                Err(error) => tracing::debug!(write = %self.id, %error, "the write was not renewed"),
            }
        }
    }
}

/// Tells the masters that a write comes to nothing, unless it was committed: also where the put is dropped.
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

    /// The write has ended well.
    pub(super) fn committed(mut self) {
        self.committed = true;
    }

    /// Waits until the masters were told, or [`ABANDON_LIMIT`] has passed.
    pub(super) async fn abandoned(mut self) {
        if let Some(told) = self.tell() {
            let _ = told.await;
        }
    }

    /// Begins to tell them, once.
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

//! A reader in the background: it reads files throughout a run, and none of its bytes may be wrong.

use super::rig::Kept;
use crate::content;
use dfs_client::Client;
use dfs_types::DfsPath;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// The pause between two reads, so that the reader does not slow down the cluster.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug, Default)]
struct Seen {
    right: AtomicU64,
    failed: AtomicU64,
    wrong: Mutex<Option<String>>,
}

/// The reader; dropping it ends it.
#[derive(Debug)]
pub struct Reader {
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

impl Reader {
    /// Starts reading `files`, in the order of `random`, until dropped.
    pub fn start(on: &Handle, client: Client, files: Vec<(String, Kept)>, mut random: fastrand::Rng) -> Self {
        let seen = Arc::new(Seen::default());
        let noted = seen.clone();
        let task = on.spawn(async move {
            loop {
                let Some((path, kept)) = random.choice(&files) else { return };
                match read(&client, path, *kept).await {
                    Ok(()) => noted.right.fetch_add(1, Ordering::Relaxed),
                    Err(ReadError::Failed(_)) => noted.failed.fetch_add(1, Ordering::Relaxed),
                    Err(ReadError::Wrong(what)) => {
                        *noted.wrong.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
                        return;
                    }
                };
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { seen, task }
    }

    /// Returns the first wrong bytes that were read.
    pub fn wrong(&self) -> Option<String> {
        self.seen.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the numbers of correct and of failed reads.
    pub fn counts(&self) -> (u64, u64) {
        (self.seen.right.load(Ordering::Relaxed), self.seen.failed.load(Ordering::Relaxed))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The reason why a read was not successful.
#[derive(Debug)]
pub enum ReadError {
    /// The read failed, which is allowed for a while.
    Failed(dfs_types::Error),
    /// The read returned bytes that were never written, which is never allowed.
    Wrong(String),
}

/// Reads a whole file and compares it.
///
/// # Errors
/// See [`ReadError`].
pub async fn read(client: &Client, path: &str, kept: Kept) -> Result<(), ReadError> {
    let at = DfsPath::parse(path).expect("a valid path");
    let bytes = client.read_range(&at, 0, kept.length.max(1)).await.map_err(ReadError::Failed)?;
    let right = content::bytes(kept.seed, kept.length as usize);
    if bytes == right {
        return Ok(());
    }
    let first = bytes.iter().zip(&right).position(|(one, other)| one != other).unwrap_or(bytes.len().min(right.len()));
    Err(ReadError::Wrong(format!("{path}: {} bytes of {}, wrong from byte {first} on", bytes.len(), right.len())))
}

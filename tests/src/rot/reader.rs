//! A reader in the background: it reads files at every moment of a run, and none of its bytes may be wrong.

use super::rig::Kept;
use crate::content;
use dfs_client::Client;
use dfs_types::DfsPath;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Between two reads, so that the reader leaves room for what it watches.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug, Default)]
struct Seen {
    right: AtomicU64,
    failed: AtomicU64,
    wrong: Mutex<Option<String>>,
}

/// The reader; it ends when it is dropped.
#[derive(Debug)]
pub struct Reader {
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

impl Reader {
    /// Begins to read `files`, in the order of `random`, until dropped.
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

    /// Wrong bytes that were read.
    pub fn wrong(&self) -> Option<String> {
        self.seen.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads that gave the right bytes, and those that failed.
    pub fn counts(&self) -> (u64, u64) {
        (self.seen.right.load(Ordering::Relaxed), self.seen.failed.load(Ordering::Relaxed))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why a read was not right.
#[derive(Debug)]
pub enum ReadError {
    /// It failed, as it may for a while.
    Failed(dfs_types::Error),
    /// It gave bytes that were never written, as it never may.
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

//! Writers that change files and directories and record it in the oracle, and the check of the
//! result.

use crate::content;
use crate::oracle::{Oracle, State};
use dfs_client::{CancellationToken, Client, Progress, PutOptions, Source};
use dfs_types::{DfsPath, ErrorCode, Kind};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The workload of the writers.
#[derive(Debug, Clone)]
pub struct Load {
    pub writers: u64,
    /// The number of file names, and of directory names, that each writer uses in its own
    /// directory.
    pub paths: u64,
    /// The size of most files in bytes.
    pub small: Range<u64>,
    /// The size of one file in eight in bytes: several chunks.
    pub large: Range<u64>,
}

/// The oracle, shared by the writers.
pub type Shared = Arc<Mutex<Oracle>>;

pub fn lock(oracle: &Mutex<Oracle>) -> MutexGuard<'_, Oracle> {
    oracle.lock().unwrap_or_else(PoisonError::into_inner)
}

fn path(text: &str) -> DfsPath {
    DfsPath::parse(text).expect("valid path")
}

/// Returns the directory of a writer. It is created before the load begins.
pub fn directory(writer: u64) -> String {
    format!("/w{writer}")
}

impl Load {
    /// Does one operation of a writer on its own directory. Returns true if it was acknowledged.
    pub async fn operate(
        &self,
        client: &Client,
        oracle: &Mutex<Oracle>,
        writer: u64,
        random: &mut fastrand::Rng,
    ) -> bool {
        let name = |random: &mut fastrand::Rng| format!("{}/f{}", directory(writer), random.u64(..self.paths));
        let at = name(random);
        match random.u32(..12) {
            0 => delete(client, oracle, &at).await,
            1 | 2 => rename(client, oracle, &at, &name(random)).await,
            3 => {
                make_or_delete_directory(
                    client,
                    oracle,
                    &format!("{}/d{}", directory(writer), random.u64(..self.paths)),
                )
                .await
            }
            _ => {
                let large = random.u32(..8) == 0;
                let length = random.u64(if large { self.large.clone() } else { self.small.clone() });
                put(client, oracle, &at, random.u64(..), length).await
            }
        }
    }
}

async fn put(client: &Client, oracle: &Mutex<Oracle>, at: &str, seed: u64, length: u64) -> bool {
    let state = State::File { seed, length };
    lock(oracle).begin(at, state);
    let source = Source::Bytes(content::bytes(seed, length as usize).into());
    let options = PutOptions { overwrite: true, ..PutOptions::default() };
    let done = client.put(source, &path(at), options, &Progress::new(), &CancellationToken::new()).await.is_ok();
    if done {
        lock(oracle).acknowledge(at, state);
    }
    done
}

async fn delete(client: &Client, oracle: &Mutex<Oracle>, at: &str) -> bool {
    lock(oracle).begin(at, State::Absent);
    let done = client.delete(&path(at), false).await;
    let done = done.is_ok() || done.is_err_and(|error| error.code == ErrorCode::NotFound);
    if done {
        lock(oracle).acknowledge(at, State::Absent);
    }
    done
}

async fn rename(client: &Client, oracle: &Mutex<Oracle>, at: &str, to: &str) -> bool {
    let certain = lock(oracle).certain(at).filter(|state| *state != State::Absent && to != at);
    let Some(moved) = certain else { return false };
    lock(oracle).begin_rename(at, to, moved);
    let done = client.rename(&path(at), &path(to), true).await.is_ok();
    if done {
        lock(oracle).acknowledge_rename(at, to, moved);
    }
    done
}

async fn make_or_delete_directory(client: &Client, oracle: &Mutex<Oracle>, at: &str) -> bool {
    if lock(oracle).certain(at) == Some(State::Directory) {
        return delete(client, oracle, at).await;
    }
    lock(oracle).begin(at, State::Directory);
    let done = client.mkdir(&path(at), false).await;
    let done = done.is_ok() || done.is_err_and(|error| error.code == ErrorCode::AlreadyExists);
    if done {
        lock(oracle).acknowledge(at, State::Directory);
    }
    done
}

/// Reads the state of a path and verifies it: it must be one of the expected.
async fn look(client: &Client, at: &str, expected: &[State]) -> Result<State, String> {
    let found = match client.stat(&path(at)).await {
        Ok(stat) if stat.kind == Kind::Directory => State::Directory,
        Ok(stat) => {
            let bytes = client.read_range(&path(at), 0, stat.size.max(1)).await;
            let bytes = bytes.map_err(|error| format!("{at}: {error}"))?;
            if bytes.len() as u64 != stat.size {
                return Err(format!("{at}: {} bytes of {}", bytes.len(), stat.size));
            }
            let same = |state: &&State| match state {
                State::File { seed, length } => {
                    *length == stat.size && bytes == content::bytes(*seed, *length as usize)
                }
                State::Absent | State::Directory => false,
            };
            let wrong = || format!("{at}: {} bytes that no writer wrote; expected {expected:?}", stat.size);
            *expected.iter().find(same).ok_or_else(wrong)?
        }
        Err(error) if error.code == ErrorCode::NotFound => State::Absent,
        Err(error) => return Err(format!("{at}: {error}")),
    };
    if expected.contains(&found) { Ok(found) } else { Err(format!("{at} is {found:?}; expected one of {expected:?}")) }
}

/// Compares these paths with the oracle, and records their states in it.
///
/// # Errors
/// Returns the first path whose state is not allowed.
pub async fn verify(client: &Client, oracle: &Mutex<Oracle>, paths: Vec<String>) -> Result<(), String> {
    for at in paths {
        let expected = lock(oracle).expected(&at);
        let state = look(client, &at, &expected).await?;
        lock(oracle).found(&at, state);
    }
    lock(oracle).check_moves()
}

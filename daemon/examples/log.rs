//! Measures the master's log against the `raft-log` crate and against the bare disk, in one run and
//! in turns:
//!
//!     cargo run --release -p dfs-daemon --example log [-- DIRECTORY]
//!
//! Every round ends with the command on disk. docs/design/log.md has the figures.

// An example may panic, and works with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use anyhow::Context;
use dfs_daemon::master::log::{Basis, Log, LogOptions, RealDisk};
use dfs_daemon::master::raft::types::{Batch, Entry, LogId};
use dfs_logic::command::{Caller, Command, FsOp};
use dfs_logic::stored;
use dfs_types::{ClusterId, DfsPath, RequestId, Timestamp};
use openraft::{CommittedLeaderId, EntryPayload};
use raft_log::api::raft_log_writer::RaftLogWriter;
use raft_log::{Config, RaftLog, Types};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Each case runs this long in each turn.
const TURN: Duration = Duration::from_millis(1500);
/// The number of turns; the median counts.
const TURNS: usize = 5;
/// The numbers of commands in flight.
const IN_FLIGHT: [usize; 3] = [1, 16, 128];

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Measured;

impl Types for Measured {
    type LogId = (u64, u64);
    type LogPayload = Vec<u8>;
    type Vote = (u64, u64);
    type UserData = String;
    type Callback = SyncSender<io::Result<()>>;

    fn log_index(id: &(u64, u64)) -> u64 {
        id.1
    }
    fn payload_size(payload: &Vec<u8>) -> u64 {
        payload.len() as u64
    }
}

/// A way to make `count` commands durable; `index` counts the calls.
type Case<'a> = (&'a str, Box<dyn FnMut(u64, usize) -> anyhow::Result<()> + 'a>);

fn commands(index: u64, count: usize) -> anyhow::Result<Batch> {
    let command = |n| {
        let path = DfsPath::parse(&format!("/directory/another/name-{index}-{n}"))?;
        let op = FsOp::Mkdir { path, parents: false };
        let request = RequestId(u128::from(index) << 64 | n as u128);
        anyhow::Ok(Command {
            request,
            caller: Caller::user("somebody"),
            at: Timestamp(1_700_000_000_000),
            op: op.into(),
        })
    };
    Ok(Batch(Arc::new((0..count).map(command).collect::<anyhow::Result<_>>()?)))
}

fn raw(directory: &Path) -> anyhow::Result<Case<'static>> {
    const BYTES: usize = 64 << 20;
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(directory.join("raw"))?;
    file.write_all_at(&vec![0; BYTES], 0)?;
    file.sync_all()?;
    let mut at = 0;
    let append = move |index, count| {
        let bytes = stored::command::write(&commands(index, count)?.0)?.1;
        if at + bytes.len() > BYTES {
            at = 0;
        }
        file.write_all_at(&bytes, at as u64)?;
        at += bytes.len();
        Ok(file.sync_data()?)
    };
    Ok(("bare write and fdatasync", Box::new(append)))
}

fn ours(directory: &Path) -> anyhow::Result<Case<'static>> {
    let (cluster, disk) = (ClusterId([1; 16]), Arc::new(RealDisk));
    let log = Log::open(LogOptions {
        directory: directory.join("ours"),
        cluster,
        segment_bytes: 16 << 20,
        basis: Basis::default(),
        disk,
    })?;
    let append = move |index, count| {
        let log_id = LogId::new(CommittedLeaderId::new(1, 1), index);
        Ok(log.append([Entry { log_id, payload: EntryPayload::Normal(commands(index, count)?) }])?)
    };
    Ok(("our log, one entry for all", Box::new(append)))
}

/// Opens a `raft-log`; `wait` is the time that it waits for more entries to share a sync, by
/// default a millisecond.
fn theirs(directory: &Path, name: &str, wait: Option<Duration>) -> anyhow::Result<RaftLog<Measured>> {
    let directory = directory.join(name);
    std::fs::create_dir(&directory)?;
    let mut config = Config::new(directory.display());
    config.wal.flush_batch_wait = wait;
    Ok(RaftLog::open(Arc::new(config))?)
}

fn raft_log_joined(directory: &Path) -> anyhow::Result<Case<'static>> {
    let mut log = theirs(directory, "joined", Some(Duration::ZERO))?;
    let append = move |index, count| {
        log.append([((1, index), stored::command::write(&commands(index, count)?.0)?.1)])?;
        let (done, wait) = sync_channel(1);
        log.flush(true, Some(done))?;
        Ok(wait.recv()??)
    };
    Ok(("raft-log, one entry for all", Box::new(append)))
}

fn raft_log_single(directory: &Path) -> anyhow::Result<Case<'static>> {
    let mut log = theirs(directory, "single", None)?;
    let mut next = 0;
    let append = move |index, count| {
        let (done, wait) = sync_channel(count);
        for _ in 0..count {
            log.append([((1, next), stored::command::write(&commands(index, 1)?.0)?.1)])?;
            log.flush(true, Some(done.clone()))?;
            next += 1;
        }
        (0..count).try_for_each(|_| Ok(wait.recv()??))
    };
    Ok(("raft-log, an entry for each", Box::new(append)))
}

fn main() -> anyhow::Result<()> {
    let below = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = tempfile::Builder::new().prefix("dfs-log").tempdir_in(below).context("make a directory")?;
    let directory = directory.path();
    let mut cases = [raw(directory)?, ours(directory)?, raft_log_joined(directory)?, raft_log_single(directory)?];
    let mut indices = [0u64; 4];
    println!("commands per second (latency of one call, µs); medians of {TURNS}");
    for in_flight in IN_FLIGHT {
        let mut rates: [Vec<f64>; 4] = Default::default();
        for _ in 0..TURNS {
            for ((_, append), (index, rates)) in cases.iter_mut().zip(indices.iter_mut().zip(&mut rates)) {
                let (start, before) = (Instant::now(), *index);
                while start.elapsed() < TURN {
                    append(*index, in_flight)?;
                    *index += 1;
                }
                rates.push((*index - before) as f64 / start.elapsed().as_secs_f64());
            }
        }
        println!("{in_flight} in flight:");
        for ((name, _), rates) in cases.iter().zip(&mut rates) {
            rates.sort_by(f64::total_cmp);
            let calls = rates[TURNS / 2];
            println!("  {name:28} {:>9.0}  ({:.0})", calls * in_flight as f64, 1e6 / calls);
        }
    }
    Ok(())
}

//! Writes in flight: abandoned and expired ones are given up in the log, and the space held by the
//! others is counted.

use super::refused::{invalid, write_refused};
use super::state::Master;
use dfs_logic::command::{ChunkOp, Outcome};
use dfs_logic::writes::{Held, Holder};
use dfs_rpc::wire::Unfinished;
use dfs_types::{ChunkId, Result, Timestamp, WriteId};
use std::ops::Range;
use std::time::Duration;

/// The maximum number of chunks that one command abandons: about 80 KiB of the log.
pub const ABANDONED_PER_COMMAND_MAX: usize = 8_192;
/// The maximum number of commands in one run.
const COMMANDS_PER_LOOK_MAX: usize = 16;
/// The maximum number of chunks whose replicas are counted while the cluster state is locked.
const COUNT_SLICE_CHUNKS: u64 = 4_096;

/// Renews the lease of a write: its client is still working on it.
///
/// # Errors
/// `not_found` for a write that this master does not know, `permission_denied` for a write of
/// another user, `timeout` for a write that was given up.
pub(super) fn renew_write(master: &Master, user: &str, write: WriteId) -> Result<()> {
    master.writes().renew(write, user, master.clock.now()).map_err(write_refused)
}

/// Abandons a write. The worker gives up its chunks in its next run, which is woken now.
///
/// # Errors
/// `permission_denied` for a write of another user.
pub(super) fn abandon_write(master: &Master, user: &str, write: WriteId) -> Result<()> {
    master.writes().abandon(write, user).map_err(write_refused)?;
    master.wake.notify_one();
    Ok(())
}

/// Gives up the chunks of abandoned and expired writes in the log; returns the number of these
/// chunks.
///
/// # Errors
/// Returns an error if a command fails; the remaining chunks are given up in the next run.
pub(super) async fn give_up_writes(master: &Master) -> Result<u64> {
    let now = master.clock.now();
    master.writes().look(now);
    let mut given_up = 0;
    for _ in 0..COMMANDS_PER_LOOK_MAX {
        let expired = master.writes().expired(ABANDONED_PER_COMMAND_MAX, now);
        if expired.is_empty() || !master.proposer.has_room() {
            return Ok(given_up);
        }
        let chunks: Vec<ChunkId> = expired.iter().flat_map(|write| write.chunks.iter().copied()).collect();
        let count = chunks.len() as u64;
        match master.propose_own(ChunkOp::Abandon { chunks }).await {
            Ok(Ok(Outcome::Done)) => given_up += count,
            other => return Err(invalid(format!("give up chunks of writes: {other:?}"))),
        }
        let mut writes = master.writes();
        for write in &expired {
            writes.given_up(write.id, &write.chunks);
            let (user, path, chunks) = (&write.user, &write.path, write.chunks.len());
            tracing::info!(write = %write.id, user, %path, chunks, abandoned = write.abandoned, "gave up a write");
        }
        drop(writes);
        // The replicas of the abandoned chunks are garbage now.
        master.wake.notify_one();
    }
    Ok(given_up)
}

/// Counts the replicas that datanodes have reported for a range of chunks.
fn replicas_stored(master: &Master, chunks: Range<u64>) -> u64 {
    let cluster = master.cluster_state();
    Holder::replicas(chunks, |id| cluster.locations().replicas(id).nodes().count())
}

/// Counts the space and chunks that writes in flight hold.
pub(super) async fn count_unfinished(master: &Master) {
    let now = master.clock.now();
    let holders = master.writes().holders(now);
    let mut held = Held::default();
    for holder in &holders {
        let mut replicas = 0;
        for stretch in holder.stretches(COUNT_SLICE_CHUNKS) {
            replicas += replicas_stored(master, stretch);
            tokio::task::consume_budget().await;
        }
        holder.add_to(&mut held, replicas);
    }
    *master.unfinished.lock() = by_calendar(held, now, master.clock.calendar());
}

/// Converts a count to calendar time.
fn by_calendar(held: Held, now: Timestamp, calendar: Timestamp) -> Unfinished {
    let Held { writes, silent, bytes, silent_bytes, until } = held;
    let until = until.map(|until| calendar.plus(until.since(now)));
    Unfinished { writes, silent, bytes, silent_bytes, until }
}

/// Returns a sentence to add to an error about space, if writes in flight hold some of it.
pub fn space_held(unfinished: &Unfinished, calendar: Timestamp) -> Option<String> {
    let Unfinished { bytes, silent_bytes, until, .. } = *unfinished;
    let size = |bytes| dfs_types::ByteSize(bytes).human();
    match until.filter(|_| silent_bytes > 0) {
        _ if bytes == 0 => None,
        None => Some(format!("unfinished writes hold {}", size(bytes))),
        Some(until) => {
            let left = Duration::from_secs(until.since(calendar).as_secs() + 1);
            let left = dfs_types::format_duration(left);
            Some(format!(
                "unfinished writes hold {}, {} of it for at most another {left}",
                size(bytes),
                size(silent_bytes)
            ))
        }
    }
}

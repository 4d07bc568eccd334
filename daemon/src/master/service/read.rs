//! Reading: the locations of chunks. Also reports of corruption by readers.

use super::node::not_refused;
use super::seal::seal;
use crate::master::convert::address;
use crate::master::refused::{invalid, refused};
use crate::master::state::Master;
use crate::random;
use bytes::Bytes;
use dfs_logic::cluster::{ClusterState, Event};
use dfs_logic::traffic::Rates;
use dfs_rpc::CHUNKS_PER_PLAN_MAX;
use dfs_rpc::capability::{CapabilityError, Operation};
use dfs_rpc::wire::{DirectoryTraffic, LocatedChunk, NodeAddress, PlanRead, ReadPlan, Traffic};
use dfs_types::{ChunkRef, DatanodeId, DfsPath, Error, ErrorCode, Principal, Result, Timestamp};
use std::pin::pin;
use tokio::time::Instant;

pub(super) async fn plan_read(master: &Master, user: &str, plan: &PlanRead, until: Instant) -> Result<ReadPlan> {
    let version = master.published.get();
    let found = version.namespace.chunks(&plan.path, plan.offset, plan.length, CHUNKS_PER_PLAN_MAX, user);
    let (stat, chunks) = found.map_err(|refusal| refused(refusal, &plan.path))?;
    let keys = master.keys.get(&master.published);
    note_traffic(master, &plan.path, asked(plan, &chunks), 0);
    let replicas = find_readers(master, &chunks, until).await;
    let located = chunks.into_iter().zip(replicas).map(|((offset, chunk), replicas)| {
        let principal = Principal::User(user.to_owned());
        let capability =
            seal(master, &keys, Operation::Read, chunk, Some(chunk.checksum), principal, replicas.clone())?;
        Ok(LocatedChunk { chunk, offset, replicas, capability })
    });
    Ok(ReadPlan { stat, chunks: located.collect::<Result<_>>()? })
}

/// Returns the datanodes to read each chunk from. If no replica of a chunk is reported, waits while
/// datanodes are expected that may have one, but only `until` then.
async fn find_readers(master: &Master, chunks: &[(u64, ChunkRef)], until: Instant) -> Vec<Vec<NodeAddress>> {
    let turn = random::number();
    match readers_now(master, chunks, turn) {
        (found, false) => found,
        // Rare, and boxed: it would make the future of each call larger.
        (_, true) => Box::pin(wait_for_readers(master, chunks, turn, until)).await,
    }
}

async fn wait_for_readers(
    master: &Master,
    chunks: &[(u64, ChunkRef)],
    turn: u64,
    until: Instant,
) -> Vec<Vec<NodeAddress>> {
    loop {
        let mut nodes_changed = pin!(master.nodes_changed.notified());
        nodes_changed.as_mut().enable();
        let (found, open) = readers_now(master, chunks, turn);
        if !open || tokio::time::timeout_at(until, nodes_changed).await.is_err() {
            return found;
        }
    }
}

/// Returns the datanodes to read each chunk from now; the second value is true if a replica of a
/// chunk without any may still be reported.
fn readers_now(master: &Master, chunks: &[(u64, ChunkRef)], turn: u64) -> (Vec<Vec<NodeAddress>>, bool) {
    let (version, cluster) = (master.published.get(), master.cluster_state());
    let now = master.clock.now();
    let found: Vec<_> = chunks.iter().map(|(_, chunk)| readers(&cluster, chunk, now, turn)).collect();
    let open = found.iter().any(Vec::is_empty) && cluster.roll(&version.namespace, now).is_open();
    (found, open)
}

/// Returns the recent traffic below a directory that the user may read.
pub(super) fn traffic(master: &Master, user: &str, path: &DfsPath) -> Result<DirectoryTraffic> {
    let seen = master.published.look().namespace.list(path, None, "", 1, user);
    seen.map_err(|refusal| refused(refusal, path))?;
    let below = master.traffic.lock().below(path, master.clock.now());
    let shown = |rates: Rates| Traffic { read: rates.read, written: rates.written };
    let directories = below.directories.into_iter().map(|(name, rates)| (name, shown(rates)));
    Ok(DirectoryTraffic { whole: shown(below.whole), directories: directories.collect() })
}

/// Counts bytes that a user reads from, or has written to, a file.
pub(super) fn note_traffic(master: &Master, path: &DfsPath, read: u64, written: u64) {
    let now = master.clock.now();
    master.traffic.lock().note(path, read, written, now);
}

/// Orders the datanode to verify its replica: a report alone is not enough to give a replica up.
/// The capability proves that the reader may read the chunk.
pub(super) fn report_corrupt(master: &Master, user: &str, node: DatanodeId, capability: &Bytes) -> Result<()> {
    let keys = master.keys.get(&master.published);
    let denied = |error: CapabilityError| Error::new(ErrorCode::PermissionDenied, error.to_string());
    let opened = keys.ring.open(capability).map_err(denied)?;
    let reader = Principal::User(user.to_owned());
    opened.check(master.cluster, Operation::Read, &reader, node, master.clock.calendar()).map_err(denied)?;
    let key = opened.key().ok_or_else(|| denied(CapabilityError::Operation))?;
    not_refused(&master.observe(Event::CorruptionReported { node, key }))
        .map_err(|refused| invalid(refused.to_string()))
}

fn readers(cluster: &ClusterState, chunk: &ChunkRef, now: Timestamp, turn: u64) -> Vec<NodeAddress> {
    cluster.readers(chunk.key(), now, turn).into_iter().map(address).collect()
}

/// Returns the bytes that the plan requests of these chunks, each given with its offset in the
/// file.
fn asked(plan: &PlanRead, chunks: &[(u64, ChunkRef)]) -> u64 {
    let (first, end) = (plan.offset, plan.offset.saturating_add(plan.length));
    let part =
        |(at, chunk): &(u64, ChunkRef)| end.min(at.saturating_add(chunk.length.into())).saturating_sub(first.max(*at));
    chunks.iter().map(part).sum()
}

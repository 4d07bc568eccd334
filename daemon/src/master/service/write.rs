//! Writing: plans the locations of chunks, and commits the chunks once they are written.

use super::pipelines::{Placed, Unplaced, Wanted, place};
use super::read::note_traffic;
use super::seal::seal;
use crate::master::convert::{address, millis};
use crate::master::keys::Keys;
use crate::master::raft::proposer::ProposeError;
use crate::master::refused::{invalid, proposal_failed, refused, write_refused};
use crate::master::state::Master;
use crate::master::unfinished::{ABANDONED_PER_COMMAND_MAX, space_held};
use dfs_config::MasterSettings;
use dfs_logic::cluster::Event;
use dfs_logic::command::{FsOp, NewFile, Outcome};
use dfs_logic::writes::Planned;
use dfs_rpc::capability::{Operation, Receipt, Stored};
use dfs_rpc::wire::{CommitWrite, Committed, CommittedChunk, PlanWrite, PlannedChunk, WritePlan};
use dfs_rpc::{CHUNKS_PER_FILE_MAX, CHUNKS_PER_PLAN_MAX, REPLICATION_MAX};
use dfs_types::{
    ChunkId, ChunkRef, DatanodeId, Detail, DfsPath, Error, ErrorCode, Generation, Kind, Layout, Principal, Result,
    WriteId,
};
use std::pin::pin;
use std::time::Duration;
use tokio::time::Instant;

/// The generation of a chunk that is written for the first time.
const FIRST_GENERATION: Generation = Generation(1);
/// Chunk sizes are multiples of a block.
const CHUNK_BYTES_UNIT: u32 = 64 << 10;
const CHUNK_BYTES_MAX: u32 = 1 << 30;
/// The permission bits that can be set.
const MODE_MAX: u16 = 0o7777;
const DEFAULT_MODE: u16 = 0o644;
/// The time that a plan waits for chunk ids when none are available.
const IDS_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns the number of replicas that a write needs to succeed: a majority of those wanted (1 of
/// 1, 2 of 2, 2 of 3, 3 of 4 or 5).
pub fn replicas_min(replication: u8) -> u8 {
    replication / 2 + 1
}

/// The replication and the chunk size of a file, checked.
#[derive(Debug, Clone, Copy)]
struct Shape {
    replication: u8,
    chunk_size: u32,
}

/// Checks a number of replicas.
///
/// # Errors
/// `invalid_argument` if files may not have this number of replicas.
pub(super) fn check_replication(replication: u8) -> Result<()> {
    if (1..=REPLICATION_MAX).contains(&replication) {
        return Ok(());
    }
    Err(invalid(format!("replication {replication} is not allowed; it must be 1 to {REPLICATION_MAX}")))
}

fn shape(settings: &MasterSettings, replication: Option<u8>, chunk_size: Option<u32>) -> Result<Shape> {
    let replication = replication.unwrap_or(settings.replication);
    check_replication(replication)?;
    let chunk_size = chunk_size.map_or_else(|| u32::try_from(settings.chunk_size.0), Ok);
    let fits =
        |size: &u32| (CHUNK_BYTES_UNIT..=CHUNK_BYTES_MAX).contains(size) && size.is_multiple_of(CHUNK_BYTES_UNIT);
    match chunk_size.ok().filter(fits) {
        Some(chunk_size) => Ok(Shape { replication, chunk_size }),
        None => Err(invalid("the chunk size is not allowed; it must be a multiple of 64KiB from 64KiB to 1GiB")),
    }
}

/// Returns the replication of the file that a write replaces: what a user has set on it stays,
/// unless the write says otherwise.
fn replaced_replication(master: &Master, user: &str, path: &DfsPath, overwrite: bool) -> Option<u8> {
    let there = overwrite.then(|| master.published.look().namespace.stat(path, user).ok())??;
    (there.kind == Kind::File).then_some(there.replication)
}

pub(super) async fn plan_write(master: &Master, user: &str, plan: PlanWrite, until: Instant) -> Result<WritePlan> {
    let count = plan.chunks;
    if count == 0 || count as usize > CHUNKS_PER_PLAN_MAX {
        return Err(invalid(format!("{count} chunks in one plan; 1 to {CHUNKS_PER_PLAN_MAX} are allowed")));
    }
    let replication = plan.replication.or_else(|| replaced_replication(master, user, &plan.path, plan.overwrite));
    let shape = shape(&master.settings, replication, plan.chunk_size)?;
    let checked = master.published.look().namespace.check_write(&plan.path, plan.overwrite, user);
    checked.map_err(|refusal| refused(refusal, &plan.path))?;
    master.writes().check(plan.write, user, count.into()).map_err(|error| write_refused(error).at(&plan.path))?;
    let pipelines = find_places(master, &plan, shape, until).await?;
    let ids = take_ids(master, count).await?;
    let keys = master.keys.get(&master.published);
    note_planned(master, user, &plan, &ids, shape)?;
    let cluster = master.cluster_state();
    let planned = ids.into_iter().zip(pipelines).map(|(id, pipeline)| {
        let addresses: Vec<_> =
            pipeline.iter().filter_map(|node| cluster.nodes().address(*node)).map(address).collect();
        let principal = Principal::User(user.to_owned());
        let chunk = ChunkRef { id, generation: FIRST_GENERATION, length: shape.chunk_size, checksum: 0 };
        let capability = seal(master, &keys, Operation::Write, chunk, None, principal, addresses.clone())?;
        Ok(PlannedChunk { id, generation: FIRST_GENERATION, pipeline: addresses, capability })
    });
    let chunks = planned.collect::<Result<_>>()?;
    let Shape { replication, chunk_size } = shape;
    let renew_ms = millis(master.writes().renew_every());
    Ok(WritePlan { replication, chunk_size, replicas_min: replicas_min(replication), renew_ms, chunks })
}

/// Assigns the chunks to the write: until the write ends they are not garbage.
fn note_planned(master: &Master, user: &str, plan: &PlanWrite, ids: &[ChunkId], shape: Shape) -> Result<()> {
    let planned = Planned { user: user.to_owned(), path: plan.path.clone(), chunk_bytes: u64::from(shape.chunk_size) };
    let noted = master.writes().plan(plan.write, planned, ids, master.clock.now());
    noted.map_err(|error| write_refused(error).at(&plan.path))
}

/// Adds the space held by unfinished writes to an error about too little space.
fn with_held_space(master: &Master, mut error: Error) -> Error {
    if let Some(Detail::NoRoom(short)) = error.detail.as_deref_mut() {
        short.unfinished = space_held(&master.unfinished(), master.clock.calendar());
        error.message = short.to_string();
    }
    error
}

/// Returns a pipeline for each chunk. If too few datanodes are live, waits while enough are
/// expected, but only `until` then; the client must ask again after that.
async fn find_places(master: &Master, plan: &PlanWrite, shape: Shape, until: Instant) -> Result<Vec<Vec<DatanodeId>>> {
    let placed = match place_now(master, plan, shape) {
        // Rare, and boxed: it would make the future of each call larger.
        Err(Unplaced::NotYet(_)) => Box::pin(wait_for_places(master, plan, shape, until)).await,
        placed => placed,
    };
    placed.map_err(|unplaced| match unplaced {
        Unplaced::Never(error) => with_held_space(master, error),
        Unplaced::NotYet(error) => error,
    })
}

async fn wait_for_places(
    master: &Master,
    plan: &PlanWrite,
    shape: Shape,
    until: Instant,
) -> Result<Vec<Vec<DatanodeId>>, Unplaced> {
    loop {
        let mut nodes_changed = pin!(master.nodes_changed.notified());
        nodes_changed.as_mut().enable();
        let placed = place_now(master, plan, shape);
        let open = matches!(placed, Err(Unplaced::NotYet(_)));
        if !open || tokio::time::timeout_at(until, nodes_changed).await.is_err() {
            return placed;
        }
    }
}

/// Returns a pipeline for each chunk for the present state of the cluster. Space is chosen and
/// reserved in one step, so that two plans do not use the same free space.
fn place_now(master: &Master, plan: &PlanWrite, shape: Shape) -> Result<Vec<Vec<DatanodeId>>, Unplaced> {
    let wanted =
        Wanted { pipeline: shape.replication, least: replicas_min(shape.replication), bytes: shape.chunk_size };
    let (version, mut cluster) = (master.published.get(), master.cluster_state());
    let now = master.clock.now();
    let Placed { pipelines, bytes } = place(&cluster, &version.namespace, plan, wanted, now)?;
    let planned = Event::WritePlanned { pipelines: pipelines.clone(), bytes };
    master.carry_out(cluster.observe(planned, &version.namespace, now));
    Ok(pipelines)
}

/// Returns new chunk ids. They are available immediately, except in the first moments of a leader.
async fn take_ids(master: &Master, count: u32) -> Result<Vec<ChunkId>> {
    if let Some(ids) = master.pool.take(count) {
        return Ok(ids);
    }
    Box::pin(wait_for_ids(master, count)).await
}

async fn wait_for_ids(master: &Master, count: u32) -> Result<Vec<ChunkId>> {
    let waiting = async {
        loop {
            let filled = master.pool.filled();
            if let Some(ids) = master.pool.take(count) {
                return Ok(ids);
            }
            if !master.proposer.has_room() {
                return Err(proposal_failed(ProposeError::DiskFull));
            }
            filled.await;
        }
    };
    let late = || Error::new(ErrorCode::Timeout, "no chunk ids could be reserved in time");
    tokio::time::timeout(IDS_TIMEOUT, waiting).await.map_err(|_| late())?
}

pub(super) async fn commit_write(master: &Master, user: &str, commit: CommitWrite) -> Result<Committed> {
    let replication = commit.replication.or_else(|| replaced_replication(master, user, &commit.path, commit.overwrite));
    let shape = shape(&master.settings, replication, commit.chunk_size)?;
    if commit.chunks.len() > CHUNKS_PER_FILE_MAX {
        let (max, chunk_size) = (CHUNKS_PER_FILE_MAX as u64, u64::from(shape.chunk_size));
        let detail = Detail::TooManyChunks { max, chunk_size };
        return Err(Error::of(ErrorCode::InvalidArgument, detail).at(&commit.path));
    }
    let keys = master.keys.get(&master.published);
    let chunks: Vec<ChunkRef> = commit.chunks.iter().map(|chunk| chunk.chunk).collect();
    let holders: Vec<Vec<DatanodeId>> =
        commit.chunks.iter().map(|chunk| holders(master, &keys, chunk, shape)).collect::<Result<_>>()?;
    if let Some(lost) = lost(&chunks, &holders, shape) {
        return Ok(Committed::Lost(lost));
    }
    let abandoned = leftovers(master, user, commit.write, &chunks);
    let leftovers = abandoned.len();
    let file = NewFile {
        path: commit.path.clone(),
        overwrite: commit.overwrite,
        layout: Layout::Replicated { replicas: shape.replication },
        chunk_size: shape.chunk_size,
        chunks: chunks.clone(),
        modified: commit.modified.unwrap_or_else(|| master.clock.calendar()),
        mode: commit.mode.unwrap_or(DEFAULT_MODE) & MODE_MAX,
        abandoned,
    };
    note_stored(master, &chunks, &holders);
    let applied = master.propose(commit.request, user, FsOp::Commit(file)).await?;
    let outcome = applied.map_err(|refusal| refused(refusal, &commit.path))?;
    note_committed(master, holders, shape);
    end_write(master, user, commit.write, leftovers);
    match outcome {
        Outcome::File(stat) => {
            note_traffic(master, &commit.path, 0, stat.size);
            Ok(Committed::File(stat))
        }
        // Only if a request id of another command was reused.
        _ => Err(invalid("this request id belongs to another command").at(&commit.path)),
    }
}

/// Returns the chunks of a write that its commit does not name: they were replaced by others, or
/// not needed.
fn leftovers(master: &Master, user: &str, write: WriteId, named: &[ChunkRef]) -> Vec<ChunkId> {
    let named: Vec<ChunkId> = named.iter().map(|chunk| chunk.id).collect();
    master.writes().leftovers(write, user, &named, ABANDONED_PER_COMMAND_MAX, master.clock.now())
}

/// Ends a write after its commit. Leftover chunks that did not fit in the commit are abandoned
/// separately.
fn end_write(master: &Master, user: &str, write: WriteId, leftovers: usize) {
    if leftovers < ABANDONED_PER_COMMAND_MAX {
        master.writes().committed(write, user);
    } else if let Err(refused) = master.writes().abandon(write, user) {
        tracing::debug!(%write, %refused, "end a write");
    }
    if leftovers > 0 {
        master.wake.notify_one();
    }
}

/// Returns the datanodes with a genuine receipt for a chunk whose replica still exists.
///
/// # Errors
/// `insufficient_datanodes` if there are too few.
fn holders(master: &Master, keys: &Keys, committed: &CommittedChunk, shape: Shape) -> Result<Vec<DatanodeId>> {
    let ChunkRef { id, generation, length, checksum } = committed.chunk;
    let mut genuine: Vec<&Receipt> = Vec::new();
    for receipt in committed.receipts.iter().take(usize::from(REPLICATION_MAX)) {
        let Receipt { node, boot, .. } = *receipt;
        let stored = Stored { cluster: master.cluster, node, boot, chunk: id, generation, length, checksum };
        if genuine.iter().all(|other| other.node != node) && keys.ring.is_receipt(receipt, &stored) {
            genuine.push(receipt);
        }
    }
    let (needed, found) = (usize::from(replicas_min(shape.replication)), genuine.len());
    if found >= needed {
        let (now, cluster) = (master.clock.now(), master.cluster_state());
        let standing =
            genuine.iter().filter(|receipt| cluster.stands(receipt.node, receipt.boot, committed.chunk.key(), now));
        return Ok(standing.map(|receipt| receipt.node).collect());
    }
    let what = format!("chunk {id} has valid receipts of {found} datanodes; {needed} are needed");
    Err(Error::new(ErrorCode::InsufficientDatanodes, what))
}

/// Returns the chunks that have lost so many replicas since they were written that too few are
/// left; none if all have enough.
fn lost(chunks: &[ChunkRef], holders: &[Vec<DatanodeId>], shape: Shape) -> Option<Vec<ChunkId>> {
    let needed = usize::from(replicas_min(shape.replication));
    let short = chunks.iter().zip(holders).filter(|(_, holders)| holders.len() < needed);
    let lost: Vec<ChunkId> = short.map(|(chunk, _)| chunk.id).collect();
    (!lost.is_empty()).then_some(lost)
}

/// Records the replicas of a new file before the commit is applied, so that a survey in between
/// does not count its chunks as missing.
fn note_stored(master: &Master, chunks: &[ChunkRef], holders: &[Vec<DatanodeId>]) {
    let chunks = chunks.iter().zip(holders).map(|(chunk, holders)| (chunk.key(), holders.clone()));
    master.observe(Event::Committing { chunks: chunks.collect() });
}

/// Records that the file was committed.
fn note_committed(master: &Master, holders: Vec<Vec<DatanodeId>>, shape: Shape) {
    master.observe(Event::Committed { holders, replicas: shape.replication });
}

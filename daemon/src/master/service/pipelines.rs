//! Chooses the datanodes for the chunks of a plan.

use crate::random;
use dfs_logic::cluster::ClusterState;
use dfs_logic::placement::{Candidate, choose, room};
use dfs_logic::state::State;
use dfs_rpc::wire::PlanWrite;
use dfs_types::{DatanodeId, Detail, Error, ErrorCode, NoRoom, Result, RoomFor, Timestamp, TooFewDatanodes};

/// The requirements of each chunk of a plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// The number of datanodes in its pipeline.
    pub pipeline: u8,
    /// The number of replicas that suffices for a write in progress.
    pub least: u8,
    /// Its length in bytes; a single chunk may turn out shorter.
    pub bytes: u32,
}

/// A pipeline of datanodes for each chunk of a plan, and the bytes to reserve for each chunk.
#[derive(Debug)]
pub(super) struct Placed {
    pub pipelines: Vec<Vec<DatanodeId>>,
    pub bytes: u64,
}

/// The reason why a plan has no pipelines.
#[derive(Debug)]
pub(super) enum Unplaced {
    /// Too few datanodes are live, but enough are expected. The error is temporary.
    NotYet(Error),
    Never(Error),
}

/// Returns a pipeline of datanodes for each chunk of a plan.
///
/// # Errors
/// Returns an error if too few datanodes are live, or have room.
pub(super) fn place(
    cluster: &ClusterState,
    namespace: &State,
    plan: &PlanWrite,
    wanted: Wanted,
    now: Timestamp,
) -> Result<Placed, Unplaced> {
    let mut candidates = cluster.nodes().candidates(namespace, &plan.exclude, now);
    // A write in progress may continue with fewer replicas; a new write may not begin with fewer.
    let needed = usize::from(if plan.begun { wanted.least } else { wanted.pipeline });
    if candidates.len() < needed {
        let live = candidates.len();
        let awaited = cluster.nodes().may_come(namespace, &plan.exclude, now);
        let ahead = cluster.nodes().ahead(namespace, now);
        let expected = live + awaited >= needed;
        let few = TooFewDatanodes {
            replication: wanted.pipeline,
            needed: needed as u64,
            live: live as u64,
            coming: expected.then_some(awaited as u64),
            excluded: plan.exclude.len() as u64,
            ahead,
        };
        let few = Detail::TooFewDatanodes(few);
        return Err(if expected {
            Unplaced::NotYet(Error::of(ErrorCode::SafeMode, few).at(&plan.path))
        } else {
            Unplaced::Never(Error::of(ErrorCode::InsufficientDatanodes, few).at(&plan.path))
        });
    }
    check_length(cluster, &candidates, plan, wanted).map_err(Unplaced::Never)?;
    let pipelines =
        choose_pipelines(&mut candidates, plan.chunks, wanted, needed, random::number).ok_or_else(|| {
            let object = RoomFor::Chunk { bytes: u64::from(wanted.bytes), needed: needed as u64 };
            Unplaced::Never(no_room(object).at(&plan.path))
        })?;
    // A one-chunk plan reserves no space: its length is unknown, and reserving a full chunk for
    // each small file would exhaust the accounting.
    let bytes = if plan.chunks > 1 { u64::from(wanted.bytes) } else { 0 };
    Ok(Placed { pipelines, bytes })
}

/// The maximum space that a chunk needs on a disk besides its data, in bytes: header, table of
/// checksums, padding.
const CHUNK_OVERHEAD: u64 = 16 << 10;

/// Checks that a new write fits as a whole, if its length is known.
fn check_length(cluster: &ClusterState, candidates: &[Candidate], plan: &PlanWrite, wanted: Wanted) -> Result<()> {
    let Some(length) = plan.length.filter(|length| *length > 0 && !plan.begun) else { return Ok(()) };
    let chunks = length.div_ceil(u64::from(wanted.bytes).max(1));
    let needed = length.saturating_add(chunks.saturating_mul(CHUNK_OVERHEAD));
    let replicas = u64::from(wanted.pipeline);
    // Datanodes may share a disk: each of these could store all replicas.
    let ample = |candidate: &&Candidate| candidate.free >= needed.saturating_mul(replicas);
    if candidates.iter().filter(ample).count() >= usize::from(wanted.pipeline) {
        return Ok(());
    }
    let space = cluster.nodes().space_of(candidates.iter().map(|candidate| candidate.id));
    let frees: Vec<u64> = candidates.iter().map(|candidate| candidate.free).collect();
    let room = room(&frees, wanted.pipeline).min(space.free / replicas.max(1));
    if needed <= room {
        return Ok(());
    }
    let kept_back = space.capacity.saturating_sub(space.used).saturating_sub(space.free);
    let datanodes = candidates.len() as u64;
    let object =
        RoomFor::File { bytes: length, replicas, room, free: space.free, used: space.used, kept_back, datanodes };
    Err(no_room(object).at(&plan.path))
}

/// Returns the same pipeline for all `count` chunks, so that the writer needs one connection for
/// them; or one for each chunk, if the datanodes that have room for all chunks would make a shorter
/// pipeline. None if there is no room.
fn choose_pipelines(
    candidates: &mut [Candidate],
    count: u32,
    wanted: Wanted,
    needed: usize,
    mut seed: impl FnMut() -> u64,
) -> Option<Vec<Vec<DatanodeId>>> {
    let pipeline = usize::from(wanted.pipeline);
    let one = u64::from(wanted.bytes);
    let all = one * u64::from(count);
    if able(candidates, one, pipeline) == able(candidates, all, pipeline) {
        let chosen = choose_pipeline(candidates, pipeline, needed, all, count == 1, seed())?;
        return Some(vec![chosen; count as usize]);
    }
    let mut pipelines = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let chosen = choose_pipeline(candidates, pipeline, needed, one, false, seed())?;
        for candidate in candidates.iter_mut().filter(|candidate| chosen.contains(&candidate.id)) {
            candidate.load = candidate.load.saturating_add(1);
            candidate.free = candidate.free.saturating_sub(one);
        }
        pipelines.push(chosen);
    }
    Some(pipelines)
}

/// Returns the longest possible pipeline with room for `length` bytes, up to `wanted`.
fn able(candidates: &[Candidate], length: u64, wanted: usize) -> usize {
    candidates.iter().filter(|candidate| candidate.free >= length).count().min(wanted)
}

/// Chooses as many datanodes of `wanted` as there are, but no fewer than `needed`. A single chunk
/// may turn out shorter, so a datanode without room for a full one is accepted if there is no
/// better one.
fn choose_pipeline(
    candidates: &[Candidate],
    wanted: usize,
    needed: usize,
    length: u64,
    single: bool,
    seed: u64,
) -> Option<Vec<DatanodeId>> {
    let lengths = if single { vec![length, 1] } else { vec![length] };
    lengths.into_iter().find_map(|length| {
        let able = able(candidates, length, wanted);
        (able >= needed).then(|| choose(candidates, able, length, &[], seed).ok()).flatten()
    })
}

fn no_room(object: RoomFor) -> Error {
    let detail = Detail::NoRoom(NoRoom { of: object, unfinished: None });
    Error::of(ErrorCode::InsufficientDatanodes, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const CHUNK: u32 = 100;

    fn nodes(frees: &[u64]) -> Vec<Candidate> {
        let ids = (1..).map(DatanodeId);
        ids.zip(frees).map(|(id, free)| Candidate { id, free: *free, load: 0 }).collect()
    }

    fn pipelines(frees: &[u64], count: u32, needed: usize, seed: u64) -> Option<Vec<Vec<DatanodeId>>> {
        let mut seeds = seed * 1_000..;
        let wanted = Wanted { pipeline: 3, least: 2, bytes: CHUNK };
        choose_pipelines(&mut nodes(frees), count, wanted, needed, || seeds.next().expect("enough"))
    }

    #[test]
    fn one_plan_has_one_pipeline_and_plans_have_different_ones() {
        let mut found = BTreeSet::new();
        for seed in 0..50 {
            let pipelines = pipelines(&[10_000; 6], 64, 3, seed).expect("room");
            assert_eq!((pipelines.len(), pipelines[0].len()), (64, 3));
            assert!(pipelines.iter().all(|pipeline| *pipeline == pipelines[0]));
            found.insert(pipelines[0].clone());
        }
        assert!(found.len() > 10, "{}", found.len());
    }

    #[test]
    fn a_pipeline_is_shared_only_by_datanodes_with_room_for_all() {
        for seed in 0..50 {
            let shared = pipelines(&[399, 400, 400, 400], 4, 3, seed).expect("room");
            assert!(shared.iter().flatten().all(|id| *id != DatanodeId(1)), "{shared:?}");
            let apart = pipelines(&[200, 200, 400, 400, 400], 4, 3, seed).expect("room");
            assert!(apart.iter().all(|pipeline| *pipeline == apart[0] && pipeline.iter().all(|id| id.0 >= 3)));
        }
    }

    #[test]
    fn without_room_for_all_in_one_place_chunks_are_spread() {
        for seed in 0..50 {
            let pipelines = pipelines(&[200; 6], 3, 3, seed).expect("room");
            for id in (1..=6).map(DatanodeId) {
                assert!(pipelines.iter().filter(|pipeline| pipeline.contains(&id)).count() <= 2, "{pipelines:?}");
            }
            assert!(pipelines.iter().all(|pipeline| pipeline.len() == 3));
        }
        assert_eq!(pipelines(&[200; 3], 3, 3, 1), None);
    }

    #[test]
    fn a_pipeline_is_not_shortened_to_be_shared() {
        let pipelines = pipelines(&[1_000, 1_000, 150], 2, 2, 1).expect("room");
        assert_eq!(pipelines.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2]);
    }

    #[test]
    fn a_single_chunk_may_be_short() {
        assert_eq!(pipelines(&[50, 50, 50], 1, 3, 1).map(|pipelines| pipelines.len()), Some(1));
        assert_eq!(pipelines(&[50, 50, 50], 2, 3, 1), None);
        assert_eq!(pipelines(&[50, 50, 0], 1, 3, 1), None);
    }
}

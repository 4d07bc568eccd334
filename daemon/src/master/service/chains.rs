//! Where the chunks of a plan go.

use crate::random;
use dfs_logic::cluster::ClusterState;
use dfs_logic::placement::{Candidate, choose, room};
use dfs_logic::state::State;
use dfs_rpc::wire::PlanWrite;
use dfs_types::{DatanodeId, Detail, Error, ErrorCode, NoRoom, Result, Short, Timestamp, TooFewDatanodes};

/// What each chunk of a plan needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Datanodes in its chain.
    pub chain: u8,
    /// As many are enough for a write that is under way.
    pub least: u8,
    /// Its length, in bytes; a single one may turn out shorter.
    pub bytes: u32,
}

/// A chain of datanodes for each chunk of a plan, and the bytes to count for each chunk.
#[derive(Debug)]
pub(super) struct Placed {
    pub chains: Vec<Vec<DatanodeId>>,
    pub bytes: u64,
}

/// Why a plan has no places.
#[derive(Debug)]
pub(super) enum Unplaced {
    /// Too few datanodes are live, and enough are expected. The error is one that passes.
    NotYet(Error),
    Never(Error),
}

/// A chain of datanodes for each chunk of a plan.
///
/// # Errors
/// When too few datanodes are live, or have room.
pub(super) fn place(
    cluster: &ClusterState,
    namespace: &State,
    plan: &PlanWrite,
    wanted: Wanted,
    now: Timestamp,
) -> Result<Placed, Unplaced> {
    let mut candidates = cluster.nodes().candidates(namespace, &plan.exclude, now);
    // A write that goes on may do so with fewer copies; one that begins may not.
    let needed = usize::from(if plan.begun { wanted.least } else { wanted.chain });
    if candidates.len() < needed {
        let live = candidates.len();
        let coming = cluster.nodes().may_come(namespace, &plan.exclude, now);
        let ahead = cluster.nodes().ahead(namespace, now);
        let expected = live + coming >= needed;
        let few = TooFewDatanodes {
            replication: wanted.chain,
            needed: needed as u64,
            live: live as u64,
            coming: expected.then_some(coming as u64),
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
    let chains = choose_chains(&mut candidates, plan.chunks, wanted, needed, random::number).ok_or_else(|| {
        let short = Short::Chunk { bytes: u64::from(wanted.bytes), needed: needed as u64 };
        Unplaced::Never(no_room(short).at(&plan.path))
    })?;
    // A one-chunk plan reserves no space: its length is unknown, and reserving a full chunk for each small file would exhaust
    // the accounting.
    let bytes = if plan.chunks > 1 { u64::from(wanted.bytes) } else { 0 };
    Ok(Placed { chains, bytes })
}

/// Bytes that a chunk takes on a disk beside its data, at the most: header, table of checksums, padding.
const CHUNK_OVERHEAD: u64 = 16 << 10;

/// Checks that a write which begins fits as a whole, where its length is known.
fn check_length(cluster: &ClusterState, candidates: &[Candidate], plan: &PlanWrite, wanted: Wanted) -> Result<()> {
    let Some(length) = plan.length.filter(|length| *length > 0 && !plan.begun) else { return Ok(()) };
    let chunks = length.div_ceil(u64::from(wanted.bytes).max(1));
    let needed = length.saturating_add(chunks.saturating_mul(CHUNK_OVERHEAD));
    let replicas = u64::from(wanted.chain);
    // Datanodes may share a disk: each of these could take all replicas.
    let ample = |candidate: &&Candidate| candidate.free >= needed.saturating_mul(replicas);
    if candidates.iter().filter(ample).count() >= usize::from(wanted.chain) {
        return Ok(());
    }
    let space = cluster.nodes().space_of(candidates.iter().map(|candidate| candidate.id));
    let frees: Vec<u64> = candidates.iter().map(|candidate| candidate.free).collect();
    let room = room(&frees, wanted.chain).min(space.free / replicas.max(1));
    if needed <= room {
        return Ok(());
    }
    let kept_back = space.capacity.saturating_sub(space.used).saturating_sub(space.free);
    let datanodes = candidates.len() as u64;
    let short = Short::File { bytes: length, replicas, room, free: space.free, used: space.used, kept_back, datanodes };
    Err(no_room(short).at(&plan.path))
}

/// The same chain for all `count` chunks, so that the writer needs one connection for them; where the datanodes that
/// have room for all of them would make a shorter chain, one for each chunk. None when there is no room.
fn choose_chains(
    candidates: &mut [Candidate],
    count: u32,
    wanted: Wanted,
    needed: usize,
    mut seed: impl FnMut() -> u64,
) -> Option<Vec<Vec<DatanodeId>>> {
    let chain = usize::from(wanted.chain);
    let one = u64::from(wanted.bytes);
    let all = one * u64::from(count);
    if able(candidates, one, chain) == able(candidates, all, chain) {
        let chosen = choose_chain(candidates, chain, needed, all, count == 1, seed())?;
        return Some(vec![chosen; count as usize]);
    }
    let mut chains = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let chosen = choose_chain(candidates, chain, needed, one, false, seed())?;
        for candidate in candidates.iter_mut().filter(|candidate| chosen.contains(&candidate.id)) {
            candidate.load = candidate.load.saturating_add(1);
            candidate.free = candidate.free.saturating_sub(one);
        }
        chains.push(chosen);
    }
    Some(chains)
}

/// How long a chain with room for `length` bytes could be, up to `wanted`.
fn able(candidates: &[Candidate], length: u64, wanted: usize) -> usize {
    candidates.iter().filter(|candidate| candidate.free >= length).count().min(wanted)
}

/// As many of `wanted` as there are, but no fewer than `needed`. A single chunk may be short, so a datanode that has no
/// room for a full one is good enough where there is no better one.
fn choose_chain(
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

fn no_room(short: Short) -> Error {
    let detail = Detail::NoRoom(NoRoom { of: short, unfinished: None });
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

    fn chains(frees: &[u64], count: u32, needed: usize, seed: u64) -> Option<Vec<Vec<DatanodeId>>> {
        let mut seeds = seed * 1_000..;
        let wanted = Wanted { chain: 3, least: 2, bytes: CHUNK };
        choose_chains(&mut nodes(frees), count, wanted, needed, || seeds.next().expect("enough"))
    }

    #[test]
    fn one_plan_has_one_chain_and_plans_have_different_ones() {
        let mut found = BTreeSet::new();
        for seed in 0..50 {
            let chains = chains(&[10_000; 6], 64, 3, seed).expect("room");
            assert_eq!((chains.len(), chains[0].len()), (64, 3));
            assert!(chains.iter().all(|chain| *chain == chains[0]));
            found.insert(chains[0].clone());
        }
        assert!(found.len() > 10, "{}", found.len());
    }

    #[test]
    fn a_chain_is_shared_only_by_datanodes_with_room_for_all() {
        for seed in 0..50 {
            let shared = chains(&[399, 400, 400, 400], 4, 3, seed).expect("room");
            assert!(shared.iter().flatten().all(|id| *id != DatanodeId(1)), "{shared:?}");
            let apart = chains(&[200, 200, 400, 400, 400], 4, 3, seed).expect("room");
            assert!(apart.iter().all(|chain| *chain == apart[0] && chain.iter().all(|id| id.0 >= 3)));
        }
    }

    #[test]
    fn without_room_for_all_in_one_place_chunks_are_spread() {
        for seed in 0..50 {
            let chains = chains(&[200; 6], 3, 3, seed).expect("room");
            for id in (1..=6).map(DatanodeId) {
                assert!(chains.iter().filter(|chain| chain.contains(&id)).count() <= 2, "{chains:?}");
            }
            assert!(chains.iter().all(|chain| chain.len() == 3));
        }
        assert_eq!(chains(&[200; 3], 3, 3, 1), None);
    }

    #[test]
    fn a_chain_is_not_shortened_to_be_shared() {
        let chains = chains(&[1_000, 1_000, 150], 2, 2, 1).expect("room");
        assert_eq!(chains.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2]);
    }

    #[test]
    fn a_single_chunk_may_be_short() {
        assert_eq!(chains(&[50, 50, 50], 1, 3, 1).map(|chains| chains.len()), Some(1));
        assert_eq!(chains(&[50, 50, 50], 2, 3, 1), None);
        assert_eq!(chains(&[50, 50, 0], 1, 3, 1), None);
    }
}

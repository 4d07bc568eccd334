//! Chooses datanodes for new replicas: by free space and load, spread randomly.
//!
//! For each replica two of the remaining datanodes are drawn, and the better one is chosen. With
//! two choices the cluster is nearly as even as with the best one each time, without sending
//! everything to the newest datanode.

use dfs_types::DatanodeId;

/// A datanode that could store a replica. Only live ones are candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub id: DatanodeId,
    /// The bytes that it can still store, minus those already on their way to it.
    pub free: u64,
    /// Its load: streams in flight and chunks on their way.
    pub load: u32,
}

/// There are not enough datanodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{wanted} datanodes with room are needed, but there are only {found}")]
pub struct TooFew {
    pub wanted: usize,
    pub found: usize,
}

/// Returns the bytes of files that fit on datanodes with this much room each, with `replicas`
/// replicas of every byte on as many different datanodes: the largest `n` for which the parts of
/// the datanodes, none more than `n`, add up to `replicas * n`.
pub fn room(frees: &[u64], replicas: u8) -> u64 {
    let replicas = usize::from(replicas);
    if replicas == 0 || frees.len() < replicas {
        return 0;
    }
    let mut frees = frees.to_vec();
    frees.sort_unstable();
    let mut rest: u128 = frees.iter().map(|free| u128::from(*free)).sum();
    for left in (1..=replicas).rev() {
        let fits = rest / left as u128;
        match frees.last().copied().map(u128::from) {
            // It stores a whole replica of everything; the others have to store the rest.
            Some(most) if most > fits => {
                rest -= most;
                frees.pop();
            }
            _ => return u64::try_from(fits).unwrap_or(u64::MAX),
        }
    }
    0
}

/// Chooses `count` different datanodes for a chunk of `length` bytes, none of `exclude`, all with
/// room for it; in the order of the pipeline. The same `seed` gives the same choice.
///
/// # Errors
/// Returns an error if there are fewer.
pub fn choose(
    nodes: &[Candidate],
    count: usize,
    length: u64,
    exclude: &[DatanodeId],
    seed: u64,
) -> Result<Vec<DatanodeId>, TooFew> {
    let fits = |node: &&Candidate| node.free >= length && !exclude.contains(&node.id);
    let mut left: Vec<Candidate> = nodes.iter().filter(fits).copied().collect();
    if left.len() < count {
        return Err(TooFew { wanted: count, found: left.len() });
    }
    let mut random = Random(seed);
    let mut chosen = Vec::with_capacity(count);
    for _ in 0..count {
        let first = random.below(left.len());
        // The second one differs from the first, if there is another.
        let step = 1 + random.below(left.len().saturating_sub(1));
        let second = (first + step) % left.len().max(1);
        let better = match (left.get(first), left.get(second)) {
            (Some(a), Some(b)) if b.is_better_than(a) => second,
            _ => first,
        };
        chosen.push(left.swap_remove(better).id);
    }
    debug_assert!(chosen.iter().all(|id| !exclude.contains(id)), "{chosen:?} without {exclude:?}");
    Ok(chosen)
}

impl Candidate {
    /// Returns true if it has more free space per unit of load.
    fn is_better_than(&self, other: &Self) -> bool {
        let mine = u128::from(self.free) * (1 + u128::from(other.load));
        let theirs = u128::from(other.free) * (1 + u128::from(self.load));
        mine > theirs
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): generates a uniform sequence of numbers from a seed.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `bound`; zero if that is zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn candidate(id: u16, free: u64, load: u32) -> Candidate {
        Candidate { id: DatanodeId(id), free, load }
    }

    #[test]
    fn too_few_says_how_many() {
        let nodes = [candidate(1, 100, 0), candidate(2, 5, 0), candidate(3, 100, 0)];
        assert_eq!(choose(&nodes, 3, 10, &[], 1), Err(TooFew { wanted: 3, found: 2 }));
        assert_eq!(choose(&nodes, 2, 10, &[DatanodeId(3)], 1), Err(TooFew { wanted: 2, found: 1 }));
        assert_eq!(choose(&[], 0, 10, &[], 1), Ok(vec![]));
    }

    #[test]
    fn even_nodes_share_evenly_and_fuller_and_busier_ones_get_less() {
        let nodes = [candidate(1, 1000, 0), candidate(2, 1000, 0), candidate(3, 500, 0), candidate(4, 1000, 3)];
        let mut times = [0u32; 5];
        for seed in 0..10_000 {
            for id in choose(&nodes, 1, 10, &[], seed).expect("enough") {
                times[usize::from(id.0)] += 1;
            }
        }
        assert!(times[1].abs_diff(times[2]) < 500, "{times:?}");
        assert!(times[3] < times[1] && times[4] < times[3], "{times:?}");
    }

    proptest! {
        #[test]
        fn there_is_room_for_what_the_datanodes_can_share(
            frees in prop::collection::vec(0u64..50, 0..7), replicas in 1u8..5,
        ) {
            // Checked against the definition.
            let enough = |bytes: u64| {
                let shared: u64 = frees.iter().map(|free| *free.min(&bytes)).sum();
                shared >= bytes * u64::from(replicas)
            };
            let most = (0..400).rev().find(|bytes| enough(*bytes)).unwrap_or(0);
            prop_assert_eq!(room(&frees, replicas), most);
        }

        #[test]
        fn what_is_chosen_is_allowed_different_and_the_same_again(
            frees in prop::collection::vec((0u64..100, 0u32..5), 0..12),
            count in 0usize..6, length in 0u64..100, out in prop::collection::vec(1u16..12, 0..4), seed: u64,
        ) {
            let nodes: Vec<_> = frees.iter().zip(1..).map(|((free, load), id)| candidate(id, *free, *load)).collect();
            let exclude: Vec<_> = out.into_iter().map(DatanodeId).collect();
            let able: BTreeSet<_> = nodes.iter().filter(|n| n.free >= length && !exclude.contains(&n.id)).map(|n| n.id).collect();
            let chosen = choose(&nodes, count, length, &exclude, seed);
            prop_assert_eq!(&chosen, &choose(&nodes, count, length, &exclude, seed));
            match chosen {
                Err(few) => prop_assert_eq!(few, TooFew { wanted: count, found: able.len() }),
                Ok(chosen) => {
                    let set: BTreeSet<_> = chosen.iter().copied().collect();
                    prop_assert_eq!((chosen.len(), set.len()), (count, count));
                    prop_assert!(set.is_subset(&able));
                }
            }
        }
    }
}

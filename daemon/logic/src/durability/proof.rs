//! Decides which replicas may be deleted, and on which proof: the table of
//! docs/design/durability.md.
//!
//! **Invariant:** no replica that a file names is destroyed, unless as many others as the file
//! wants, and at least one, were verified since they appeared.

use dfs_types::{ChunkId, ReplicaKey, ReplicaState, StoredReplica};

/// The class of a replica with regard to the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// No file names its chunk, and none can any more.
    Unnamed,
    /// It has the committed key, and is good: it may be surplus.
    Surplus,
    /// It has the committed key, and is suspect.
    Suspect,
    /// It has an older generation than the committed one.
    Outdated,
    /// It has the committed generation and another checksum.
    Foreign,
    /// It belongs to a write that is not committed.
    Pending,
    /// Its id was not handed out: the namespace is older than the data.
    Unknown,
}

/// The decision about a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    Go,
    /// It may be deleted once more replicas of the committed key are verified.
    Prove,
    Stay,
}

/// Classifies a replica. `committed` is the key that a file names for its chunk, `garbage` is true
/// if no file can ever name the chunk again, `next` is the first id that was not handed out.
pub fn classify(stored: StoredReplica, committed: Option<ReplicaKey>, garbage: bool, next: ChunkId) -> Claim {
    let StoredReplica { key, state } = stored;
    match committed {
        Some(committed) if key == committed && state == ReplicaState::Suspect => Claim::Suspect,
        Some(committed) if key == committed => Claim::Surplus,
        Some(committed) if key.generation < committed.generation => Claim::Outdated,
        Some(committed) if key.generation == committed.generation => Claim::Foreign,
        None if key.chunk >= next => Claim::Unknown,
        None if garbage => Claim::Unnamed,
        Some(_) | None => Claim::Pending,
    }
}

/// Decides about a replica of a chunk that should have `wanted` replicas, when `verified` others of
/// the committed key are on live datanodes that stay, and were verified since they appeared.
pub fn rule(claim: Claim, verified: usize, wanted: usize) -> Ruling {
    let ruling = match claim {
        Claim::Unnamed => Ruling::Go,
        Claim::Pending | Claim::Unknown => Ruling::Stay,
        Claim::Surplus | Claim::Suspect | Claim::Outdated | Claim::Foreign if verified >= wanted.max(1) => Ruling::Go,
        Claim::Surplus | Claim::Suspect | Claim::Outdated | Claim::Foreign => Ruling::Prove,
    };
    let proved = verified > 0 && verified >= wanted;
    debug_assert!(ruling != Ruling::Go || claim == Claim::Unnamed || proved, "{claim:?}: {verified} of {wanted}");
    ruling
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_types::Generation;

    fn key(generation: u32, checksum: u32) -> ReplicaKey {
        ReplicaKey { chunk: ChunkId(5), generation: Generation(generation), checksum }
    }

    #[test]
    fn each_row_of_the_table() {
        use ReplicaState::{Stored, Suspect, Verified};
        let named = Some(key(2, 7));
        let (low, high) = (ChunkId(5), ChunkId(6));
        for (key, state, committed, garbage, next, claim) in [
            (key(2, 7), Stored, None, true, high, Claim::Unnamed),
            (key(2, 7), Suspect, None, true, high, Claim::Unnamed),
            (key(2, 7), Stored, named, false, high, Claim::Surplus),
            (key(2, 7), Verified, named, false, high, Claim::Surplus),
            (key(2, 7), Suspect, named, false, high, Claim::Suspect),
            (key(1, 7), Verified, named, false, high, Claim::Outdated),
            (key(2, 8), Verified, named, false, high, Claim::Foreign),
            (key(2, 8), Suspect, named, false, high, Claim::Foreign),
            (key(3, 7), Verified, named, false, high, Claim::Pending),
            (key(2, 7), Verified, None, false, high, Claim::Pending),
            (key(2, 7), Stored, None, false, low, Claim::Unknown),
            (key(2, 7), Stored, None, true, low, Claim::Unknown),
        ] {
            assert_eq!(classify(StoredReplica { key, state }, committed, garbage, next), claim, "{key} {state:?}");
        }
    }

    #[test]
    fn only_verified_others_let_a_named_replica_go() {
        for claim in [Claim::Surplus, Claim::Suspect, Claim::Outdated, Claim::Foreign] {
            for (verified, wanted, ruling) in [
                (0, 0, Ruling::Prove),
                (1, 0, Ruling::Go),
                (1, 1, Ruling::Go),
                (2, 3, Ruling::Prove),
                (3, 3, Ruling::Go),
                (4, 3, Ruling::Go),
            ] {
                assert_eq!(rule(claim, verified, wanted), ruling, "{claim:?}: {verified} of {wanted}");
            }
        }
        assert_eq!(rule(Claim::Unnamed, 0, 0), Ruling::Go);
        assert_eq!(rule(Claim::Pending, 9, 1), Ruling::Stay);
        assert_eq!(rule(Claim::Unknown, 9, 1), Ruling::Stay);
    }
}

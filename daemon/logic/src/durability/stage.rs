//! The life of a replica on a datanode: the tables of docs/design/durability.md as functions.
//!
//! **Invariant:** a replica is replaced only when it is suspect, and only by bytes with its own
//! key.

use dfs_types::{ChunkId, Generation, ReplicaKey, ReplicaState};

/// The stage of a replica in its life. Absence is no stage: then there is no replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is being received.
    Incoming,
    /// It is listed, and its state says how far it can be relied upon.
    Listed(ReplicaState),
    /// It was taken out of service after proof, and is kept for a while.
    Quarantined,
}

/// An event in the life of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// All bytes were received, verified and synced, and the file has its name.
    Published,
    /// The write ended without success.
    Aborted,
    /// The datanode starts and finds its file.
    Found,
    /// All blocks were compared with their checksums, and all match.
    Proved,
    /// A block or the header does not match, or cannot be read from the disk.
    Failed,
    /// Descriptors, memory or threads were lacking, or the operation was interrupted.
    Hindered,
    /// A master orders its deletion.
    Deleted,
    /// There are more replicas in quarantine than are kept, and this is the oldest.
    Expired,
}

/// Returns the stage after an event; none if there is no replica any more. Events that are
/// impossible change nothing.
pub fn next(stage: Stage, event: Event) -> Option<Stage> {
    use ReplicaState::{Stored, Suspect, Verified};
    let after = match (stage, event) {
        (Stage::Incoming, Event::Published) => Some(Stage::Listed(Verified)),
        (Stage::Incoming, Event::Aborted | Event::Found | Event::Deleted) => None,
        (Stage::Listed(_), Event::Found) => Some(Stage::Listed(Stored)),
        // A verified replica replaced a suspect one.
        (Stage::Listed(Suspect), Event::Published) => Some(Stage::Listed(Verified)),
        (Stage::Listed(_), Event::Proved) => Some(Stage::Listed(Verified)),
        (Stage::Listed(_), Event::Failed) => Some(Stage::Listed(Suspect)),
        (Stage::Listed(Suspect), Event::Deleted) => Some(Stage::Quarantined),
        (Stage::Listed(_), Event::Deleted) => None,
        (Stage::Quarantined, Event::Expired) => None,
        (stage, _) => Some(stage),
    };
    let ended = after.is_none() || after == Some(Stage::Quarantined);
    let listed = matches!(stage, Stage::Listed(_));
    debug_assert!(!(listed && ended) || event == Event::Deleted, "only an order ends a replica: {stage:?} {event:?}");
    after
}

/// The reason why a write may not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteRefused {
    #[error("a newer generation of the chunk is stored here")]
    Stale,
    #[error("this chunk and generation is stored here already and cannot be written again")]
    Exists,
}

/// Checks that a write of a chunk and generation may begin beside the replicas of that chunk that
/// are here. `checksum` is the committed one, which only copies and reconstructions have.
///
/// # Errors
/// Returns an error if it would replace something, except a suspect replica by its own bytes.
pub fn may_write(
    here: impl IntoIterator<Item = (ReplicaKey, ReplicaState)>,
    chunk: ChunkId,
    generation: Generation,
    checksum: Option<u32>,
) -> Result<(), WriteRefused> {
    for (key, state) in here.into_iter().filter(|(key, _)| key.chunk == chunk) {
        let same = key.generation == generation;
        let other_bytes = checksum.is_some_and(|checksum| checksum != key.checksum);
        let replaces = checksum == Some(key.checksum) && state == ReplicaState::Suspect;
        match () {
            () if key.generation > generation && checksum.is_none() => return Err(WriteRefused::Stale),
            () if same && !other_bytes && !replaces => return Err(WriteRefused::Exists),
            () => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReplicaState::{Stored, Suspect, Verified};

    #[test]
    fn each_row_of_the_table_of_states() {
        let listed = Stage::Listed;
        for (stage, event, after) in [
            (Stage::Incoming, Event::Published, Some(listed(Verified))),
            (Stage::Incoming, Event::Aborted, None),
            (Stage::Incoming, Event::Found, None),
            (listed(Stored), Event::Found, Some(listed(Stored))),
            (listed(Verified), Event::Found, Some(listed(Stored))),
            (listed(Suspect), Event::Found, Some(listed(Stored))),
            (listed(Stored), Event::Proved, Some(listed(Verified))),
            (listed(Verified), Event::Proved, Some(listed(Verified))),
            (listed(Suspect), Event::Proved, Some(listed(Verified))),
            (listed(Stored), Event::Failed, Some(listed(Suspect))),
            (listed(Verified), Event::Failed, Some(listed(Suspect))),
            (listed(Suspect), Event::Failed, Some(listed(Suspect))),
            (listed(Suspect), Event::Published, Some(listed(Verified))),
            (listed(Stored), Event::Hindered, Some(listed(Stored))),
            (listed(Verified), Event::Hindered, Some(listed(Verified))),
            (listed(Stored), Event::Deleted, None),
            (listed(Verified), Event::Deleted, None),
            (listed(Suspect), Event::Deleted, Some(Stage::Quarantined)),
            (Stage::Quarantined, Event::Found, Some(Stage::Quarantined)),
            (Stage::Quarantined, Event::Expired, None),
        ] {
            assert_eq!(next(stage, event), after, "{stage:?} {event:?}");
        }
    }

    #[test]
    fn a_replica_that_exists_is_never_written_again() {
        let key = |generation, checksum| ReplicaKey { chunk: ChunkId(5), generation: Generation(generation), checksum };
        for (here, checksum, outcome) in [
            (vec![], None, Ok(())),
            (vec![], Some(7), Ok(())),
            (vec![(key(2, 7), Stored)], None, Err(WriteRefused::Exists)),
            (vec![(key(2, 7), Verified)], None, Err(WriteRefused::Exists)),
            (vec![(key(2, 7), Suspect)], None, Err(WriteRefused::Exists)),
            (vec![(key(2, 7), Stored)], Some(7), Err(WriteRefused::Exists)),
            (vec![(key(2, 7), Verified)], Some(7), Err(WriteRefused::Exists)),
            (vec![(key(2, 7), Suspect)], Some(7), Ok(())),
            // A replica with other bytes is stored beside it, under a name of its own.
            (vec![(key(2, 8), Verified)], Some(7), Ok(())),
            (vec![(key(1, 7), Verified)], None, Ok(())),
            (vec![(key(3, 7), Verified)], None, Err(WriteRefused::Stale)),
            // A file under a wrong name does not block the committed bytes.
            (vec![(key(3, 7), Verified)], Some(7), Ok(())),
        ] {
            assert_eq!(may_write(here.clone(), ChunkId(5), Generation(2), checksum), outcome, "{here:?} {checksum:?}");
        }
    }
}

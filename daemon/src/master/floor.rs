//! The bound to which the collection floor may rise: see docs/design/decisions.md, *Which chunks
//! are garbage*.
//!
//! **Invariant:** the floor never rises above an id that was handed out less than `collect_after`
//! ago, nor above the lowest chunk of a write in flight that the leader knows. Numbers sent by
//! clients have no influence on it.

use dfs_types::{ChunkId, Timestamp};
use std::collections::VecDeque;
use std::time::Duration;

/// The maximum number of samples kept: one per `collect_after / SAMPLES_MAX`.
const SAMPLES_MAX: usize = 256;

/// The samples that bound the collection floor. Each new leader starts without samples, so it waits
/// `collect_after` before its first raise.
#[derive(Debug)]
pub struct CollectionFloor {
    collect_after: Duration,
    /// Pairs of a time and an id: all ids below it were handed out or abandoned at that time or
    /// before.
    samples: VecDeque<(Timestamp, ChunkId)>,
}

impl CollectionFloor {
    pub fn new(collect_after: Duration) -> Self {
        Self { collect_after, samples: VecDeque::new() }
    }

    /// Drops all samples: a new leader does not know the writes of the previous one.
    pub fn lead(&mut self) {
        *self = Self::new(self.collect_after);
    }

    /// Records that all ids below `id` have been handed out by `now`.
    pub fn sample(&mut self, id: ChunkId, now: Timestamp) {
        let gap = self.collect_after / SAMPLES_MAX as u32;
        if self.samples.back().is_none_or(|(at, _)| now.since(*at) > gap) {
            self.samples.push_back((now, id));
        }
    }

    /// Returns the highest floor that is allowed now; `held` is the lowest chunk of any write in
    /// flight. None while no sample is old enough.
    pub fn highest(&mut self, held: Option<ChunkId>, now: Timestamp) -> Option<ChunkId> {
        let old = |at: Timestamp| now.since(at) >= self.collect_after;
        let mut highest = None;
        while let Some((at, id)) = self.samples.front().copied() {
            if !old(at) {
                break;
            }
            highest = Some(id);
            // The newest sample that is old enough is kept: it is the bound until the next one is
            // old enough.
            if self.samples.get(1).is_none_or(|(at, _)| !old(*at)) {
                break;
            }
            self.samples.pop_front();
        }
        let highest = highest.map(|id| held.map_or(id, |held| held.min(id)));
        debug_assert_eq!(highest.map_or(Ok(()), |floor| check_floor(floor, held)), Ok(()));
        highest
    }
}

/// Checks that the floor is not above `held`, the lowest chunk of any write in flight.
///
/// # Errors
/// Returns a description of the violation.
pub fn check_floor(floor: ChunkId, held: Option<ChunkId>) -> Result<(), String> {
    match held.filter(|held| *held < floor) {
        Some(held) => Err(format!("a write in flight has chunk {held}, below the floor {floor}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1000)
    }

    #[test]
    fn the_floor_follows_what_is_old_enough() {
        let mut floor = CollectionFloor::new(Duration::from_secs(100));
        assert_eq!(floor.highest(None, at(0)), None);
        for second in 0..300 {
            floor.sample(ChunkId(second), at(second));
            match floor.highest(None, at(second)) {
                None => assert!(second < 100),
                Some(id) => assert!(id.0 + 100 <= second && id.0 + 102 >= second, "{id:?} at {second}"),
            }
        }
        assert!(floor.samples.len() <= SAMPLES_MAX + 2);
    }

    #[test]
    fn writes_in_flight_hold_it() {
        let mut floor = CollectionFloor::new(Duration::from_secs(100));
        floor.sample(ChunkId(50), at(0));
        assert_eq!(floor.highest(Some(ChunkId(7)), at(150)), Some(ChunkId(7)));
        assert_eq!(floor.highest(Some(ChunkId(60)), at(150)), Some(ChunkId(50)));
        assert_eq!(floor.highest(None, at(150)), Some(ChunkId(50)));
        assert_eq!(check_floor(ChunkId(7), Some(ChunkId(7))), Ok(()));
        assert!(check_floor(ChunkId(8), Some(ChunkId(7))).is_err());
    }
}

//! How far the collection floor may rise: see docs/design/decisions.md, *Which chunks are garbage*.
//!
//! **Invariant:** the floor never rises above an id that was handed out less than `collect_after` ago, nor above the
//! oldest chunk of a write that has renewed its hold within `collect_after`.

use dfs_types::{ChunkId, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Moments that are remembered: `collect_after` is cut into so many parts.
const SAMPLES_MAX: usize = 256;
/// Writes whose hold is remembered. A write beyond them is safe for `collect_after` since its chunks were handed out.
const HOLDS_MAX: usize = 65_536;

/// What is remembered for the floor. It begins anew with each leader, who so waits `collect_after` before the first rise.
#[derive(Debug)]
pub struct Floor {
    collect_after: Duration,
    /// Everything below the id was handed out, or given up, at this time or before.
    samples: VecDeque<(Timestamp, ChunkId)>,
    /// The oldest chunk of each write in flight that has planned more than once, and when its hold ends.
    holds: BTreeMap<ChunkId, Timestamp>,
}

impl Floor {
    pub fn new(collect_after: Duration) -> Self {
        Self { collect_after, samples: VecDeque::new(), holds: BTreeMap::new() }
    }

    /// A new leader knows nothing of the writes of the last one.
    pub fn lead(&mut self) {
        *self = Self::new(self.collect_after);
    }

    /// A write plans on, and still needs its chunks from `oldest` on.
    pub fn hold(&mut self, oldest: ChunkId, now: Timestamp) {
        if self.holds.len() < HOLDS_MAX || self.holds.contains_key(&oldest) {
            self.holds.insert(oldest, now.plus(self.collect_after));
        }
    }

    /// A write has ended.
    pub fn release(&mut self, oldest: ChunkId) {
        self.holds.remove(&oldest);
    }

    /// Notes that all ids below `id` have been handed out by now.
    pub fn sample(&mut self, id: ChunkId, now: Timestamp) {
        let gap = self.collect_after / SAMPLES_MAX as u32;
        if self.samples.back().is_none_or(|(at, _)| now.since(*at) > gap) {
            self.samples.push_back((now, id));
        }
        self.holds.retain(|_, until| *until > now);
    }

    /// Where the floor may stand now; none while nothing is old enough.
    pub fn highest(&mut self, now: Timestamp) -> Option<ChunkId> {
        let old = |at: Timestamp| now.since(at) >= self.collect_after;
        let mut highest = None;
        while let Some((at, id)) = self.samples.front().copied() {
            if !old(at) {
                break;
            }
            highest = Some(id);
            // The newest old one is kept: it holds until the next one is old enough.
            if self.samples.get(1).is_none_or(|(at, _)| !old(*at)) {
                break;
            }
            self.samples.pop_front();
        }
        let held = self.holds.keys().next().copied();
        highest.map(|id| held.map_or(id, |held| held.min(id)))
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
        let mut floor = Floor::new(Duration::from_secs(100));
        assert_eq!(floor.highest(at(0)), None);
        for second in 0..300 {
            floor.sample(ChunkId(second), at(second));
            match floor.highest(at(second)) {
                None => assert!(second < 100),
                Some(id) => assert!(id.0 + 100 <= second && id.0 + 102 >= second, "{id:?} at {second}"),
            }
        }
        assert!(floor.samples.len() <= SAMPLES_MAX + 2);
    }

    #[test]
    fn writes_in_flight_hold_it_until_they_end_or_fall_silent() {
        let mut floor = Floor::new(Duration::from_secs(100));
        floor.sample(ChunkId(50), at(0));
        floor.hold(ChunkId(7), at(60));
        assert_eq!(floor.highest(at(150)), Some(ChunkId(7)));
        floor.hold(ChunkId(7), at(155));
        floor.sample(ChunkId(90), at(200));
        assert_eq!(floor.highest(at(200)), Some(ChunkId(7)));
        floor.release(ChunkId(7));
        assert_eq!(floor.highest(at(200)), Some(ChunkId(50)));
        floor.hold(ChunkId(8), at(200));
        floor.sample(ChunkId(91), at(301));
        assert_eq!(floor.highest(at(301)), Some(ChunkId(90)));
    }
}

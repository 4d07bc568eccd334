//! Idle data connections, kept for the next transfer through the same pipeline of datanodes.

use dfs_rpc::conn::DataConn;
use dfs_types::DatanodeId;
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The maximum number of idle connections; the one that has been idle longest is closed first.
const IDLE_MAX: usize = 64;
/// Idle connections are closed after this time.
pub(crate) const IDLE_TIME: Duration = Duration::from_secs(60);

/// The time limits of a connection, for each receive and for each send.
pub(crate) type Limits = (Duration, Duration);

/// A data connection that is used by one transfer.
#[derive(Debug)]
pub(crate) struct Lease<C = DataConn> {
    pub conn: Arc<C>,
    /// The datanodes that it serves, beginning with the head.
    pub pipeline: Vec<DatanodeId>,
    /// It served an earlier transfer, and may have failed since.
    pub reused: bool,
    /// The number of the last stream on it.
    pub streams: u32,
    pub limits: Option<Limits>,
}

impl<C> Lease<C> {
    pub(crate) fn new(conn: C, pipeline: Vec<DatanodeId>) -> Self {
        Self { conn: Arc::new(conn), pipeline, reused: false, streams: 0, limits: None }
    }

    /// Returns the number of the next stream. Numbers are not reused, so that answers to different
    /// streams cannot be confused.
    pub(crate) fn next_stream(&mut self) -> u32 {
        self.streams = self.streams.wrapping_add(1);
        self.streams
    }
}

/// Idle connections by head, preferably the one that served the same pipeline last: its head may
/// still be connected to the next datanode. The most recently used connection is reused first, so
/// that connections that are not needed expire.
#[derive(Debug)]
pub(crate) struct Pool<C = DataConn> {
    /// In the order in which they were returned.
    idle: Mutex<VecDeque<(Instant, Lease<C>)>>,
}

impl<C> Default for Pool<C> {
    fn default() -> Self {
        Self { idle: Mutex::default() }
    }
}

impl<C> Pool<C> {
    fn lock(&self) -> MutexGuard<'_, VecDeque<(Instant, Lease<C>)>> {
        self.idle.lock()
    }

    /// Takes an idle connection to the head of this pipeline.
    pub(crate) fn take(&self, pipeline: &[DatanodeId], now: Instant) -> Option<Lease<C>> {
        let mut idle = self.lock();
        expire(&mut idle, now);
        let same = idle.iter().rposition(|(_, lease)| lease.pipeline == pipeline);
        let place = same.or_else(|| idle.iter().rposition(|(_, lease)| lease.pipeline.first() == pipeline.first()))?;
        idle.remove(place).map(|(_, lease)| Lease { reused: true, pipeline: pipeline.to_vec(), ..lease })
    }

    /// Returns a connection without streams in flight to the pool.
    pub(crate) fn give_back(&self, lease: Lease<C>, now: Instant) {
        let mut idle = self.lock();
        expire(&mut idle, now);
        if idle.len() >= IDLE_MAX {
            idle.pop_front();
        }
        idle.push_back((now, lease));
    }

    /// Closes the idle connections to the head of `pipeline`, after one of them failed.
    pub(crate) fn forget(&self, pipeline: &[DatanodeId]) {
        self.lock().retain(|(_, lease)| lease.pipeline.first() != pipeline.first());
    }

    /// Closes connections that have been idle for too long.
    pub(crate) fn sweep(&self, now: Instant) {
        expire(&mut self.lock(), now);
    }
}

fn expire<C>(idle: &mut VecDeque<(Instant, Lease<C>)>, now: Instant) {
    while idle.front().is_some_and(|(since, _)| now.saturating_duration_since(*since) >= IDLE_TIME) {
        idle.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipeline(ids: &[u16]) -> Vec<DatanodeId> {
        ids.iter().map(|id| DatanodeId(*id)).collect()
    }

    #[test]
    fn the_last_one_used_comes_first_and_the_same_chain_before_others() {
        let pool = Pool::<u32>::default();
        let now = Instant::now();
        for (number, ids) in [[1, 2], [1, 2], [1, 3], [2, 1]].iter().enumerate() {
            pool.give_back(Lease::new(number as u32, pipeline(ids)), now);
        }
        let take = |ids| pool.take(&pipeline(ids), now).map(|lease| (*lease.conn, lease.reused, lease.pipeline));
        assert_eq!(take(&[3]), None);
        assert_eq!(take(&[1, 2]), Some((1, true, pipeline(&[1, 2]))));
        assert_eq!(take(&[1]), Some((2, true, pipeline(&[1]))));
        assert_eq!(take(&[1, 9]), Some((0, true, pipeline(&[1, 9]))));
        assert_eq!(take(&[1, 2]), None);
        assert_eq!(take(&[2]), Some((3, true, pipeline(&[2]))));
    }

    #[test]
    fn idle_ones_age_and_are_bounded() {
        let pool = Pool::<u32>::default();
        let now = Instant::now();
        pool.give_back(Lease::new(0, pipeline(&[1])), now);
        pool.sweep(now + IDLE_TIME / 2);
        assert_eq!(pool.lock().len(), 1);
        pool.sweep(now + IDLE_TIME);
        assert_eq!(pool.lock().len(), 0);
        for number in 0..=IDLE_MAX {
            pool.give_back(Lease::new(number as u32, pipeline(&[1])), now);
        }
        let left = std::iter::from_fn(|| pool.take(&pipeline(&[1]), now)).map(|lease| *lease.conn);
        assert_eq!(left.collect::<Vec<_>>(), (1..=IDLE_MAX as u32).rev().collect::<Vec<_>>());
    }

    #[test]
    fn connections_to_a_failed_head_are_dropped_for_all_its_pipelines() {
        let pool = Pool::<u32>::default();
        let now = Instant::now();
        for (number, ids) in [[1, 2], [1, 3], [2, 1]].iter().enumerate() {
            pool.give_back(Lease::new(number as u32, pipeline(ids)), now);
        }
        pool.forget(&pipeline(&[1, 2]));
        assert!(pool.take(&pipeline(&[1, 3]), now).is_none());
        assert!(pool.take(&pipeline(&[2, 1]), now).is_some());
    }

    #[test]
    fn stream_numbers_go_on_over_leases() {
        let pool = Pool::<u32>::default();
        let mut lease = Lease::new(1, pipeline(&[1]));
        assert_eq!((lease.next_stream(), lease.next_stream()), (1, 2));
        pool.give_back(lease, Instant::now());
        let again = pool.take(&pipeline(&[1]), Instant::now()).map(|mut lease| lease.next_stream());
        assert_eq!(again, Some(3));
    }
}

//! Ids of requests and of writes.

use dfs_types::{RequestId, WriteId};
use ring::rand::{SecureRandom, SystemRandom};
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The upper half of all request ids of this process.
static PREFIX: LazyLock<u64> = LazyLock::new(draw);
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Returns the id of a new request; retries carry the same id.
///
/// The upper half is drawn once per process from the system, the lower half is a counter. So two
/// ids of one process are never equal, and those of two processes only if both draw the same 64
/// bits. A generator that is seeded from the time would make that likely when many processes start
/// at once.
pub fn next_request() -> RequestId {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    RequestId(u128::from(*PREFIX) << 64 | u128::from(number))
}

/// Returns the id of a new write: 128 bits drawn from the system.
pub fn next_write() -> WriteId {
    WriteId(u128::from(draw()) << 64 | u128::from(draw()))
}

#[expect(clippy::disallowed_methods, reason = "ids of requests are drawn here")]
fn draw() -> u64 {
    let mut bytes = [0; 8];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes),
        // Without the system's random source there is no TLS either; the keys of the standard
        // library's maps use it too.
        Err(_) => RandomState::new().hash_one(std::process::id()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_differ_and_share_the_half_of_the_process() {
        let draw = || std::thread::spawn(|| (0..1_000).map(|_| next_request()).collect::<Vec<_>>());
        let threads = [draw(), draw(), draw()];
        let ids: Vec<RequestId> = threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 3_000);
        assert_eq!(ids.iter().map(|id| id.0 >> 64).collect::<BTreeSet<_>>().len(), 1);
    }

    #[test]
    fn processes_draw_different_halves() {
        assert_ne!(draw(), draw());
    }
}

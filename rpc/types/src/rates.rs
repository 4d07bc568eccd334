//! Rates of datanodes, computed from the counters in their heartbeats.
//!
//! Counters only increase while a datanode runs; its rate is the difference between two of its
//! heartbeats ([`Pace`]).

use crate::time::Timestamp;

/// Bytes and operations per second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// Bytes read from and written to datanodes.
    pub read: f64,
    pub written: f64,
    /// Chunk reads and writes.
    pub reads: f64,
    pub writes: f64,
}

impl Rates {
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.written += other.written;
        self.reads += other.reads;
        self.writes += other.writes;
    }
}

/// The counters of a datanode since its start, as reported in one heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// The time at which the heartbeat arrived.
    pub at: Timestamp,
    /// Bytes read and written.
    pub read: u64,
    pub written: u64,
    /// Chunk reads and writes.
    pub reads: u64,
    pub writes: u64,
}

impl Counters {
    /// Returns `None` if a counter was reset.
    fn since(&self, before: &Self, span_ms: u64) -> Option<Rates> {
        let per_second = |now: u64, then: u64| Some(now.checked_sub(then)? as f64 * 1000.0 / span_ms as f64);
        Some(Rates {
            read: per_second(self.read, before.read)?,
            written: per_second(self.written, before.written)?,
            reads: per_second(self.reads, before.reads)?,
            writes: per_second(self.writes, before.writes)?,
        })
    }
}

/// The arrival times of the same heartbeat differ by less than this, in milliseconds.
const HEARTBEAT_MS_MIN: u64 = 100;

/// The rates of one datanode, updated with each sample of its last heartbeat. Heartbeats between
/// two samples are covered by the difference.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    counters: Option<Counters>,
    rates: Option<Rates>,
}

impl Pace {
    /// Returns `None` if the rates are not known.
    pub fn rates(&self) -> Option<Rates> {
        self.rates
    }

    /// Adds the last heartbeat, which may be the same as before.
    pub fn add(&mut self, counters: Counters) {
        let Some(before) = self.counters.replace(counters) else { return };
        if counters.at.0.saturating_add(HEARTBEAT_MS_MIN) < before.at.0 {
            // The clock was set back, or another master reports: the rates in between are not
            // known.
            self.rates = None;
            return;
        }
        let span_ms = counters.at.0.saturating_sub(before.at.0);
        if span_ms < HEARTBEAT_MS_MIN {
            // This is the same heartbeat with a later arrival time.
            self.counters = Some(before);
            return;
        }
        self.rates = counters.since(&before, span_ms);
    }

    /// Discards the rates: they are no longer known.
    pub fn lose(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(at: u64, read: u64) -> Counters {
        Counters { at: Timestamp(at), read, written: 0, reads: 0, writes: read / 1000 }
    }

    fn read(pace: &Pace) -> Option<f64> {
        pace.rates().map(|rates| rates.read)
    }

    #[test]
    fn rates_are_differences_between_heartbeats() {
        let mut pace = Pace::default();
        pace.add(counters(0, 1000));
        assert_eq!(pace.rates(), None, "one heartbeat is no rate");
        pace.add(counters(2_000, 5000));
        assert_eq!(pace.rates(), Some(Rates { read: 2000.0, writes: 2.0, ..Rates::default() }));
        // The same heartbeat again, also with a slightly different arrival time.
        for at in [2_000, 1_950, 2_050] {
            pace.add(counters(at, 5000));
            assert_eq!(read(&pace), Some(2000.0), "{at}");
        }
        // The first of two heartbeats between two samples is covered by the second.
        pace.add(counters(6_000, 5400));
        assert_eq!(read(&pace), Some(100.0));
    }

    #[test]
    fn unknown_rates_are_none() {
        let mut pace = Pace::default();
        [counters(0, 1000), counters(2_000, 5000)].into_iter().for_each(|counters| pace.add(counters));
        pace.add(counters(4_000, 10));
        assert_eq!(read(&pace), None, "its counters were reset");
        pace.add(counters(5_000, 20));
        assert_eq!(read(&pace), Some(10.0));
        pace.add(counters(1_000, 30));
        assert_eq!(read(&pace), None, "the clock was set back");
        pace.add(counters(2_000, 40));
        assert_eq!(read(&pace), Some(10.0));
        pace.lose();
        assert_eq!(read(&pace), None);
        pace.add(counters(3_000, 50));
        assert_eq!(read(&pace), None, "the rates of the time without heartbeats are not known");
    }
}

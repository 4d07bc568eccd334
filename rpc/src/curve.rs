//! What datanodes and the cluster do per second.
//!
//! Datanodes tell counters that only rise; what one does per second is the difference between two of its heartbeats
//! ([`Pace`]). Masters keep the last seconds of the cluster ([`Second`]); dashboards are told them, and follow the pace of
//! single datanodes themselves.

use crate::CURVE_SECONDS_MAX;
use crate::wire::node::NodeLoad;
use dfs_types::Timestamp;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// What is done per second.
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

/// The cluster in one second. Rates travel in single precision, which is finer than anything that is drawn of them.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Second {
    /// What all datanodes do whose pace is known; none until two heartbeats of one were heard.
    pub rates: Option<Rates>,
    /// Changes of names; none in the first second.
    pub changes: Option<f64>,
    /// Copies that chunks lack in all; none before they were counted, and while datanodes have still to report what they have.
    pub lacking: Option<u64>,
    /// Bytes used on live datanodes.
    pub used: u64,
}

/// A [`Second`] as it travels.
#[derive(Serialize, Deserialize)]
struct Wire {
    /// In the order of [`Rates`].
    rates: Option<[f32; 4]>,
    changes: Option<f32>,
    lacking: Option<u64>,
    used: u64,
}

impl From<Second> for Wire {
    fn from(second: Second) -> Self {
        let Second { rates, changes, lacking, used } = second;
        let rates = rates.map(|Rates { read, written, reads, writes }| [read, written, reads, writes]);
        let rates = rates.map(|rates| rates.map(|rate| rate as f32));
        Self { rates, changes: changes.map(|changes| changes as f32), lacking, used }
    }
}

impl TryFrom<Wire> for Second {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let Wire { rates, changes, lacking, used } = wire;
        if rates.iter().flatten().chain(&changes).any(|rate| !rate.is_finite() || *rate < 0.0) {
            return Err("a rate that cannot be");
        }
        let rates = rates.map(|rates| rates.map(f64::from));
        let rates = rates.map(|[read, written, reads, writes]| Rates { read, written, reads, writes });
        Ok(Self { rates, changes: changes.map(f64::from), lacking, used })
    }
}

/// Reads a curve of at most [`CURVE_SECONDS_MAX`]; more is refused before memory is taken for it.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Option<Second>>, D::Error> {
    struct Curve;
    impl<'de> Visitor<'de> for Curve {
        type Value = Vec<Option<Second>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {CURVE_SECONDS_MAX} seconds")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut told: A) -> Result<Self::Value, A::Error> {
            let mut seconds = Vec::new();
            while let Some(second) = told.next_element()? {
                if seconds.len() >= CURVE_SECONDS_MAX {
                    return Err(A::Error::custom("the curve is too long"));
                }
                seconds.push(second);
            }
            Ok(seconds)
        }
    }
    deserializer.deserialize_seq(Curve)
}

/// What a datanode had done in all, at a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    pub at: Timestamp,
    read: u64,
    written: u64,
    reads: u64,
    writes: u64,
}

impl Heard {
    pub fn new(load: &NodeLoad, at: Timestamp) -> Self {
        let NodeLoad { bytes_read: read, bytes_written: written, reads, writes, .. } = *load;
        Self { at, read, written, reads, writes }
    }

    /// None when the counters began anew.
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

/// Two tellings of the same heartbeat differ by less.
const HEARTBEAT_MS_MIN: u64 = 100;

/// What a datanode does per second, followed from one look at it to the next. Nothing is lost between two looks: heartbeats
/// that came meanwhile count with the last of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    heard: Option<Heard>,
    rates: Option<Rates>,
}

impl Pace {
    /// None when that is not known.
    pub fn rates(&self) -> Option<Rates> {
        self.rates
    }

    /// Takes in the last heartbeat, which may be the same as before.
    pub fn hear(&mut self, heard: Heard) {
        let Some(before) = self.heard.replace(heard) else { return };
        if heard.at.0.saturating_add(HEARTBEAT_MS_MIN) < before.at.0 {
            // The clock was set back, or another master tells: what lies between is not known.
            self.rates = None;
            return;
        }
        let span_ms = heard.at.0.saturating_sub(before.at.0);
        if span_ms < HEARTBEAT_MS_MIN {
            // The same heartbeat, told a moment later.
            self.heard = Some(before);
            return;
        }
        self.rates = heard.since(&before, span_ms);
    }

    /// Nobody knows what it does now.
    pub fn lose(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(at: u64, read: u64) -> Heard {
        let load = NodeLoad { bytes_read: read, writes: read / 1000, ..NodeLoad::default() };
        Heard::new(&load, Timestamp(at))
    }

    fn read(pace: &Pace) -> Option<f64> {
        pace.rates().map(|rates| rates.read)
    }

    #[test]
    fn rates_are_differences_between_heartbeats() {
        let mut pace = Pace::default();
        pace.hear(heard(0, 1000));
        assert_eq!(pace.rates(), None, "one heartbeat is no rate");
        pace.hear(heard(2_000, 5000));
        assert_eq!(pace.rates(), Some(Rates { read: 2000.0, writes: 2.0, ..Rates::default() }));
        // The same heartbeat again, also when it is told a little differently.
        for at in [2_000, 1_950, 2_050] {
            pace.hear(heard(at, 5000));
            assert_eq!(read(&pace), Some(2000.0), "{at}");
        }
        // Of two heartbeats between two looks, the first counts with the second.
        pace.hear(heard(6_000, 5400));
        assert_eq!(read(&pace), Some(100.0));
    }

    #[test]
    fn what_is_not_known_is_no_rate() {
        let mut pace = Pace::default();
        [heard(0, 1000), heard(2_000, 5000)].into_iter().for_each(|heard| pace.hear(heard));
        pace.hear(heard(4_000, 10));
        assert_eq!(read(&pace), None, "its counters began anew");
        pace.hear(heard(5_000, 20));
        assert_eq!(read(&pace), Some(10.0));
        pace.hear(heard(1_000, 30));
        assert_eq!(read(&pace), None, "the clock was set back");
        pace.hear(heard(2_000, 40));
        assert_eq!(read(&pace), Some(10.0));
        pace.lose();
        assert_eq!(read(&pace), None);
        pace.hear(heard(3_000, 50));
        assert_eq!(read(&pace), None, "what it did while it was silent is not known");
    }

    #[test]
    fn seconds_travel_and_impossible_ones_do_not() {
        let rates = Some(Rates { read: 1.5, written: 2.0, reads: 0.25, writes: 0.0 });
        let full = Second { rates, changes: Some(0.5), lacking: Some(1 << 40), used: 1 << 50 };
        for second in [full, Second::default()] {
            let bytes = postcard::to_stdvec(&second).expect("encodes");
            assert!(bytes.len() <= 40, "{}", bytes.len());
            assert_eq!(postcard::from_bytes(&bytes), Ok(second));
        }
        for bad in [f32::NAN, f32::INFINITY, -1.0] {
            let wires = [
                Wire { rates: Some([0.0, 0.0, bad, 0.0]), changes: None, lacking: None, used: 0 },
                Wire { rates: None, changes: Some(bad), lacking: None, used: 0 },
            ];
            for wire in wires {
                let bytes = postcard::to_stdvec(&wire).expect("encodes");
                assert!(postcard::from_bytes::<Second>(&bytes).is_err(), "{bad}");
            }
        }
    }
}

//! Activity of datanodes and of the cluster per second.
//!
//! Datanodes report counters that only increase; a rate is the difference between two heartbeats of
//! a datanode ([`Pace`]). Masters keep the last seconds of the cluster ([`Second`]) and send them
//! to dashboards, which compute the rates of single datanodes themselves.

use crate::CURVE_SECONDS_MAX;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

pub use dfs_types::rates::{Counters, Pace, Rates};

/// The activity of the cluster in one second. Rates are sent in single precision, which is finer
/// than any drawing of them.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Second {
    /// The sum over the datanodes whose rates are known; `None` before two heartbeats of one
    /// datanode have arrived.
    pub rates: Option<Rates>,
    /// Namespace changes per second; `None` in the first second.
    pub changes: Option<f64>,
    /// The total number of missing replicas; `None` before the first count, and while some
    /// datanodes have not reported their chunks.
    pub missing_replicas: Option<u64>,
    /// Bytes used on live datanodes.
    pub used: u64,
}

/// The wire form of a [`Second`].
#[derive(Serialize, Deserialize)]
struct Wire {
    /// In the order of [`Rates`].
    rates: Option<[f32; 4]>,
    changes: Option<f32>,
    missing_replicas: Option<u64>,
    used: u64,
}

impl From<Second> for Wire {
    fn from(second: Second) -> Self {
        let Second { rates, changes, missing_replicas, used } = second;
        let rates = rates.map(|Rates { read, written, reads, writes }| [read, written, reads, writes]);
        let rates = rates.map(|rates| rates.map(|rate| rate as f32));
        Self { rates, changes: changes.map(|changes| changes as f32), missing_replicas, used }
    }
}

impl TryFrom<Wire> for Second {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let Wire { rates, changes, missing_replicas, used } = wire;
        if rates.iter().flatten().chain(&changes).any(|rate| !rate.is_finite() || *rate < 0.0) {
            return Err("an impossible rate");
        }
        let rates = rates.map(|rates| rates.map(f64::from));
        let rates = rates.map(|[read, written, reads, writes]| Rates { read, written, reads, writes });
        Ok(Self { rates, changes: changes.map(f64::from), missing_replicas, used })
    }
}

/// Reads a curve of at most [`CURVE_SECONDS_MAX`] seconds; a longer one is refused before memory is
/// allocated for it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_round_trip_and_impossible_ones_are_refused() {
        let rates = Some(Rates { read: 1.5, written: 2.0, reads: 0.25, writes: 0.0 });
        let full = Second { rates, changes: Some(0.5), missing_replicas: Some(1 << 40), used: 1 << 50 };
        for second in [full, Second::default()] {
            let bytes = postcard::to_stdvec(&second).expect("encodes");
            assert!(bytes.len() <= 40, "{}", bytes.len());
            assert_eq!(postcard::from_bytes(&bytes), Ok(second));
        }
        for bad in [f32::NAN, f32::INFINITY, -1.0] {
            let wires = [
                Wire { rates: Some([0.0, 0.0, bad, 0.0]), changes: None, missing_replicas: None, used: 0 },
                Wire { rates: None, changes: Some(bad), missing_replicas: None, used: 0 },
            ];
            for wire in wires {
                let bytes = postcard::to_stdvec(&wire).expect("encodes");
                assert!(postcard::from_bytes::<Second>(&bytes).is_err(), "{bad}");
            }
        }
    }
}

//! Phrases that several findings and screens share.

use dfs_rpc::wire::{ClusterStatus, Unfinished};
use dfs_term::figures::{minute_by, plural, size};
use jiff::tz::TimeZone;
use std::fmt::Display;

/// Names that are listed before the rest is counted.
const NAMES_MAX: usize = 3;

/// Returns a list: `a`, `a and b`, `a, b and c`, `a, b, c and 4 more`.
pub fn names<T: Display>(all: &[T]) -> String {
    let shown: Vec<String> = all.iter().take(NAMES_MAX).map(ToString::to_string).collect();
    match (all.len() > NAMES_MAX, shown.as_slice()) {
        (true, shown) => format!("{} and {} more", shown.join(", "), all.len() - NAMES_MAX),
        (false, [rest @ .., last]) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        (false, shown) => shown.join(", "),
    }
}

/// Returns the first text for one, the second for any other number.
pub(crate) fn of<'t>(number: u64, one: &'t str, many: &'t str) -> &'t str {
    if number == 1 { one } else { many }
}

/// Returns the space for files with the default replication; none if the master does not report it.
pub fn room(status: &ClusterStatus) -> Option<String> {
    let replicas = status.room_replicas;
    (replicas > 0)
        .then(|| format!("room for {} at {}", size(status.room), plural(replicas.into(), "replica", "replicas")))
}

/// Returns the space that unfinished writes hold, and until when; none if they hold nothing.
pub fn unfinished(held: &Unfinished, zone: &TimeZone) -> Option<String> {
    let Unfinished { bytes, silent_bytes, until, .. } = *held;
    let until = until.filter(|_| silent_bytes > 0).map(|until| minute_by(until, zone));
    match until {
        _ if bytes == 0 => None,
        None => Some(format!("unfinished writes hold {}", size(bytes))),
        Some(until) if silent_bytes == bytes => Some(format!("unfinished writes hold {} until {until}", size(bytes))),
        Some(until) => {
            Some(format!("unfinished writes hold {}, {} of it until {until}", size(bytes), size(silent_bytes)))
        }
    }
}

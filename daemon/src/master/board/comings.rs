//! Datanodes that come, fall silent and die, in words. When many do at the same time (a rack, the start of a master), they
//! share one event.

use crate::master::registry::Change;
use dfs_rpc::board::Severity;
use dfs_types::{DatanodeId, format_duration};
use std::time::Duration;

/// So many datanodes that do the same at the same time have an event each; more share one.
const SINGLY_MAX: usize = 8;

/// An event, without its time.
pub type Told = (Severity, Option<DatanodeId>, String);

/// The events of these changes, which came at about the same time, in their order.
pub fn tell(changes: &[(DatanodeId, Change)]) -> Vec<Told> {
    let mut counts = [0; KINDS];
    let mut lost = 0;
    for (_, change) in changes {
        counts[kind(change)] += 1;
        lost += if let Change::Dead { chunks, .. } = change { *chunks } else { 0 };
    }
    let mut told = Vec::new();
    let mut done = [false; KINDS];
    for (id, change) in changes {
        let kind = kind(change);
        if counts[kind] <= SINGLY_MAX {
            told.push((severity(change), Some(*id), one(change)));
        } else if !std::mem::replace(&mut done[kind], true) {
            told.push((severity(change), None, many(change, counts[kind], lost)));
        }
    }
    told
}

const KINDS: usize = 5;

fn kind(change: &Change) -> usize {
    match change {
        Change::Came { .. } => 0,
        Change::Back { .. } => 1,
        Change::Well => 2,
        Change::Stale { .. } => 3,
        Change::Dead { .. } => 4,
    }
}

fn severity(change: &Change) -> Severity {
    match change {
        Change::Came { .. } | Change::Back { .. } | Change::Well => Severity::Info,
        Change::Stale { .. } => Severity::Warning,
        Change::Dead { .. } => Severity::Error,
    }
}

/// Whole seconds, unless there is none.
fn span(span: Duration) -> String {
    let seconds = Duration::from_secs(span.as_secs());
    format_duration(if seconds.is_zero() { span } else { seconds })
}

fn chunks(chunks: u64) -> String {
    format!("{chunks} {} lost a copy", if chunks == 1 { "chunk" } else { "chunks" })
}

fn one(change: &Change) -> String {
    match change {
        Change::Came { address, version } => format!("has registered, at {address}, version {version}"),
        Change::Back { silent } => format!("has come back after {}", span(*silent)),
        Change::Well => "is heard again in time".to_owned(),
        Change::Stale { silent, closed: false } => format!("is stale: not heard from for {}", span(*silent)),
        Change::Stale { closed: true, .. } => "is stale: its connection has closed".to_owned(),
        Change::Dead { silent, chunks: held } => {
            format!("is dead: not heard from for {}; {}", span(*silent), chunks(*held))
        }
    }
}

fn many(change: &Change, count: usize, lost: u64) -> String {
    match change {
        Change::Came { .. } => format!("{count} datanodes have registered"),
        Change::Back { .. } => format!("{count} datanodes have come back"),
        Change::Well => format!("{count} datanodes are heard again in time"),
        Change::Stale { .. } => format!("{count} datanodes are stale"),
        // A chunk may have been on several of them.
        Change::Dead { .. } => format!("{count} datanodes are dead; {lost} copies of chunks are lost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(chunks: u64) -> Change {
        Change::Dead { silent: Duration::from_millis(10_400), chunks }
    }

    #[test]
    fn each_has_its_event() {
        let address = "127.0.0.1:4000".parse().expect("an address");
        let changes = [
            (DatanodeId(1), Change::Came { address, version: "0.1.0".into() }),
            (DatanodeId(2), Change::Stale { silent: Duration::from_millis(700), closed: false }),
            (DatanodeId(3), Change::Stale { silent: Duration::ZERO, closed: true }),
            (DatanodeId(2), dead(412)),
            (DatanodeId(2), Change::Back { silent: Duration::from_secs(75) }),
            (DatanodeId(4), Change::Well),
        ];
        let told = tell(&changes);
        let nodes: Vec<_> = told.iter().map(|(_, node, _)| node.expect("of one datanode").0).collect();
        let texts: Vec<_> = told.iter().map(|(_, _, text)| text.as_str()).collect();
        assert_eq!(nodes, [1, 2, 3, 2, 2, 4]);
        let expected = [
            "has registered, at 127.0.0.1:4000, version 0.1.0",
            "is stale: not heard from for 700ms",
            "is stale: its connection has closed",
            "is dead: not heard from for 10s; 412 chunks lost a copy",
            "has come back after 1m15s",
            "is heard again in time",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn many_share_one() {
        let mut changes: Vec<_> = (1..=40).map(|id| (DatanodeId(id), dead(u64::from(id % 2)))).collect();
        changes.insert(5, (DatanodeId(50), Change::Well));
        let expected = [
            (Severity::Error, None, "40 datanodes are dead; 20 copies of chunks are lost".to_owned()),
            (Severity::Info, Some(DatanodeId(50)), "is heard again in time".to_owned()),
        ];
        assert_eq!(tell(&changes), expected);
    }
}

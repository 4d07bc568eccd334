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

const KINDS: usize = 11;

fn kind(change: &Change) -> usize {
    match change {
        Change::Came { .. } => 0,
        Change::Back { .. } => 1,
        Change::Well => 2,
        Change::Stale { .. } => 3,
        Change::Dead { .. } => 4,
        Change::Drains { .. } => 5,
        Change::Drained => 6,
        Change::Serves { .. } => 7,
        Change::Forgotten { .. } => 8,
        Change::Returned => 9,
        Change::DeadDrained { .. } => 10,
    }
}

fn severity(change: &Change) -> Severity {
    match change {
        Change::Came { .. }
        | Change::Back { .. }
        | Change::Well
        | Change::Drains { .. }
        | Change::Drained
        | Change::Serves { .. }
        | Change::Forgotten { .. }
        | Change::Returned
        | Change::DeadDrained { .. } => Severity::Info,
        Change::Stale { .. } => Severity::Warning,
        Change::Dead { .. } => Severity::Error,
    }
}

/// Whole seconds, unless there is none.
fn span(span: Duration) -> String {
    let seconds = Duration::from_secs(span.as_secs());
    format_duration(if seconds.is_zero() { span } else { seconds })
}

/// So many chunks, with a verb of its own for a single one.
fn chunks(chunks: u64, one: &str, many: &str) -> String {
    if chunks == 1 { format!("1 chunk {one}") } else { format!("{chunks} chunks {many}") }
}

fn one(change: &Change) -> String {
    match change {
        Change::Came { address, version } => format!("has registered, at {address}, version {version}"),
        Change::Back { silent } => format!("has come back after {}", span(*silent)),
        Change::Well => "is heard again in time".to_owned(),
        Change::Stale { silent, closed: false } => format!("is stale: not heard from for {}", span(*silent)),
        Change::Stale { closed: true, .. } => "is stale: its connection has closed".to_owned(),
        Change::Dead { silent, chunks: held } => {
            format!("is dead: not heard from for {}; {}", span(*silent), chunks(*held, "lost a copy", "lost a copy"))
        }
        Change::DeadDrained { silent } => format!("is dead: not heard from for {}; it is drained", span(*silent)),
        Change::Drains { by, chunks: held } => {
            format!("drains, as {by} wished: {}", chunks(*held, "has to be copied", "have to be copied"))
        }
        Change::Drained => "is drained: it can be stopped".to_owned(),
        Change::Serves { by } => format!("takes chunks again, as {by} wished"),
        Change::Forgotten { by } => format!("is forgotten, as {by} wished"),
        Change::Returned => "had been forgotten, and takes chunks again".to_owned(),
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
        Change::DeadDrained { .. } => format!("{count} datanodes are dead that are drained"),
        Change::Drains { .. } => format!("{count} datanodes drain"),
        Change::Drained => format!("{count} datanodes are drained: they can be stopped"),
        Change::Serves { .. } => format!("{count} datanodes take chunks again"),
        Change::Forgotten { .. } => format!("{count} datanodes are forgotten"),
        Change::Returned => format!("{count} datanodes had been forgotten, and take chunks again"),
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
            (DatanodeId(5), Change::Drains { by: "ann".into(), chunks: 412 }),
            (DatanodeId(5), Change::Drained),
            (DatanodeId(5), Change::DeadDrained { silent: Duration::from_secs(10) }),
            (DatanodeId(5), Change::Serves { by: "ann".into() }),
            (DatanodeId(6), Change::Drains { by: "ann".into(), chunks: 1 }),
            (DatanodeId(6), Change::Forgotten { by: "ann".into() }),
            (DatanodeId(6), Change::Returned),
        ];
        let told = tell(&changes);
        let nodes: Vec<_> = told.iter().map(|(_, node, _)| node.expect("of one datanode").0).collect();
        let texts: Vec<_> = told.iter().map(|(_, _, text)| text.as_str()).collect();
        assert_eq!(nodes, [1, 2, 3, 2, 2, 4, 5, 5, 5, 5, 6, 6, 6]);
        let expected = [
            "has registered, at 127.0.0.1:4000, version 0.1.0",
            "is stale: not heard from for 700ms",
            "is stale: its connection has closed",
            "is dead: not heard from for 10s; 412 chunks lost a copy",
            "has come back after 1m15s",
            "is heard again in time",
            "drains, as ann wished: 412 chunks have to be copied",
            "is drained: it can be stopped",
            "is dead: not heard from for 10s; it is drained",
            "takes chunks again, as ann wished",
            "drains, as ann wished: 1 chunk has to be copied",
            "is forgotten, as ann wished",
            "had been forgotten, and takes chunks again",
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

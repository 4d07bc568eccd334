//! The texts of cluster events. If many datanodes have the same event at the same time (a rack
//! fails, a master starts), the events share one text. Texts about one datanode have no subject:
//! readers see them after its name.

use dfs_logic::cluster::{ClusterEvent, Problem};
use dfs_rpc::view::Severity;
use dfs_types::{DatanodeId, format_duration};
use std::time::Duration;

/// Up to this many datanodes with the same event at the same time have a text each; more share one.
const SINGLY_MAX: usize = 8;

/// An event of the journal without its time.
pub type Text = (Severity, Option<DatanodeId>, String);

/// Returns the texts of events that occurred at about the same time, in their order.
pub fn texts(events: &[ClusterEvent]) -> Vec<Text> {
    let mut counts = [0; KINDS];
    let mut lost = 0;
    for event in events {
        if let Some(count) = kind(event).and_then(|kind| counts.get_mut(kind)) {
            *count += 1;
        }
        lost += if let ClusterEvent::DeclaredDead { chunks, .. } = event { *chunks } else { 0 };
    }
    let mut texts = Vec::new();
    let mut done = [false; KINDS];
    for event in events {
        let kind = kind(event);
        let count = kind.and_then(|kind| counts.get(kind)).copied().unwrap_or(1);
        let shared = count > SINGLY_MAX || matches!(event, ClusterEvent::CorruptReplicaReplaced { .. });
        if let (Some(done), true) = (kind.and_then(|kind| done.get_mut(kind)), shared) {
            if !std::mem::replace(done, true) {
                texts.push((severity(event), None, many(event, count, lost)));
            }
        } else if let Some(text) = one(event) {
            texts.push((severity(event), node(event), text));
        }
    }
    texts
}

const KINDS: usize = 12;

/// Returns the kind of an event that waits for others of its kind; none for an event that is
/// written immediately.
pub fn kind(event: &ClusterEvent) -> Option<usize> {
    Some(match event {
        ClusterEvent::Registered { .. } => 0,
        ClusterEvent::Reregistered { .. } => 1,
        ClusterEvent::HeartbeatRestored { .. } => 2,
        ClusterEvent::HeartbeatMissed { .. } | ClusterEvent::ConnectionLost { .. } => 3,
        ClusterEvent::DeclaredDead { .. } => 4,
        ClusterEvent::DrainRequested { .. } => 5,
        ClusterEvent::Drained { .. } => 6,
        ClusterEvent::Resumed { .. } => 7,
        ClusterEvent::Removed { .. } => 8,
        ClusterEvent::Rejoined { .. } => 9,
        ClusterEvent::DrainedDead { .. } => 10,
        ClusterEvent::CorruptReplicaReplaced { .. } => 11,
        _ => return None,
    })
}

fn node(event: &ClusterEvent) -> Option<DatanodeId> {
    match event {
        ClusterEvent::Registered { node, .. }
        | ClusterEvent::Reregistered { node, .. }
        | ClusterEvent::HeartbeatRestored { node }
        | ClusterEvent::HeartbeatMissed { node, .. }
        | ClusterEvent::ConnectionLost { node }
        | ClusterEvent::DeclaredDead { node, .. }
        | ClusterEvent::DrainedDead { node, .. }
        | ClusterEvent::DrainRequested { node, .. }
        | ClusterEvent::Drained { node }
        | ClusterEvent::Resumed { node, .. }
        | ClusterEvent::Removed { node, .. }
        | ClusterEvent::Rejoined { node }
        | ClusterEvent::Reported { node, .. }
        | ClusterEvent::IdentityInUse { node, .. }
        | ClusterEvent::DirectoryFailed { node, .. }
        | ClusterEvent::DirectoryNearlyFull { node, .. }
        | ClusterEvent::CorruptReplicas { node, .. }
        | ClusterEvent::DeletionUnconfirmed { node, .. }
        | ClusterEvent::VerificationOrdered { node, .. } => Some(*node),
        ClusterEvent::CorruptReplicaReplaced { .. }
        | ClusterEvent::StoodStill { .. }
        | ClusterEvent::SafeModeEnded { .. }
        | ClusterEvent::Chunks { .. }
        | ClusterEvent::RepairFinished { .. } => None,
    }
}

pub fn severity(event: &ClusterEvent) -> Severity {
    match event {
        ClusterEvent::DeclaredDead { .. }
        | ClusterEvent::IdentityInUse { .. }
        | ClusterEvent::DirectoryFailed { .. }
        | ClusterEvent::Chunks { problem: Problem::Missing, chunks: 1.. } => Severity::Error,
        ClusterEvent::HeartbeatMissed { .. }
        | ClusterEvent::ConnectionLost { .. }
        | ClusterEvent::DirectoryNearlyFull { .. }
        | ClusterEvent::CorruptReplicas { .. }
        | ClusterEvent::DeletionUnconfirmed { .. }
        | ClusterEvent::VerificationOrdered { .. }
        | ClusterEvent::StoodStill { .. }
        | ClusterEvent::Chunks { chunks: 1.., .. } => Severity::Warning,
        _ => Severity::Info,
    }
}

/// Returns the span in whole seconds, or unchanged if it is below one second.
fn span(span: Duration) -> String {
    let seconds = Duration::from_secs(span.as_secs());
    format_duration(if seconds.is_zero() { span } else { seconds })
}

/// Returns a count, followed by `one` or `many`.
fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// Returns the text of a single event; none for an event that is only in the log of the program.
fn one(event: &ClusterEvent) -> Option<String> {
    Some(match event {
        ClusterEvent::Registered { address, version, .. } => format!("registered at {address}, version {version}"),
        ClusterEvent::Reregistered { silent, .. } => format!("registered again after {}", span(*silent)),
        ClusterEvent::HeartbeatRestored { .. } => "heartbeat restored".to_owned(),
        ClusterEvent::HeartbeatMissed { silent, .. } => format!("no heartbeat for {} (stale)", span(*silent)),
        ClusterEvent::ConnectionLost { .. } => "lost the connection (stale)".to_owned(),
        ClusterEvent::DeclaredDead { silent, chunks: held, .. } => {
            format!(
                "declared dead: no heartbeat for {}; {} lost a replica",
                span(*silent),
                counted(*held, "chunk", "chunks")
            )
        }
        ClusterEvent::DrainedDead { silent, .. } => {
            format!("declared dead: no heartbeat for {}; it was drained before", span(*silent))
        }
        ClusterEvent::DrainRequested { by, chunks: held, .. } => {
            format!("drain requested by {by}: {} to re-replicate", counted(*held, "chunk", "chunks"))
        }
        ClusterEvent::Drained { .. } => "drained: it can be stopped".to_owned(),
        ClusterEvent::Resumed { by, .. } => format!("put back in service by {by}"),
        ClusterEvent::Removed { by, .. } => format!("removed by {by}"),
        ClusterEvent::Rejoined { .. } => "in service again after its removal".to_owned(),
        ClusterEvent::IdentityInUse { node, there, here } => {
            format!("two processes use the identity of {node}: {there} and {here}")
        }
        ClusterEvent::DirectoryFailed { path, reason, .. } => {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("data directory {path} failed{reason}")
        }
        ClusterEvent::DirectoryNearlyFull { path, percent, .. } => format!("{percent} % full: data directory {path}"),
        ClusterEvent::CorruptReplicas { replicas: 1, first, .. } => {
            format!("found its replica of chunk {first} corrupt")
        }
        ClusterEvent::CorruptReplicas { replicas, first, .. } => {
            format!("found its replicas of {replicas} chunks corrupt, among them chunk {first}")
        }
        ClusterEvent::StoodStill { span } => {
            let span = format_duration(Duration::from_millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)));
            format!("this master was suspended for {span}; it waits for the datanodes to report again")
        }
        ClusterEvent::SafeModeEnded { reported, total } => {
            format!("safe mode ended: {reported} of {total} chunks reported")
        }
        ClusterEvent::Chunks { problem, chunks } => problem_text(*problem, *chunks),
        ClusterEvent::RepairFinished { replicas } => {
            let made = counted(*replicas, "replica", "replicas");
            format!("repair finished: {made} made")
        }
        ClusterEvent::CorruptReplicaReplaced { .. }
        | ClusterEvent::Reported { .. }
        | ClusterEvent::DeletionUnconfirmed { .. }
        | ClusterEvent::VerificationOrdered { .. } => return None,
    })
}

fn problem_text(problem: Problem, count: u64) -> String {
    let (one, many, none) = match problem {
        Problem::Missing => (
            "chunk is missing: no live replica, its data cannot be read",
            "chunks are missing: no live replica, their data cannot be read",
            "no chunk is missing any more",
        ),
        Problem::AtRisk => (
            "chunk is at risk: it has one live replica",
            "chunks are at risk: they have one live replica each",
            "no chunk is at risk any more",
        ),
        Problem::UnderReplicated => {
            ("chunk is under-replicated", "chunks are under-replicated", "no chunk is under-replicated any more")
        }
    };
    if count == 0 { none.to_owned() } else { counted(count, one, many) }
}

fn many(event: &ClusterEvent, count: usize, lost: u64) -> String {
    match event {
        ClusterEvent::Registered { .. } => format!("{count} datanodes registered"),
        ClusterEvent::Reregistered { .. } => format!("{count} datanodes registered again"),
        ClusterEvent::HeartbeatRestored { .. } => format!("heartbeats of {count} datanodes restored"),
        ClusterEvent::HeartbeatMissed { .. } | ClusterEvent::ConnectionLost { .. } => {
            format!("{count} datanodes became stale")
        }
        // A chunk may have had replicas on several of them.
        ClusterEvent::DeclaredDead { .. } => {
            format!("{count} datanodes declared dead; {} lost", counted(lost, "replica", "replicas"))
        }
        ClusterEvent::DrainedDead { .. } => format!("{count} datanodes declared dead that were drained before"),
        ClusterEvent::DrainRequested { .. } => format!("drain of {count} datanodes requested"),
        ClusterEvent::Drained { .. } => format!("{count} datanodes drained: they can be stopped"),
        ClusterEvent::Resumed { .. } => format!("{count} datanodes put back in service"),
        ClusterEvent::Removed { .. } => format!("{count} datanodes removed"),
        ClusterEvent::Rejoined { .. } => format!("{count} datanodes in service again after their removal"),
        ClusterEvent::CorruptReplicaReplaced { .. } => {
            format!("{} replaced", counted(count as u64, "corrupt replica was", "corrupt replicas were"))
        }
        other => one(other).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(node: u16, chunks: u64) -> ClusterEvent {
        ClusterEvent::DeclaredDead { node: DatanodeId(node), silent: Duration::from_millis(10_400), chunks }
    }

    #[test]
    fn each_has_its_text() {
        let address = "127.0.0.1:4000".parse().expect("an address");
        let [n1, n2, n3, n4, n5, n6] = [1, 2, 3, 4, 5, 6].map(DatanodeId);
        let events = [
            ClusterEvent::Registered { node: n1, address, version: "0.1.0".into() },
            ClusterEvent::HeartbeatMissed { node: n2, silent: Duration::from_millis(700) },
            ClusterEvent::ConnectionLost { node: n3 },
            dead(2, 412),
            ClusterEvent::Reregistered { node: n2, silent: Duration::from_secs(75) },
            ClusterEvent::HeartbeatRestored { node: n4 },
            ClusterEvent::DrainRequested { node: n5, by: "ann".into(), chunks: 412 },
            ClusterEvent::Drained { node: n5 },
            ClusterEvent::DrainedDead { node: n5, silent: Duration::from_secs(10) },
            ClusterEvent::Resumed { node: n5, by: "ann".into() },
            ClusterEvent::DrainRequested { node: n6, by: "ann".into(), chunks: 1 },
            ClusterEvent::Removed { node: n6, by: "ann".into() },
            ClusterEvent::Rejoined { node: n6 },
        ];
        let found = texts(&events);
        let nodes: Vec<_> = found.iter().map(|(_, node, _)| node.expect("of one datanode").0).collect();
        let found: Vec<_> = found.iter().map(|(_, _, text)| text.as_str()).collect();
        assert_eq!(nodes, [1, 2, 3, 2, 2, 4, 5, 5, 5, 5, 6, 6, 6]);
        let expected = [
            "registered at 127.0.0.1:4000, version 0.1.0",
            "no heartbeat for 700ms (stale)",
            "lost the connection (stale)",
            "declared dead: no heartbeat for 10s; 412 chunks lost a replica",
            "registered again after 1m15s",
            "heartbeat restored",
            "drain requested by ann: 412 chunks to re-replicate",
            "drained: it can be stopped",
            "declared dead: no heartbeat for 10s; it was drained before",
            "put back in service by ann",
            "drain requested by ann: 1 chunk to re-replicate",
            "removed by ann",
            "in service again after its removal",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn many_share_one() {
        let mut events: Vec<_> = (1..=40).map(|id| dead(id, u64::from(id % 2))).collect();
        events.insert(5, ClusterEvent::HeartbeatRestored { node: DatanodeId(50) });
        let expected = [
            (Severity::Error, None, "40 datanodes declared dead; 20 replicas lost".to_owned()),
            (Severity::Info, Some(DatanodeId(50)), "heartbeat restored".to_owned()),
        ];
        assert_eq!(texts(&events), expected);
    }

    #[test]
    fn problems_of_chunks_and_their_ends() {
        let chunk = |problem, chunks| ClusterEvent::Chunks { problem, chunks };
        let replaced = ClusterEvent::CorruptReplicaReplaced { chunk: dfs_types::ChunkId(1) };
        let expected = [
            (Severity::Error, None, "2 chunks are missing: no live replica, their data cannot be read".to_owned()),
            (Severity::Warning, None, "1 chunk is under-replicated".to_owned()),
            (Severity::Info, None, "no chunk is under-replicated any more".to_owned()),
            (Severity::Info, None, "no chunk is missing any more".to_owned()),
            (Severity::Info, None, "repair finished: 8 replicas made".to_owned()),
            (Severity::Info, None, "2 corrupt replicas were replaced".to_owned()),
        ];
        let events = [
            chunk(Problem::Missing, 2),
            chunk(Problem::UnderReplicated, 1),
            chunk(Problem::UnderReplicated, 0),
            chunk(Problem::Missing, 0),
            ClusterEvent::RepairFinished { replicas: 8 },
            replaced.clone(),
            replaced,
        ];
        assert_eq!(texts(&events), expected);
    }
}

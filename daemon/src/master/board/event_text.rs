//! The texts of cluster events. When many datanodes have the same event at the same time (a rack, the start of a master),
//! they share one text.

use dfs_logic::cluster::{ClusterEvent, Problem};
use dfs_rpc::board::Severity;
use dfs_types::{DatanodeId, format_duration};
use std::time::Duration;

/// Up to so many datanodes with the same event at the same time have a text each; more share one.
const SINGLY_MAX: usize = 8;

/// An event of the journal without its time.
pub type Text = (Severity, Option<DatanodeId>, String);

/// Returns the texts of events that came at about the same time, in their order.
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

/// Returns the kind of an event that waits for others of its kind; none for one that is written at once.
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

/// Returns whole seconds, unless there is none.
fn span(span: Duration) -> String {
    let seconds = Duration::from_secs(span.as_secs());
    format_duration(if seconds.is_zero() { span } else { seconds })
}

/// Returns a number of chunks, with a verb of its own for a single one.
fn chunks(chunks: u64, one: &str, many: &str) -> String {
    if chunks == 1 { format!("1 chunk {one}") } else { format!("{chunks} chunks {many}") }
}

/// Returns the text of a single event; none for one that is in the log of the program only.
fn one(event: &ClusterEvent) -> Option<String> {
    Some(match event {
        ClusterEvent::Registered { address, version, .. } => format!("has registered, at {address}, version {version}"),
        ClusterEvent::Reregistered { silent, .. } => format!("has come back after {}", span(*silent)),
        ClusterEvent::HeartbeatRestored { .. } => "is heard again in time".to_owned(),
        ClusterEvent::HeartbeatMissed { silent, .. } => format!("is stale: not heard from for {}", span(*silent)),
        ClusterEvent::ConnectionLost { .. } => "is stale: its connection has closed".to_owned(),
        ClusterEvent::DeclaredDead { silent, chunks: held, .. } => {
            format!("is dead: not heard from for {}; {}", span(*silent), chunks(*held, "lost a copy", "lost a copy"))
        }
        ClusterEvent::DrainedDead { silent, .. } => {
            format!("is dead: not heard from for {}; it is drained", span(*silent))
        }
        ClusterEvent::DrainRequested { by, chunks: held, .. } => {
            format!("drains, as {by} wished: {}", chunks(*held, "has to be copied", "have to be copied"))
        }
        ClusterEvent::Drained { .. } => "is drained: it can be stopped".to_owned(),
        ClusterEvent::Resumed { by, .. } => format!("takes chunks again, as {by} wished"),
        ClusterEvent::Removed { by, .. } => format!("is forgotten, as {by} wished"),
        ClusterEvent::Rejoined { .. } => "had been forgotten, and takes chunks again".to_owned(),
        ClusterEvent::IdentityInUse { node, there, here } => {
            format!("two processes use the identity of {node}: {there} and {here}")
        }
        ClusterEvent::DirectoryFailed { path, reason, .. } => {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("data directory {path} has failed{reason}")
        }
        ClusterEvent::DirectoryNearlyFull { path, percent, .. } => format!("data directory {path} is {percent} % full"),
        ClusterEvent::CorruptReplicas { replicas: 1, first, .. } => {
            format!("found its replica of chunk {first} corrupt")
        }
        ClusterEvent::CorruptReplicas { replicas, first, .. } => {
            format!("found its replicas of {replicas} chunks corrupt, of {first} among others")
        }
        ClusterEvent::StoodStill { span } => {
            let span = format_duration(Duration::from_millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)));
            format!("this master stood still for {span}; the datanodes have time to report again")
        }
        ClusterEvent::SafeModeEnded { reported, total } => {
            format!("safe mode has ended: {reported} of {total} chunks are reported")
        }
        ClusterEvent::Chunks { problem, chunks } => problem_text(*problem, *chunks),
        ClusterEvent::RepairFinished { replicas } => {
            let copies = if *replicas == 1 { "copy" } else { "copies" };
            format!("repair has finished, after {replicas} {copies}")
        }
        ClusterEvent::CorruptReplicaReplaced { .. }
        | ClusterEvent::Reported { .. }
        | ClusterEvent::DeletionUnconfirmed { .. }
        | ClusterEvent::VerificationOrdered { .. } => return None,
    })
}

fn problem_text(problem: Problem, count: u64) -> String {
    let (begun, ended) = match problem {
        Problem::Missing => ("without a live copy: their data cannot be read now", "without a live copy"),
        Problem::AtRisk => ("down to one live copy", "down to one live copy"),
        Problem::UnderReplicated => ("short of copies", "short of copies"),
    };
    match count {
        0 => format!("no chunk is {ended} any more"),
        count => chunks(count, &format!("is {begun}"), &format!("are {begun}")),
    }
}

fn many(event: &ClusterEvent, count: usize, lost: u64) -> String {
    match event {
        ClusterEvent::Registered { .. } => format!("{count} datanodes have registered"),
        ClusterEvent::Reregistered { .. } => format!("{count} datanodes have come back"),
        ClusterEvent::HeartbeatRestored { .. } => format!("{count} datanodes are heard again in time"),
        ClusterEvent::HeartbeatMissed { .. } | ClusterEvent::ConnectionLost { .. } => {
            format!("{count} datanodes are stale")
        }
        // A chunk may have been on several of them.
        ClusterEvent::DeclaredDead { .. } => format!("{count} datanodes are dead; {lost} copies of chunks are lost"),
        ClusterEvent::DrainedDead { .. } => format!("{count} datanodes are dead that are drained"),
        ClusterEvent::DrainRequested { .. } => format!("{count} datanodes drain"),
        ClusterEvent::Drained { .. } => format!("{count} datanodes are drained: they can be stopped"),
        ClusterEvent::Resumed { .. } => format!("{count} datanodes take chunks again"),
        ClusterEvent::Removed { .. } => format!("{count} datanodes are forgotten"),
        ClusterEvent::Rejoined { .. } => format!("{count} datanodes had been forgotten, and take chunks again"),
        ClusterEvent::CorruptReplicaReplaced { .. } => {
            format!("{count} damaged {} replaced", if count == 1 { "copy was" } else { "copies were" })
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
        assert_eq!(found, expected);
    }

    #[test]
    fn many_share_one() {
        let mut events: Vec<_> = (1..=40).map(|id| dead(id, u64::from(id % 2))).collect();
        events.insert(5, ClusterEvent::HeartbeatRestored { node: DatanodeId(50) });
        let expected = [
            (Severity::Error, None, "40 datanodes are dead; 20 copies of chunks are lost".to_owned()),
            (Severity::Info, Some(DatanodeId(50)), "is heard again in time".to_owned()),
        ];
        assert_eq!(texts(&events), expected);
    }

    #[test]
    fn problems_of_chunks_and_their_ends() {
        let chunk = |problem, chunks| ClusterEvent::Chunks { problem, chunks };
        let replaced = ClusterEvent::CorruptReplicaReplaced { chunk: dfs_types::ChunkId(1) };
        let expected = [
            (Severity::Error, None, "2 chunks are without a live copy: their data cannot be read now".to_owned()),
            (Severity::Warning, None, "1 chunk is short of copies".to_owned()),
            (Severity::Info, None, "no chunk is short of copies any more".to_owned()),
            (Severity::Info, None, "no chunk is without a live copy any more".to_owned()),
            (Severity::Info, None, "repair has finished, after 8 copies".to_owned()),
            (Severity::Info, None, "2 damaged copies were replaced".to_owned()),
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

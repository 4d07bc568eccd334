//! The status screen: health in words first, figures second, what to type next last.

use crate::figures::{age, count, percent, plural, size, time};
use chrono::TimeZone;
use dfs_rpc::client::{ClusterStatus, SafeMode};
use std::fmt::Write as _;
use std::time::Duration;

/// What ends a safe mode that a person has entered.
const HOLD_NEXT: &str = "reading goes on, nothing can be changed; safemode leave";

/// One thing that is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong, in one sentence.
    pub what: String,
    /// What the system does by itself, or what to type.
    pub next: String,
}

/// Everything that keeps the cluster from being well, worst first. Empty: it is well.
pub fn findings(status: &ClusterStatus) -> Vec<Finding> {
    let chunks = &status.replication;
    let mut found = Vec::new();
    let mut add = |what: String, next: &str| found.push(Finding { what, next: next.to_owned() });
    if status.leader.is_none() {
        add("no master leads: nothing can be changed".into(), "dfsd status; start the masters that are down");
    }
    if let Some(mode) = &status.safe_mode {
        let SafeMode { by, reason, .. } = mode;
        match by {
            Some(by) if reason.is_empty() => add(format!("safe mode: {by} has entered it"), HOLD_NEXT),
            Some(by) => add(format!("safe mode: {by} has entered it: {reason}"), HOLD_NEXT),
            None => {
                add(format!("safe mode: {reason}"), "it ends by itself when enough chunks are reported; see: nodes")
            }
        }
    }
    if chunks.missing > 0 {
        let what = plural(chunks.missing, "chunk has no live copy", "chunks have no live copy");
        add(
            format!("{what}: the files that it belongs to cannot be read"),
            "bring the dead datanodes back; see: nodes",
        );
    }
    if chunks.endangered > 0 {
        add(
            plural(chunks.endangered, "chunk has one copy left", "chunks have one copy left"),
            "being copied, first of all",
        );
    }
    if chunks.under > 0 {
        add(plural(chunks.under, "chunk has too few copies", "chunks have too few copies"), "being copied");
    }
    if status.nodes_dead > 0 {
        add(plural(status.nodes_dead.into(), "datanode is dead", "datanodes are dead"), "see: nodes");
    }
    if status.nodes_stale > 0 {
        add(
            plural(status.nodes_stale.into(), "datanode is overdue", "datanodes are overdue"),
            "not written to until heard from",
        );
    }
    if status.nodes_live == 0 {
        add("no datanode is live: nothing can be read or written".into(), "dfsd status; start the datanodes");
    }
    if status.capacity > 0 && status.free.saturating_mul(10) < status.capacity {
        add(
            format!("{} of the space is left", percent(status.free, status.capacity)),
            "add datanodes, or delete what is not needed",
        );
    }
    found
}

/// The state in one word and why: `well`, or what is worst.
pub fn health(status: &ClusterStatus) -> &'static str {
    let chunks = &status.replication;
    if status.leader.is_none() || chunks.missing > 0 || (status.nodes_live == 0) {
        "broken"
    } else if status.safe_mode.is_some() {
        "waiting"
    } else if chunks.endangered > 0 || chunks.under > 0 {
        "healing"
    } else if findings(status).is_empty() {
        "well"
    } else {
        "needs a look"
    }
}

/// The whole screen. `asked_ago`: the age of the data.
pub fn screen<Z: TimeZone>(status: &ClusterStatus, asked_ago: Duration, zone: &Z) -> String
where
    Z::Offset: std::fmt::Display,
{
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<12}{value}");
    };
    let leader = status.leader.map_or_else(|| "no leader".to_owned(), |leader| format!("leader {leader}"));
    line("health", health(status).to_owned());
    line("cluster", format!("{}, {leader}, term {}, seen {}", status.cluster, status.term, age(asked_ago)));
    line("time", time(status.taken_at, zone));
    let (used, capacity) = (size(status.used), size(status.capacity));
    line(
        "space",
        format!("{used} of {capacity} used ({}), {} free", percent(status.used, status.capacity), size(status.free)),
    );
    let files = plural(status.files, "file", "files");
    line("names", format!("{files}, {}, {}", plural(status.directories, "folder", "folders"), size(status.bytes)));
    let chunks = &status.replication;
    line(
        "chunks",
        format!(
            "{}; {} missing, {} with one copy left, {} under, {} over, {} being copied",
            count(chunks.chunks),
            count(chunks.missing),
            count(chunks.endangered),
            count(chunks.under),
            count(chunks.over),
            count(chunks.copying)
        ),
    );
    line("datanodes", format!("{} live, {} stale, {} dead", status.nodes_live, status.nodes_stale, status.nodes_dead));
    for master in &status.masters {
        line(&master.id.to_string(), format!("{} {}, log at {}", master.address, master.role, count(master.applied)));
    }
    for finding in findings(status) {
        let _ = writeln!(text, "! {}\n  next: {}", finding.what, finding.next);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_rpc::client::{MasterStatus, ReplicationStatus, SafeMode};
    use dfs_types::{ClusterId, MasterId, Timestamp};

    fn well() -> ClusterStatus {
        ClusterStatus {
            cluster: ClusterId([0xab; 16]),
            taken_at: Timestamp(0),
            masters: vec![MasterStatus {
                id: MasterId(1),
                address: "127.0.0.1:9870".parse().expect("an address"),
                role: "leader".into(),
                applied: 4711,
            }],
            leader: Some(MasterId(1)),
            term: 3,
            safe_mode: None,
            files: 10,
            directories: 1,
            bytes: 5 << 30,
            space: 15 << 30,
            replication: ReplicationStatus { chunks: 80, ..ReplicationStatus::default() },
            capacity: 100 << 30,
            used: 15 << 30,
            free: 85 << 30,
            nodes_live: 3,
            nodes_stale: 0,
            nodes_dead: 0,
            version: "0.1.0".into(),
        }
    }

    #[test]
    fn a_well_cluster_says_so_and_nothing_more() {
        let text = screen(&well(), Duration::ZERO, &chrono::Utc);
        assert!(text.starts_with("health      well\n"), "{text}");
        assert!(text.contains("15.0 GiB of 100 GiB used (15 %), 85.0 GiB free"), "{text}");
        assert!(!text.contains('!'), "{text}");
    }

    #[test]
    fn each_trouble_is_named_and_never_green() {
        let troubles: [fn(&mut ClusterStatus); 8] = [
            |s| s.leader = None,
            |s| s.safe_mode = Some(SafeMode { chunks_reported: 1, chunks_total: 2, reason: "chunks".into(), by: None }),
            |s| s.replication.missing = 1,
            |s| s.replication.endangered = 2,
            |s| s.replication.under = 2,
            |s| s.nodes_dead = 1,
            |s| s.nodes_stale = 1,
            |s| s.free = 1 << 30,
        ];
        for (index, trouble) in troubles.iter().enumerate() {
            let mut status = well();
            trouble(&mut status);
            assert_ne!(health(&status), "well", "{index}");
            assert_eq!(findings(&status).len(), 1, "{index}");
            assert!(screen(&status, Duration::ZERO, &chrono::Utc).contains("\n! "), "{index}");
        }
    }
}

//! Chunks with fewer replicas than wanted, and the reasons for which they get no more.

use crate::finding::{Finding, Kind};
use crate::observation::{Affected, Observation};
use crate::rules::nodes::start_missing;
use crate::rules::space;
use crate::severity::Severity;
use dfs_rpc::wire::{Blocked, ClusterStatus};
use dfs_term::figures::{plural, size};

pub(crate) fn findings(seen: &Observation<'_>) -> impl Iterator<Item = Finding> {
    // A chunk that has not been reported yet is not missing.
    let known = !seen.is_incomplete();
    let counted = [missing(seen), at_risk(seen), under_replicated(seen), too_many_wanted(seen)];
    counted.into_iter().filter(move |_| known).flatten().chain(not_counted(seen))
}

fn not_counted(seen: &Observation<'_>) -> Option<Finding> {
    (seen.status.counted_ms.is_none() && !seen.is_incomplete()).then(|| {
        Finding::new(
            Kind::NotCounted,
            Severity::Warning,
            ("the replicas have not been counted yet", "the state of the chunks is not known"),
            "they are being counted",
            "status",
        )
    })
}

fn missing(seen: &Observation<'_>) -> Option<Finding> {
    let chunks = seen.status.replication.missing;
    let have = plural(chunks, "chunk has no live replica", "chunks have no live replica");
    let impact = if chunks == 1 { "its file cannot be read whole" } else { "their files cannot be read whole" };
    let finding = Finding::new(
        Kind::ChunksMissing,
        Severity::Critical,
        (format!("{have}{}", in_files(seen)), impact),
        "no replica is left to copy from; the data is back when a datanode that has it is back",
        start_missing(seen, "fsck"),
    );
    (chunks > 0).then(|| finding.since(seen.status.lasting.missing))
}

fn at_risk(seen: &Observation<'_>) -> Option<Finding> {
    let chunks = seen.status.replication.at_risk;
    let have = plural(chunks, "chunk has one replica left", "chunks have one replica left");
    let (impact, first) = match chunks {
        1 => ("one more failure loses it", "it is re-replicated first"),
        _ => ("one more failure loses them", "they are re-replicated first"),
    };
    let finding = Finding::new(
        Kind::ChunksAtRisk,
        Severity::Critical,
        (format!("{have}{}", in_files(seen)), impact),
        repair(seen, first),
        run(seen),
    );
    (chunks > 0).then(|| finding.since(seen.status.lasting.at_risk))
}

fn under_replicated(seen: &Observation<'_>) -> Option<Finding> {
    let status = seen.status;
    // Those for which there are too few datanodes have a finding of their own.
    let chunks = status.replication.under.saturating_sub(beyond(status));
    let are = plural(chunks, "chunk is under-replicated", "chunks are under-replicated");
    let (impact, rule) = match chunks {
        1 => ("it can be read", "it is re-replicated"),
        _ => ("all can be read", "they are re-replicated"),
    };
    let finding = Finding::new(
        Kind::ChunksUnderReplicated,
        Severity::Warning,
        (format!("{are}{}", in_files(seen)), impact),
        repair(seen, rule),
        run(seen),
    );
    (chunks > 0).then(|| finding.since(status.lasting.under))
}

/// Returns the command that gets chunks their replicas: repair that has no room does not end by
/// being watched.
fn run(seen: &Observation<'_>) -> String {
    let otherwise = match seen.status.blocked.no_room {
        0 => "replication --watch".to_owned(),
        _ => space::run(seen),
    };
    start_missing(seen, &otherwise)
}

/// Chunks that want more replicas than there are datanodes in service: time does not help.
fn too_many_wanted(seen: &Observation<'_>) -> Option<Finding> {
    let status = seen.status;
    let (too_few, too_few_want) = (beyond(status), status.blocked.too_few_want);
    let (what, _) = reason(&Blocked { too_few, too_few_want, ..Blocked::default() }, status.nodes_serving)?;
    let most = plural(status.nodes_serving.into(), "replica", "replicas");
    // Datanodes that drain hold no replica that counts.
    let datanodes = u32::from(too_few_want) + status.nodes_draining;
    let run = if seen.local.is_some() { format!("dfsd up --datanodes {datanodes}") } else { "fsck".into() };
    Some(Finding::new(
        Kind::TooManyReplicasWanted,
        Severity::Warning,
        (what, ""),
        format!("nothing: setrep them to at most {most}, or add datanodes"),
        run,
    ))
}

/// Returns the chunks that want more replicas than there would be datanodes in service if the dead
/// ones came back.
fn beyond(status: &ClusterStatus) -> u64 {
    let all = (status.nodes_live + status.nodes_stale + status.nodes_dead).saturating_sub(status.nodes_draining);
    if u32::from(status.blocked.too_few_want) > all { status.blocked.too_few } else { 0 }
}

/// Returns why repair makes no replica, and will make none without intervention.
pub(crate) fn blocked(status: &ClusterStatus) -> Option<String> {
    let is_final = status.replication.copying == 0 && status.blocked.is_final();
    let (what, _) = reason(&status.blocked, status.nodes_serving).filter(|_| is_final)?;
    Some(format!("repair is blocked: {what}"))
}

/// Returns what repair does now, or what it waits for.
fn repair(seen: &Observation<'_>, rule: &str) -> String {
    let status = seen.status;
    match status.replication.copying {
        0 => blocked(status).unwrap_or_else(|| format!("{rule} {}", awaited(status))),
        copying => format!("{rule}; {} now", plural(copying, "replica is being made", "replicas are being made")),
    }
}

/// Returns when under-replicated chunks are re-replicated, if no replica is being made.
pub fn awaited(status: &ClusterStatus) -> &'static str {
    if status.nodes_stale > 0 {
        "when the datanodes that missed their heartbeats are declared dead"
    } else {
        "as soon as enough live datanodes have room"
    }
}

fn in_files(seen: &Observation<'_>) -> String {
    match seen.affected {
        None => String::new(),
        Some(Affected { files, more }) => {
            let least = if more { "at least " } else { "" };
            format!(", in {least}{}", plural(files, "file", "files"))
        }
    }
}

/// A reason for which chunks get no more replicas, and what removes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub what: String,
    pub help: &'static str,
}

/// Returns the reasons for which chunks get no more replicas now, the one of most chunks first.
/// `serving` datanodes are neither dead nor draining.
pub fn reasons(blocked: &Blocked, serving: u32) -> Vec<Reason> {
    let Blocked { no_source, no_room, no_room_bytes, all_draining, too_few, too_few_want, .. } = *blocked;
    let datanodes = plural(serving.into(), "datanode is in service", "datanodes are in service");
    let need = |chunks| plural(chunks, "chunk needs", "chunks need");
    // Several chunks may want different numbers of replicas; the largest is known.
    let up_to = if too_few > 1 { "up to " } else { "" };
    let mut found = [
        (
            too_few,
            format!(
                "{} {up_to}{}, only {datanodes}",
                need(too_few),
                plural(too_few_want.into(), "replica", "replicas")
            ),
            "setrep to fewer replicas, or add datanodes",
        ),
        (
            no_room,
            format!(
                "{} more replicas, and no datanode without one has room for {}",
                need(no_room),
                size(no_room_bytes.into())
            ),
            "delete files, or add datanodes or disks",
        ),
        (
            all_draining,
            format!("{} more replicas, and the only datanodes without one are draining", need(all_draining)),
            "node resume one of them, or add datanodes",
        ),
        (
            no_source,
            plural(no_source, "chunk has no replica left to copy from", "chunks have no replica left to copy from"),
            "start the datanodes that had them; fsck names the files",
        ),
    ];
    found.sort_by_key(|(chunks, ..)| std::cmp::Reverse(*chunks));
    let stuck = found.into_iter().filter(|(chunks, ..)| *chunks > 0);
    stuck.map(|(_, what, help)| Reason { what, help }).collect()
}

/// Returns all reasons in one line with the help for the first; none if no chunk is blocked.
pub fn reason(blocked: &Blocked, serving: u32) -> Option<(String, &'static str)> {
    let reasons = reasons(blocked, serving);
    let help = reasons.first()?.help;
    Some((reasons.into_iter().map(|reason| reason.what).collect::<Vec<_>>().join("; "), help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_help() {
        let blocked =
            Blocked { too_few: 12, too_few_want: 9, no_room: 1, no_room_bytes: 64 << 20, ..Blocked::default() };
        let (what, help) = reason(&blocked, 5).expect("blocked");
        assert_eq!(
            what,
            "12 chunks need up to 9 replicas, only 5 datanodes are in service; 1 chunk needs more replicas, and no \
             datanode without one has room for 64.0 MiB"
        );
        assert_eq!(help, "setrep to fewer replicas, or add datanodes");
        let draining = Blocked { all_draining: 2, no_source: 1, ..Blocked::default() };
        let (what, _) = reason(&draining, 1).expect("blocked");
        assert_eq!(
            what,
            "2 chunks need more replicas, and the only datanodes without one are draining; 1 chunk has no replica left \
             to copy from"
        );
        assert_eq!(reason(&Blocked { under_way: 3, waiting: 1, ..Blocked::default() }, 3), None);
    }
}

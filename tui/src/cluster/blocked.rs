//! Why chunks get no more replicas, and what helps.

use super::{Finding, Picture, Severity};
use dfs_rpc::wire::{Blocked, ClusterStatus};
use dfs_term::figures::{plural, size};

/// One reason, and how to remove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub what: String,
    pub help: &'static str,
}

/// The reasons for which chunks get no more replicas as things are, the one of most chunks first. `serving` datanodes are
/// neither dead nor to be drained.
pub fn reasons(blocked: &Blocked, serving: u32) -> Vec<Reason> {
    let Blocked { no_source, no_room, no_room_bytes, all_draining, too_few, too_few_want, .. } = *blocked;
    let datanodes = plural(serving.into(), "datanode that serves", "datanodes that serve");
    let mut found = [
        (
            too_few,
            format!(
                "{} {too_few_want} replicas, the cluster has {datanodes}",
                plural(too_few, "chunk wants", if spread(blocked) { "chunks want up to" } else { "chunks want" })
            ),
            "setrep to fewer replicas, or add datanodes",
        ),
        (
            no_room,
            format!(
                "{} replicas, and no datanode without one has room for {}",
                plural(no_room, "chunk wants", "chunks want"),
                size(no_room_bytes.into())
            ),
            "delete files, or add datanodes or disks",
        ),
        (
            all_draining,
            format!(
                "{} replicas, and the only datanodes without one are draining",
                plural(all_draining, "chunk wants", "chunks want")
            ),
            "node resume one of them, or add datanodes",
        ),
        (
            no_source,
            format!("{} no replica left to copy from", plural(no_source, "chunk has", "chunks have")),
            "start the datanodes that had them; fsck names the files",
        ),
    ];
    found.sort_by_key(|(chunks, ..)| std::cmp::Reverse(*chunks));
    let stuck = found.into_iter().filter(|(chunks, ..)| *chunks > 0);
    stuck.map(|(_, what, help)| Reason { what, help }).collect()
}

/// Whether the chunks may want different numbers of replicas: only the highest is told.
fn spread(blocked: &Blocked) -> bool {
    blocked.too_few > 1
}

/// All of it in one line; none where nothing is stuck.
pub fn reason(blocked: &Blocked, serving: u32) -> Option<(String, &'static str)> {
    let reasons = reasons(blocked, serving);
    let help = reasons.first()?.help;
    Some((reasons.into_iter().map(|reason| reason.what).collect::<Vec<_>>().join("; "), help))
}

/// Chunks that want more replicas than there are datanodes: nothing that time mends.
pub(super) fn beyond(picture: &Picture<'_>) -> Option<Finding> {
    let status = picture.status;
    let (too_few, too_few_want) = (too_many_wanted(status), status.blocked.too_few_want);
    if too_few == 0 || picture.reporting() {
        return None;
    }
    let only = Blocked { too_few, too_few_want, ..Blocked::default() };
    let (what, _) = reason(&only, status.nodes_serving)?;
    let most = plural(status.nodes_serving.into(), "replica", "replicas");
    Some(Finding {
        severity: Severity::Warning,
        what,
        since_ms: None,
        doing: format!("nothing: setrep them to {most} at the most, or add datanodes"),
        next: if picture.local { format!("dfsd up --datanodes {too_few_want}") } else { "fsck".into() },
    })
}

/// Chunks for which there would be too few datanodes even if the dead ones came back.
pub(super) fn too_many_wanted(status: &ClusterStatus) -> u64 {
    let all = status.nodes_live + status.nodes_stale + status.nodes_dead;
    if u32::from(status.blocked.too_few_want) > all { status.blocked.too_few } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_with_what_helps() {
        let blocked =
            Blocked { too_few: 12, too_few_want: 9, no_room: 1, no_room_bytes: 64 << 20, ..Blocked::default() };
        let (what, help) = reason(&blocked, 5).expect("stuck");
        assert_eq!(
            what,
            "12 chunks want up to 9 replicas, the cluster has 5 datanodes that serve; 1 chunk wants replicas, and no datanode \
             without one has room for 64.0 MiB"
        );
        assert_eq!(help, "setrep to fewer replicas, or add datanodes");
        let draining = Blocked { all_draining: 2, no_source: 1, ..Blocked::default() };
        let (what, _) = reason(&draining, 1).expect("stuck");
        assert!(
            what.starts_with("2 chunks want replicas, and the only datanodes without one are draining; 1 chunk has no")
        );
        assert_eq!(reason(&Blocked { under_way: 3, waiting: 1, ..Blocked::default() }, 3), None);
    }
}

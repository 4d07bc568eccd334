//! All findings in the order in which they are read: a cause before its consequences.

use crate::finding::{Finding, Kind};
use crate::observation::Observation;
use crate::rules::{clock, drain, masters, nodes, replication, space, writes};

/// The findings that can be caused by another one, by that one. The first cause that is present
/// counts.
const CAUSES: [(&[Kind], &[Kind]); 3] = [
    (
        &[Kind::DatanodeDead, Kind::DatanodeAbsent, Kind::DatanodeStale, Kind::DirectoryFailed],
        &[
            Kind::NoDatanode,
            Kind::SafeMode,
            Kind::Waiting,
            Kind::ChunksMissing,
            Kind::ChunksAtRisk,
            Kind::ChunksUnderReplicated,
            Kind::WritesRefused,
        ],
    ),
    (&[Kind::NoDatanode], &[Kind::SafeMode, Kind::Waiting, Kind::ChunksMissing]),
    // Only while repair has no room, see `cause_of`.
    (&[Kind::LowSpace], &[Kind::ChunksAtRisk, Kind::ChunksUnderReplicated]),
];

/// Returns everything that keeps the cluster from being healthy, and what is to be known of drains.
/// The group of a cause and its consequences that has the worst finding comes first.
pub fn findings(seen: &Observation<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(masters::findings(seen));
    found.extend(nodes::findings(seen));
    found.extend(replication::findings(seen));
    found.extend(space::findings(seen));
    found.extend(writes::findings(seen));
    found.extend(clock::findings(seen));
    found.extend(drain::findings(seen));
    ordered(found, seen)
}

/// Links consequences to their causes, and sorts.
fn ordered(mut found: Vec<Finding>, seen: &Observation<'_>) -> Vec<Finding> {
    let causes: Vec<Option<usize>> = found.iter().map(|finding| cause_of(finding, &found, seen)).collect();
    // The severity of a group is that of its worst member.
    let mut worst: Vec<_> = found.iter().map(|finding| finding.severity).collect();
    for (at, cause) in causes.iter().enumerate() {
        if let (Some(cause), Some(own)) = (cause, found.get(at).map(|finding| finding.severity))
            && let Some(group) = worst.get_mut(*cause)
        {
            *group = own.min(*group);
        }
    }
    let heads: Vec<(String, String)> = found.iter().map(|head| (head.what.clone(), head.run.clone())).collect();
    let mut keyed: Vec<_> = Vec::with_capacity(found.len());
    for (at, (mut finding, cause)) in found.drain(..).zip(causes).enumerate() {
        let head = cause.unwrap_or(at);
        if let Some((what, run)) = cause.and_then(|cause| heads.get(cause)) {
            (finding.because, finding.run) = (Some(what.clone()), run.clone());
        }
        let key = (worst.get(head).copied(), head, cause.is_some(), finding.severity, at);
        keyed.push((key, finding));
    }
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, finding)| finding).collect()
}

/// Returns the index of the finding that causes this one. A cause of a cause is the cause.
fn cause_of(finding: &Finding, all: &[Finding], seen: &Observation<'_>) -> Option<usize> {
    let is_cause = |kind: &&Kind| **kind != Kind::LowSpace || seen.status.blocked.no_room > 0;
    let causes = CAUSES.iter().find_map(|(causes, of)| {
        let position = |kind: &Kind| all.iter().position(|other| other.kind == *kind);
        of.contains(&finding.kind).then(|| causes.iter().filter(is_cause).find_map(position)).flatten()
    });
    causes.filter(|_| !is_of_its_own(finding))
}

/// A safe mode that was entered by an operator is left by an operator, whatever the datanodes do.
fn is_of_its_own(finding: &Finding) -> bool {
    finding.kind == Kind::SafeMode && finding.run == crate::rules::masters::LEAVE
}

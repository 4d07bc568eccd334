//! Turns the findings of the diagnosis into checks: one for each problem, and one for each
//! consequence.

use super::{Area, Check, Verdict};
use dfs_client::{NodeState, NodeStatus};
use dfs_daemon::local::DaemonStatus;
use dfs_diagnosis::{Finding, Kind, Severity};
use dfs_types::DatanodeId;
use std::collections::BTreeMap;

/// The maximum number of datanodes of one finding that are described in detail.
const NODES_TOLD_MAX: usize = 3;

/// The datanodes that did not accept a connection, with the reasons.
pub(crate) type Silent = BTreeMap<DatanodeId, String>;

/// Returns the findings as checks. A finding about datanodes that do not report includes their
/// addresses and logs, because it is the same problem.
pub(crate) fn checks(
    found: Vec<Finding>,
    nodes: &[NodeStatus],
    silent: &Silent,
    daemons: &[DaemonStatus],
) -> Vec<Check> {
    let check = |finding: Finding| {
        let mut why = finding.sentence();
        for told in details(finding.kind, nodes, silent, daemons) {
            why.push_str("; ");
            why.push_str(&told);
        }
        why.push_str("; meanwhile: ");
        why.push_str(&finding.meanwhile);
        let fix = fix(finding.kind, finding.run);
        let check = match finding.severity {
            Severity::Critical => Check::bad(Area::Cluster, "finding", why, fix),
            Severity::Warning => Check::warning(Area::Cluster, "finding", why, fix),
            Severity::Info => Check::ok(Area::Cluster, "drain", why),
        };
        Check { because: finding.because, ..check }
    };
    found.into_iter().map(check).collect()
}

/// Returns true if there is a finding about this datanode: it does not report to the master.
pub(crate) fn is_told(node: &NodeStatus) -> bool {
    node.state != NodeState::Live
}

/// Returns the address and the log of the first datanodes in the state that the finding is about.
fn details(kind: Kind, nodes: &[NodeStatus], silent: &Silent, daemons: &[DaemonStatus]) -> Vec<String> {
    let state = match kind {
        Kind::DatanodeDead => NodeState::Dead,
        Kind::DatanodeStale => NodeState::Stale,
        _ => return Vec::new(),
    };
    let about = nodes.iter().filter(|node| node.state == state && !node.is_drained());
    let told = |node: &NodeStatus| {
        let mut parts: Vec<String> = silent.get(&node.id).cloned().into_iter().collect();
        let id = node.id.to_string();
        let log = daemons.iter().find(|daemon| daemon.id.to_string() == id).map(|daemon| daemon.log.display());
        parts.extend(log.map(|log| format!("log {log}")));
        (!parts.is_empty()).then(|| format!("{id}: {}", parts.join(", ")))
    };
    about.take(NODES_TOLD_MAX).filter_map(told).collect()
}

/// Returns the command that fixes a finding. Some findings recommend `doctor`, which is already
/// running.
fn fix(kind: Kind, run: String) -> String {
    match kind {
        Kind::ClockAhead | Kind::ClockSkew => {
            "timedatectl set-ntp true, on the machine whose clock is wrong".to_owned()
        }
        Kind::MasterDiskFull => "make room in that directory".to_owned(),
        Kind::NoMasterAnswers if run == "doctor" => "start a master on its machine: dfsd master".to_owned(),
        _ => run,
    }
}

/// Counts the problems among the checks, as errors and warnings. A consequence is not counted, but
/// raises the severity of its cause to its own.
pub(crate) fn problems(checks: &[Check]) -> (u64, u64) {
    let (mut bad, mut warnings) = (0, 0);
    for (at, head) in checks.iter().enumerate().filter(|(_, check)| check.because.is_none()) {
        let consequences = checks.iter().skip(at + 1).take_while(|check| check.because.is_some());
        match consequences.map(|check| check.verdict).fold(head.verdict, Verdict::max) {
            Verdict::Bad => bad += 1,
            Verdict::Warning => warnings += 1,
            Verdict::Ok => {}
        }
    }
    (bad, warnings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_and_its_consequences_are_one_problem() {
        let consequence = |check: Check| Check { because: Some("a datanode is dead".into()), ..check };
        let (warning, bad) = (
            || Check::warning(Area::Cluster, "finding", "a datanode is dead", "dfsd up"),
            || Check::bad(Area::Cluster, "finding", "chunks are at risk", "dfsd up"),
        );
        assert_eq!(problems(&[]), (0, 0));
        assert_eq!(problems(&[warning(), consequence(bad()), consequence(warning())]), (1, 0));
        assert_eq!(problems(&[warning(), consequence(warning()), bad(), warning()]), (1, 2));
        assert_eq!(problems(&[Check::ok(Area::Machine, "memory", "enough")]), (0, 0));
    }
}

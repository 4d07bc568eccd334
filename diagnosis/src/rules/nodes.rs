//! Datanodes that are not live, and their data directories.

use crate::finding::{Finding, Kind};
use crate::observation::{Observation, Process};
use crate::rules::replication::blocked;
use crate::severity::Severity;
use crate::words::{names, of};
use dfs_rpc::wire::{NodeState, NodeStatus};
use dfs_term::figures::plural;
use dfs_types::DatanodeId;

pub(crate) fn findings(seen: &Observation<'_>) -> impl Iterator<Item = Finding> {
    [dead(seen), absent(seen), stale(seen), failed_directories(seen), no_datanode(seen)].into_iter().flatten()
}

/// Returns the command that brings datanodes back. On another machine they are started there.
pub(crate) fn start_missing(seen: &Observation<'_>, otherwise: &str) -> String {
    // While reports are waited for, a process that runs is about to report.
    let helps = |id: &DatanodeId| !seen.is_incomplete() || seen.process(*id) != Some(Process::Running);
    let silent: Vec<DatanodeId> = seen.silent().into_iter().map(|node| node.id).filter(helps).collect();
    let absent: Vec<DatanodeId> = seen.status.absent.iter().copied().filter(helps).collect();
    match (silent.as_slice(), absent.as_slice()) {
        ([], []) => otherwise.to_owned(),
        ([], missing) | (missing, _) => start(seen, missing),
    }
}

/// Returns the command that brings these datanodes back: one command for all of them.
pub(crate) fn start(seen: &Observation<'_>, nodes: &[DatanodeId]) -> String {
    let Some(first) = nodes.first() else { return "nodes".to_owned() };
    if seen.local.is_none() {
        return format!("why {first}");
    }
    let gone = nodes.iter().filter(|node| seen.process(**node).is_none_or(Process::is_gone)).count();
    match (gone, nodes.len() - gone) {
        (0, 1) => format!("dfsd restart {first}"),
        // `dfsd up` does not touch a process that runs, and refuses one that does not answer.
        (_, 1..) => "dfsd restart".to_owned(),
        (1, 0) if seen.gone_datanodes() <= 1 => format!("dfsd start {first}"),
        _ => "dfsd up".to_owned(),
    }
}

/// Returns the reason on this machine for which they are not live, if it is the same for all.
pub(crate) fn process(seen: &Observation<'_>, nodes: &[DatanodeId]) -> &'static str {
    let mut processes = nodes.iter().map(|node| seen.process(*node));
    let Some(Some(first)) = processes.next() else { return "" };
    let one = nodes.len() == 1;
    match first {
        _ if !processes.all(|other| other == Some(first)) => "",
        Process::Crashed if one => " (its process has crashed)",
        Process::Crashed => " (their processes have crashed)",
        Process::Stopped if one => " (its process was stopped)",
        Process::Stopped => " (their processes were stopped)",
        Process::Suspended if one => " (its process is suspended)",
        Process::Suspended => " (their processes are suspended)",
        Process::Running if one => " (its process runs but does not answer)",
        Process::Running => " (their processes run but do not answer)",
    }
}

/// Returns the datanodes in a state, and their number, which is known also if they were not asked
/// for. A dead datanode that was drained before is not a problem.
fn in_state(seen: &Observation<'_>, state: NodeState, number: u32) -> (Vec<DatanodeId>, u32) {
    let (drained, nodes): (Vec<&NodeStatus>, Vec<&NodeStatus>) =
        seen.nodes.iter().filter(|node| node.state == state).partition(|node| node.is_drained());
    let number = number.saturating_sub(u32::try_from(drained.len()).unwrap_or(u32::MAX));
    (nodes.into_iter().map(|node| node.id).collect(), number)
}

/// Returns the subject and verb of a sentence: `datanode-2 is dead`, `2 datanodes are dead`.
fn subject(nodes: &[DatanodeId], number: u32, one: &str, many: &str) -> String {
    let verb = if number == 1 { one } else { many };
    match nodes {
        [] => format!("{} {verb}", plural(number.into(), "datanode", "datanodes")),
        nodes => format!("{} {verb}", names(nodes)),
    }
}

fn dead(seen: &Observation<'_>) -> Option<Finding> {
    let (nodes, number) = in_state(seen, NodeState::Dead, seen.status.nodes_dead);
    let what = format!("{}{}", subject(&nodes, number, "is dead", "are dead"), process(seen, &nodes));
    let impact = of(number.into(), "its replicas no longer count", "their replicas no longer count");
    let rule = of(
        number.into(),
        "its chunks are re-replicated from other replicas",
        "their chunks are re-replicated from other replicas",
    );
    let back = of(
        number.into(),
        "if it comes back, its replicas count again",
        "if they come back, their replicas count again",
    );
    let meanwhile = format!("{}; {back}", blocked(seen.status).unwrap_or_else(|| rule.to_owned()));
    let finding = Finding::new(Kind::DatanodeDead, Severity::Warning, (what, impact), meanwhile, start(seen, &nodes));
    (number > 0).then(|| finding.since(seen.status.lasting.dead))
}

/// Datanodes that have not registered since the start of the master, and are no longer waited for.
fn absent(seen: &Observation<'_>) -> Option<Finding> {
    let absent = &seen.status.absent;
    let first = absent.first().filter(|_| seen.status.awaited().is_none())?;
    let number = u32::try_from(absent.len()).unwrap_or(u32::MAX);
    let have = of(number.into(), "has not registered", "have not registered");
    let what = format!("{} {have} since the master started{}", names(absent), process(seen, absent));
    Some(Finding::new(
        Kind::DatanodeAbsent,
        Severity::Warning,
        (what, of(number.into(), "its replicas do not count", "their replicas do not count")),
        "under-replicated chunks are re-replicated; replicas count again when their datanode registers",
        if seen.local.is_some() { start(seen, absent) } else { format!("node forget {first}") },
    ))
}

fn stale(seen: &Observation<'_>) -> Option<Finding> {
    let (nodes, number) = in_state(seen, NodeState::Stale, seen.status.nodes_stale);
    let missed = of(number.into(), "missed its heartbeat", "missed their heartbeats");
    let what = format!("{}{}", subject(&nodes, number, missed, missed), process(seen, &nodes));
    let impact = of(
        number.into(),
        "it gets no new chunks and is read from last",
        "they get no new chunks and are read from last",
    );
    let meanwhile = of(
        number.into(),
        "it is declared dead if no heartbeat arrives in time; its chunks are then re-replicated",
        "they are declared dead if no heartbeats arrive in time; their chunks are then re-replicated",
    );
    let finding = Finding::new(Kind::DatanodeStale, Severity::Warning, (what, impact), meanwhile, start(seen, &nodes));
    // While reports are waited for, another finding says so.
    (number > 0 && seen.status.awaited().is_none()).then(|| finding.since(seen.status.lasting.stale))
}

fn failed_directories(seen: &Observation<'_>) -> Option<Finding> {
    let failed: Vec<String> = seen
        .nodes
        .iter()
        .flat_map(|node| node.load.directories.iter().filter(|directory| directory.failed).map(move |at| (node.id, at)))
        .map(|(id, directory)| match &directory.reason {
            Some(reason) => format!("{id} {} ({reason})", directory.path),
            None => format!("{id} {}", directory.path),
        })
        .collect();
    let number = u32::try_from(failed.len()).unwrap_or(u32::MAX);
    let have = of(number.into(), "data directory has failed", "data directories have failed");
    (number > 0).then(|| {
        Finding::new(
            Kind::DirectoryFailed,
            Severity::Warning,
            (format!("{number} {have}"), names(&failed)),
            of(
                number.into(),
                "it takes no more chunks; its chunks are re-replicated from other replicas",
                "they take no more chunks; their chunks are re-replicated from other replicas",
            ),
            "nodes -v",
        )
    })
}

fn no_datanode(seen: &Observation<'_>) -> Option<Finding> {
    (seen.status.nodes_live == 0 && seen.status.awaited().is_none()).then(|| {
        Finding::new(
            Kind::NoDatanode,
            Severity::Critical,
            ("no datanode is live", "nothing can be read or written"),
            "nothing: datanodes are started by an operator or a service manager",
            if seen.local.is_some() { "dfsd up" } else { "nodes" },
        )
    })
}

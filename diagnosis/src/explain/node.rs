//! Datanodes and masters.

use super::explanation::Explanation;
use crate::observation::Observation;
use crate::rules::nodes::{process, start};
use dfs_rpc::wire::{ClusterStatus, NodeState, NodeStatus};
use dfs_term::figures::{age, apart, count, plural, size};
use dfs_types::{AdminState, MasterId};
use std::time::Duration;

fn ago(ms: u64) -> String {
    age(Duration::from_millis(ms))
}

/// Explains the state of a datanode.
pub fn datanode(node: &NodeStatus, seen: &Observation<'_>) -> Explanation {
    let mut why = Explanation::new(node.id);
    let (id, heartbeat) = (node.id, ago(node.heartbeat_age_ms));
    let (reason, restart) = (process(seen, &[id]), start(seen, &[id]));
    let replicas = plural(node.chunks, "replica", "replicas");
    match node.state {
        NodeState::Live => {
            why.say(format!("{id} is live: last heartbeat {heartbeat}, registered {}.", ago(node.registered_ms)));
            why.say(format!(
                "It holds {replicas}, {}, and has {} free.",
                size(node.load.used()),
                size(node.load.free())
            ));
            why.run = format!("node show {id}");
        }
        NodeState::Stale if node.is_drained() => {
            why.say(format!("{id} missed its heartbeat{reason}: the last one was {heartbeat}."));
            why.run = "nodes".to_owned();
        }
        NodeState::Stale => {
            why.wrong(format!("{id} missed its heartbeat{reason}: the last one was {heartbeat}."));
            why.say(format!(
                "It gets no new chunks and is read from last. Its {replicas} are not re-replicated yet: it may come back."
            ));
            why.say(
                "If no heartbeat arrives in time it is declared dead, and its chunks are re-replicated from other replicas.",
            );
            why.run = if seen.local.is_some() { restart } else { "nodes".to_owned() };
        }
        NodeState::Dead if node.is_drained() => {
            why.say(format!("{id} is dead{reason}: its last heartbeat was {heartbeat}."));
        }
        NodeState::Dead => {
            why.wrong(format!("{id} is dead{reason}: its last heartbeat was {heartbeat}."));
            why.say(format!("Its {replicas} no longer count."));
            why.say("If it comes back with its data, its replicas count again and surplus ones are deleted.");
            why.run = if seen.local.is_some() { restart } else { "replication --watch".to_owned() };
        }
    }
    say_drain(&mut why, node, seen.local.is_some());
    say_parts(&mut why, node);
    say_cluster(&mut why, seen.status);
    why
}

/// Adds its directories, its clock and its space.
fn say_parts(why: &mut Explanation, node: &NodeStatus) {
    for directory in node.load.directories.iter().filter(|directory| directory.failed) {
        let reason = directory.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        why.wrong(format!(
            "Its data directory {} has failed and is not used{reason}; replace the disk and restart the datanode.",
            directory.path
        ));
    }
    if node.ahead {
        why.wrong(format!(
            "Its clock is {} ahead of the master's: capabilities count as expired there, so it gets no new chunks and is \
             read from last. Set its clock: `timedatectl set-ntp true` on its machine.",
            apart(node.skew_ms)
        ));
    }
    if node.state == NodeState::Live && node.load.free() == 0 {
        why.wrong("It is full: new chunks go to other datanodes.");
    }
}

/// Adds what the whole cluster lacks, which a datanode alone does not show.
fn say_cluster(why: &mut Explanation, status: &ClusterStatus) {
    let chunks = &status.replication;
    let under_replicated = chunks.under_replicated();
    if under_replicated > 0 {
        why.say(format!(
            "In the whole cluster {} fewer live replicas than wanted; {} being made.",
            plural(under_replicated, "chunk has", "chunks have"),
            plural(chunks.copying, "replica is", "replicas are")
        ));
    }
}

/// Adds the progress of a drain, and its next command.
fn say_drain(why: &mut Explanation, node: &NodeStatus, local: bool) {
    if node.admin_state != AdminState::Draining {
        return;
    }
    let (id, dead) = (node.id, node.state == NodeState::Dead);
    let run = match (node.is_drained(), node.left) {
        (true, _) if dead => {
            why.say("It was drained before: nothing is lost, and it can be forgotten.");
            Some(format!("node forget {id}"))
        }
        (true, _) => {
            why.say("It is drained: every chunk has its replicas elsewhere, and it can be stopped.");
            (local && node.state == NodeState::Live).then(|| format!("dfsd stop {id}"))
        }
        (false, left) => {
            let rest = match left {
                None => "its chunks are being counted".to_owned(),
                Some(0) => "every chunk has its replicas elsewhere, and the last writes to it are ending".to_owned(),
                Some(left) => format!("{} of {} left", count(left), plural(node.chunks, "chunk", "chunks")),
            };
            why.say(format!("It is draining and gets no new chunks: {rest}."));
            (node.state == NodeState::Live).then(|| format!("node drain --wait {id}"))
        }
    };
    if let Some(run) = run {
        why.run = run;
    }
}

/// Explains the state of a master: its role and term if it answers at `address`, the error if not.
pub fn master(id: MasterId, address: &str, answer: Result<(&str, u64), &str>, seen: &Observation<'_>) -> Explanation {
    let mut why = Explanation::new(id);
    match answer {
        Ok((role, term)) => {
            why.say(format!("{id} answers at {address}: {role} in term {term}."));
            why.run = "masters".to_owned();
        }
        Err(error) => {
            why.wrong(format!("{id} does not answer: {error}."));
            why.say("The other masters continue as long as they are a majority.");
            let name = id.to_string();
            let process = seen.local.and_then(|local| local.daemons.iter().find(|daemon| daemon.id == name));
            why.run = match process.map(|daemon| daemon.process.is_gone()) {
                Some(true) => format!("dfsd start {id}"),
                Some(false) => format!("dfsd restart {id}"),
                None => "masters".to_owned(),
            };
        }
    }
    why
}

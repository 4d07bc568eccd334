//! One chunk.

use super::explanation::Explanation;
use crate::words::names;
use dfs_rpc::wire::{ChunkStatus, ClusterStatus, NodeState};
use dfs_term::figures::{plural, size};
use dfs_term::quote::quote;

/// Explains the state of a chunk.
pub fn chunk(chunk: &ChunkStatus, status: &ClusterStatus) -> Explanation {
    let mut why = Explanation::new(chunk.chunk.id);
    let file = match &chunk.path {
        Some(path) => format!("a chunk of {path}"),
        None => "a chunk of a file that you may not see".to_owned(),
    };
    let (id, length, generation) = (chunk.chunk.id, size(chunk.chunk.length.into()), chunk.chunk.generation);
    why.say(format!("{id} is {file}: {length}, generation {generation}."));
    say_replicas(&mut why, chunk);
    why.say_awaited(status);
    let silent = chunk.replicas.iter().find(|(_, state)| *state != NodeState::Live);
    why.run = match (&chunk.path, why.healthy, silent) {
        (_, false, Some((node, _))) => format!("why {node}"),
        (_, false, None) => "replication --watch".to_owned(),
        (Some(path), true, _) => format!("info {}", quote(path.as_str())),
        (None, true, _) => "status".to_owned(),
    };
    why
}

fn say_replicas(why: &mut Explanation, chunk: &ChunkStatus) {
    let at = |state| -> Vec<_> {
        chunk.replicas.iter().filter(|(_, found)| *found == state).map(|(node, _)| *node).collect()
    };
    for (state, place) in [
        (NodeState::Live, "on"),
        (NodeState::Stale, "on datanodes that missed their heartbeats:"),
        (NodeState::Dead, "on dead datanodes:"),
    ] {
        let nodes = at(state);
        if !nodes.is_empty() {
            let are = plural(nodes.len() as u64, "replica is", "replicas are");
            why.say(format!("{are} {place} {}.", names(&nodes)));
        }
    }
    let (live, wanted) = (at(NodeState::Live).len(), usize::from(chunk.wanted));
    if live >= wanted {
        why.say(format!("{} wanted: it has all its replicas.", plural(wanted as u64, "is", "are")));
        return;
    }
    why.wrong(match live {
        0 => "No live replica is left: it cannot be read until a datanode that has it comes back.".to_owned(),
        1 => format!("{wanted} are wanted and one is left: one more failure loses it."),
        live => format!("{wanted} are wanted and {live} are live: it can be read."),
    });
    why.say(match live {
        _ if chunk.copying => "It is being re-replicated now.",
        0 => "There is no replica to copy from.",
        _ => "It is re-replicated as soon as a live datanode without it has room.",
    });
}

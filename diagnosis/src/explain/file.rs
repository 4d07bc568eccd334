//! One file.

use super::explanation::Explanation;
use crate::observation::Observation;
use crate::rules::nodes::start_missing;
use crate::words::names;
use dfs_rpc::wire::{LocatedChunk, NodeState};
use dfs_term::figures::{plural, size};
use dfs_term::quote::quote;
use dfs_types::{DatanodeId, DfsPath, Stat};

/// Chunks that are listed one by one.
const CHUNKS_MAX: usize = 5;

/// Explains the state of a file.
pub fn file(path: &DfsPath, stat: &Stat, chunks: &[LocatedChunk], seen: &Observation<'_>) -> Explanation {
    let is_live = |id: DatanodeId| seen.nodes.iter().any(|node| node.id == id && node.state == NodeState::Live);
    let live = |chunk: &LocatedChunk| chunk.replicas.iter().filter(|node| is_live(node.id)).count();
    let wanted = usize::from(stat.replication);
    let short: Vec<&LocatedChunk> = chunks.iter().filter(|chunk| live(chunk) < wanted).collect();
    let mut why = Explanation::new(path);
    let number = plural(chunks.len() as u64, "chunk", "chunks");
    let replicas = plural(stat.replication.into(), "replica", "replicas");
    why.say(format!("{path} is a file of {} in {number}, with {replicas} of each wanted.", size(stat.size)));
    why.run = format!("locate {}", quote(path.as_str()));
    if chunks.is_empty() {
        why.say("It is empty: it has no chunks.");
        return why;
    }
    if short.is_empty() {
        why.say(format!("Every chunk has all its replicas, on {}.", names(&holders(chunks))));
        return why;
    }
    let number = plural(short.len() as u64, "chunk has", "chunks have");
    why.wrong(format!("{number} fewer live replicas than wanted."));
    let lost = short.iter().filter(|chunk| chunk.replicas.is_empty()).count() as u64;
    let doubtful = short.iter().filter(|chunk| live(chunk) == 0).count() as u64 - lost;
    why.say(match (lost, doubtful) {
        (0, 0) => "It can be read whole.".to_owned(),
        (0, doubtful) => format!(
            "{} replicas only on datanodes that missed their heartbeats: it can be read whole only if they answer.",
            plural(doubtful, "chunk has", "chunks have")
        ),
        (lost, _) => format!(
            "{} no replica that can be reached: it cannot be read whole.",
            plural(lost, "chunk has", "chunks have")
        ),
    });
    for chunk in short.iter().take(CHUNKS_MAX) {
        let nodes: Vec<_> = chunk.replicas.iter().map(|node| node.id).collect();
        let place = if nodes.is_empty() { "on no datanode".to_owned() } else { format!("on {}", names(&nodes)) };
        let (id, offset) = (chunk.chunk.id, chunk.offset);
        why.say(format!("Chunk {id} at byte {offset} has {} live of {wanted} replicas, {place}.", live(chunk)));
    }
    if short.len() > CHUNKS_MAX {
        why.say(format!("{} more chunks are not listed.", short.len() - CHUNKS_MAX));
    }
    for node in seen.silent() {
        why.say(match node.state {
            NodeState::Dead => format!("{} is dead.", node.id),
            NodeState::Stale | NodeState::Live => format!("{} missed its heartbeat.", node.id),
        });
    }
    why.say_awaited(seen.status);
    why.run = start_missing(seen, "replication --watch");
    why
}

/// Returns the datanodes that hold replicas, each once.
fn holders(chunks: &[LocatedChunk]) -> Vec<DatanodeId> {
    let mut nodes: Vec<_> = chunks.iter().flat_map(|chunk| chunk.replicas.iter().map(|node| node.id)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

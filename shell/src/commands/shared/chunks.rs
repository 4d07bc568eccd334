//! The chunks of a file and the locations of their replicas.

use dfs_client::{LocatedChunk, NodeAddress};
use dfs_term::{Align, Cell, Table, Tone, View};
use schemars::JsonSchema;
use serde::Serialize;

/// A chunk and its replicas.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Chunk {
    /// Its id, in hexadecimal.
    chunk: String,
    generation: u32,
    /// Its offset in the file, in bytes.
    offset: u64,
    /// Its length, in bytes.
    length: u32,
    /// The reachable replicas, the preferred one first.
    replicas: Vec<Replica>,
}

/// A replica.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Replica {
    /// As in `datanode-2`.
    node: String,
    address: String,
}

impl Chunk {
    pub(crate) fn of(chunk: &LocatedChunk) -> Self {
        let replica =
            |replica: &NodeAddress| Replica { node: replica.id.to_string(), address: replica.address.to_string() };
        Self {
            chunk: chunk.chunk.id.to_string(),
            generation: chunk.chunk.generation.0,
            offset: chunk.offset,
            length: chunk.chunk.length,
            replicas: chunk.replicas.iter().map(replica).collect(),
        }
    }
}

/// Formats chunks and their replicas, one line each.
pub(crate) fn chunk_table(chunks: &[LocatedChunk], view: &View) -> String {
    let mut table = Table::new(&[
        ("OFFSET", Align::Right),
        ("LENGTH", Align::Right),
        ("CHUNK", Align::Left),
        ("GEN", Align::Right),
        ("REPLICAS", Align::Left),
    ]);
    for chunk in chunks {
        let replicas: Vec<String> = chunk.replicas.iter().map(|replica| replica.id.to_string()).collect();
        let replicas = match replicas.is_empty() {
            true => Cell::new(Tone::Bad, "✗ none"),
            false => Cell::from(replicas.join(" ")),
        };
        let (offset, length) = (chunk.offset.to_string(), chunk.chunk.length.to_string());
        let (id, generation) = (chunk.chunk.id.to_string(), chunk.chunk.generation.to_string());
        table.row([offset.into(), length.into(), id.into(), generation.into(), replicas]);
    }
    table.render(view)
}

//! What each command does, case by case. `tests/namespace_model.rs` does the same at random, against a plain model.

mod access;
mod changes;
mod deep;
mod reading;
mod snapshots;
mod walking;

use super::{Decoder, Namespace, SnapshotError};
use crate::command::{Command, KeyRecord, NewFile, Op, Outcome, Refusal};
use dfs_types::{ChunkId, ChunkRef, ClusterId, DfsPath, Generation, RequestId, Timestamp};

const CHUNK: u32 = 100;

fn path(text: &str) -> DfsPath {
    DfsPath::parse(text).expect("a valid path")
}

/// A namespace, and the number of the next request.
struct Tree {
    space: Namespace,
    requests: u128,
}

impl Tree {
    fn new() -> Self {
        let mut tree = Self { space: Namespace::new(), requests: 0 };
        let key = KeyRecord { id: 1, secret: [7; 32], made_at: Timestamp(0) };
        let init = Op::Init { cluster: ClusterId([1; 16]), superuser: "root".to_owned(), key };
        assert_eq!(tree.run("", init), Ok(Outcome::Done));
        let reserved = Outcome::Reserved { first: ChunkId(1), count: 1000 };
        assert_eq!(tree.run("", Op::ReserveChunks { count: 1000 }), Ok(reserved));
        tree
    }

    fn run(&mut self, caller: &str, op: Op) -> Result<Outcome, Refusal> {
        self.requests += 1;
        let request = RequestId(self.requests);
        let at = Timestamp(self.requests as u64);
        self.space.apply(&Command { request, caller: caller.to_owned(), at, op })
    }

    fn mkdir(&mut self, caller: &str, at: &str) -> Result<Outcome, Refusal> {
        self.run(caller, Op::Mkdir { path: path(at), parents: false })
    }

    fn mkdirs(&mut self, caller: &str, at: &str) -> Result<Outcome, Refusal> {
        self.run(caller, Op::Mkdir { path: path(at), parents: true })
    }

    fn put(&mut self, caller: &str, at: &str, ids: &[u64], last: u32) -> Result<Outcome, Refusal> {
        self.run(caller, Op::CommitWrite(file(at, ids, last)))
    }

    fn mv(&mut self, caller: &str, from: &str, to: &str, overwrite: bool) -> Result<Outcome, Refusal> {
        self.run(caller, Op::Rename { from: path(from), to: path(to), overwrite })
    }

    fn rm(&mut self, caller: &str, at: &str, recursive: bool) -> Result<Outcome, Refusal> {
        self.run(caller, Op::Delete { path: path(at), recursive })
    }

    fn has(&self, at: &str) -> bool {
        self.space.stat(&path(at), "root").is_ok()
    }

    fn chunk_ids(&self) -> Vec<u64> {
        self.space.chunks_from(ChunkId(0)).map(|(id, _)| id.0).collect()
    }

    fn garbage(&self) -> Vec<u64> {
        (1..self.space.next_chunk().0).filter(|id| self.space.is_garbage(ChunkId(*id))).collect()
    }

    fn names(&self, at: &str) -> Vec<String> {
        let (entries, more) = self.space.list(&path(at), None, "", 1000, "root").expect("listable");
        assert!(!more);
        entries.into_iter().map(|entry| entry.name).collect()
    }
}

fn file(at: &str, ids: &[u64], last: u32) -> NewFile {
    let mut chunks: Vec<ChunkRef> = ids
        .iter()
        .map(|id| ChunkRef { id: ChunkId(*id), generation: Generation(1), length: CHUNK, checksum: 7 })
        .collect();
    if let Some(chunk) = chunks.last_mut() {
        chunk.length = last;
    }
    NewFile {
        abandoned: Vec::new(),
        path: path(at),
        overwrite: false,
        replication: 3,
        chunk_size: CHUNK,
        chunks,
        modified: Timestamp(5),
        mode: 0o644,
    }
}

fn pieces(space: &Namespace) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let ended: Result<(), ()> = space.encode(&mut |piece| {
        assert!(piece.len() <= super::PIECE_BYTES_MAX);
        pieces.push(piece.to_vec());
        Ok(())
    });
    assert_eq!(ended, Ok(()));
    pieces
}

fn restore(pieces: &[Vec<u8>]) -> Result<Namespace, SnapshotError> {
    let mut decoder = Decoder::new();
    pieces.iter().try_for_each(|piece| decoder.piece(piece))?;
    decoder.finish()
}

//! Tests of each command, case by case. `tests/state_model.rs` does the same randomly, against a
//! plain model.

mod access;
mod changes;
mod copies;
mod deep;
mod reading;
mod snapshots;
mod walking;

use super::{Decoder, SnapshotError, State};
use crate::command::{AdminOp, Caller, ChunkOp, Command, Copy, FsOp, KeyRecord, NewFile, Op, Outcome, Refusal};
use dfs_types::{ChunkId, ChunkRef, ClusterId, DfsPath, Generation, Layout, RequestId, Timestamp};

const CHUNK: u32 = 100;

fn path(text: &str) -> DfsPath {
    DfsPath::parse(text).expect("a valid path")
}

/// A namespace, and the number of the next request.
struct Tree {
    space: State,
    requests: u128,
}

impl Tree {
    fn new() -> Self {
        let mut tree = Self { space: State::new(), requests: 0 };
        let key = KeyRecord { id: 1, secret: [7; 32], made_at: Timestamp(0) };
        let init = AdminOp::Init { cluster: ClusterId([1; 16]), superuser: "root".to_owned(), key };
        assert_eq!(tree.run("", init), Ok(Outcome::Done));
        let reserved = Outcome::Reserved { first: ChunkId(1), count: 1000 };
        assert_eq!(tree.run("", ChunkOp::Reserve { count: 1000 }), Ok(reserved));
        tree
    }

    fn run(&mut self, caller: &str, op: impl Into<Op>) -> Result<Outcome, Refusal> {
        self.requests += 1;
        let request = RequestId(self.requests);
        let at = Timestamp(self.requests as u64);
        self.space.apply(&Command { request, caller: Caller::user(caller), at, op: op.into() })
    }

    fn mkdir(&mut self, caller: &str, at: &str) -> Result<Outcome, Refusal> {
        self.run(caller, FsOp::Mkdir { path: path(at), parents: false })
    }

    fn mkdirs(&mut self, caller: &str, at: &str) -> Result<Outcome, Refusal> {
        self.run(caller, FsOp::Mkdir { path: path(at), parents: true })
    }

    fn put(&mut self, caller: &str, at: &str, ids: &[u64], last: u32) -> Result<Outcome, Refusal> {
        self.run(caller, FsOp::Commit(file(at, ids, last)))
    }

    fn mv(&mut self, caller: &str, from: &str, to: &str, overwrite: bool) -> Result<Outcome, Refusal> {
        self.run(caller, FsOp::Rename { from: path(from), to: path(to), overwrite })
    }

    fn rm(&mut self, caller: &str, at: &str, recursive: bool) -> Result<Outcome, Refusal> {
        self.run(caller, FsOp::Delete { path: path(at), recursive })
    }

    fn cp(&mut self, caller: &str, from: &str, to: &str, overwrite: bool) -> Result<Outcome, Refusal> {
        let FsOp::Copy(copy) = copy(from, to) else { unreachable!() };
        self.run(caller, FsOp::Copy(Copy { overwrite, ..copy }))
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
        layout: Layout::Replicated { replicas: 3 },
        chunk_size: CHUNK,
        chunks,
        modified: Timestamp(5),
        mode: 0o644,
    }
}

/// Returns a recursive copy that replaces nothing.
fn copy(from: &str, to: &str) -> FsOp {
    FsOp::Copy(Copy { from: path(from), to: path(to), recursive: true, overwrite: false, after: None })
}

fn pieces(space: &State) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let ended: Result<(), ()> = space.encode(&mut |piece| {
        assert!(piece.len() <= super::PIECE_BYTES_MAX);
        pieces.push(piece.to_vec());
        Ok(())
    });
    assert_eq!(ended, Ok(()));
    pieces
}

fn restore(pieces: &[Vec<u8>]) -> Result<State, SnapshotError> {
    let mut decoder = Decoder::new();
    pieces.iter().try_for_each(|piece| decoder.piece(piece))?;
    decoder.finish()
}

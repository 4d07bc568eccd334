//! What each command does, case by case. `tests/namespace_model.rs` does the same at random, against a plain model.

use super::{Decoder, Namespace, SnapshotError};
use crate::command::{Command, KeyRecord, NewFile, Op, Outcome, Refusal};
use dfs_types::{ChunkId, ChunkRef, ClusterId, DfsPath, Generation, Kind, RequestId, Timestamp};

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

    fn names(&self, at: &str) -> Vec<String> {
        let (entries, more) = self.space.list(&path(at), None, "", 1000, "root").expect("listable");
        assert!(!more);
        entries.into_iter().map(|entry| entry.name).collect()
    }
}

fn file(at: &str, ids: &[u64], last: u32) -> NewFile {
    let mut chunks: Vec<ChunkRef> =
        ids.iter().map(|id| ChunkRef { id: ChunkId(*id), generation: Generation(1), length: CHUNK }).collect();
    if let Some(chunk) = chunks.last_mut() {
        chunk.length = last;
    }
    NewFile {
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

#[test]
fn nothing_goes_before_the_first_command() {
    let mut space = Namespace::new();
    let op = Op::Mkdir { path: path("/a"), parents: false };
    let command = Command { request: RequestId(1), caller: "root".to_owned(), at: Timestamp(1), op };
    assert_eq!(space.apply(&command), Err(Refusal::NotInitialised));
    assert_eq!(space.stat(&path("/"), "root"), Err(Refusal::NotInitialised));
}

#[test]
fn a_second_init_changes_nothing() {
    let mut tree = Tree::new();
    let key = KeyRecord { id: 9, secret: [9; 32], made_at: Timestamp(0) };
    let init = Op::Init { cluster: ClusterId([2; 16]), superuser: "eve".to_owned(), key };
    assert_eq!(tree.run("", init), Ok(Outcome::Done));
    assert_eq!(tree.space.cluster(), Some(ClusterId([1; 16])));
    assert_eq!(tree.space.superuser(), Some("root"));
    assert_eq!(tree.space.keys().len(), 1);
}

#[test]
fn a_folder_is_made_once() {
    let mut tree = Tree::new();
    assert_eq!(tree.mkdir("root", "/a"), Ok(Outcome::Done));
    assert_eq!(tree.mkdir("root", "/a"), Err(Refusal::AlreadyExists));
    assert_eq!(tree.mkdir("root", "/"), Err(Refusal::AlreadyExists));
    assert_eq!(tree.mkdirs("root", "/"), Ok(Outcome::Done));
    assert_eq!(tree.mkdir("root", "/b/c"), Err(Refusal::NotFound));
    assert_eq!(tree.mkdirs("root", "/b/c/d"), Ok(Outcome::Done));
    assert_eq!(tree.mkdirs("root", "/b/c"), Ok(Outcome::Done));
    let root = tree.space.stat(&path("/"), "root").expect("there");
    assert_eq!((root.directories, root.files), (4, 0));
    let made = tree.space.stat(&path("/b/c/d"), "root").expect("there");
    assert_eq!((made.kind, made.mode, made.owner.as_str()), (Kind::Directory, 0o755, "root"));
}

#[test]
fn a_file_is_no_folder() {
    let mut tree = Tree::new();
    assert!(tree.put("root", "/f", &[1], 10).is_ok());
    assert_eq!(tree.mkdirs("root", "/f"), Err(Refusal::AlreadyExists));
    assert_eq!(tree.mkdirs("root", "/f/x/y"), Err(Refusal::NotADirectory));
    assert_eq!(tree.put("root", "/f/x", &[2], 10), Err(Refusal::NotADirectory));
    assert_eq!(tree.mv("root", "/f", "/f/x", false), Err(Refusal::NotADirectory));
    assert_eq!(tree.space.stat(&path("/f/x"), "root"), Err(Refusal::NotADirectory));
}

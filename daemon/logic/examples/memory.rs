//! Measures the memory that the state needs per file with one chunk, and the time for its snapshot
//! and its restoration.
//!
//! `cargo run --release -p dfs-logic --example memory -- FILES DIRECTORIES [ordered|random]`
//!
//! Memory is the growth of the resident set, with the allocator of the daemons.

// An example may panic, and works with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use dfs_logic::command::{AdminOp, Caller, ChunkOp, Command, FsOp, KeyRecord, NewFile, Op};
use dfs_logic::state::{Decoder, State};
use dfs_types::{ChunkId, ChunkRef, ClusterId, DfsPath, Generation, Layout, RequestId, Timestamp};
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Returns the bytes of the resident set.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    pages * 4096.0
}

struct Filler {
    state: State,
    request: u128,
}

impl Filler {
    fn run(&mut self, op: impl Into<Op>) {
        // Only the last 65,536 results are kept: those of the files.
        self.request += 1;
        let request = RequestId(self.request.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        let caller = Caller::user("root");
        let command = Command { request, caller, at: Timestamp(1_700_000_000_000), op: op.into() };
        if let Err(refusal) = self.state.apply(&command) {
            panic!("{refusal}: {command:?}");
        }
    }

    fn file(&mut self, path: DfsPath, id: u64) {
        let chunk = ChunkRef { id: ChunkId(id), generation: Generation(1), length: 4096, checksum: id as u32 };
        self.run(FsOp::Commit(NewFile {
            path,
            overwrite: false,
            layout: Layout::Replicated { replicas: 3 },
            chunk_size: 64 << 20,
            chunks: vec![chunk],
            modified: Timestamp(1_700_000_000_000),
            mode: 0o644,
            abandoned: Vec::new(),
        }));
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize, default: u64| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (files, directories) = (number(1, 1_000_000), number(2, 1));
    let random = arguments.get(3).is_some_and(|order| order == "random");
    let mut filler = Filler { state: State::new(), request: 0 };
    let key = KeyRecord { id: 1, secret: [1; 32], made_at: Timestamp(0) };
    filler.run(AdminOp::Init { cluster: ClusterId([1; 16]), superuser: "root".to_owned(), key });
    filler.run(ChunkOp::Reserve { count: u32::MAX });
    let path = |text: String| DfsPath::parse(&text).unwrap_or_else(|_| DfsPath::root());
    let before = resident();
    let begun = Instant::now();
    for directory in 0..directories {
        filler.run(FsOp::Mkdir { path: path(format!("/data/dir-{directory:06}")), parents: true });
    }
    let per_directory = files / directories;
    // A step without a common factor with the number of files reaches each file once.
    let step = if random { 7_368_787 } else { 1 };
    for number in 0..files {
        let at = number * step % files;
        let (directory, name) = (at / per_directory, at % per_directory);
        filler.file(path(format!("/data/dir-{directory:06}/file-{name:07}")), number + 1);
    }
    let made = begun.elapsed();
    let grown = resident() - before;
    println!("{files} files in {directories} directories: {:.1} B a file, made in {made:.1?}", grown / files as f64);

    let begun = Instant::now();
    let mut pieces = Vec::new();
    let written: Result<(), ()> = filler.state.encode(&mut |piece| {
        pieces.push(piece.to_vec());
        Ok(())
    });
    assert_eq!(written, Ok(()));
    let bytes: usize = pieces.iter().map(Vec::len).sum();
    println!("snapshot: {:.1?}, {:.1} B a file", begun.elapsed(), bytes as f64 / files as f64);
    let begun = Instant::now();
    let mut decoder = Decoder::new();
    let read = pieces.iter().try_for_each(|piece| decoder.piece(piece)).and_then(|()| decoder.finish());
    println!("restored: {:.1?}, {} files", begun.elapsed(), read.map_or(0, |state| state.totals().files));
}

//! How heavy a command is.

use dfs_logic::command::{Caller, ChunkOp, Command, FsOp, Op};
use dfs_types::DfsPath;

/// Bytes of a command beside its paths and chunks: ids, time, caller, the result that is remembered.
const BASE_BYTES: usize = 96;
/// Bytes of a chunk reference.
const CHUNK_BYTES: usize = 16;

/// Bytes of a chunk id.
const ID_BYTES: usize = 10;

/// About how many bytes a command takes in the log, never less than half of what it does.
pub fn of(command: &Command) -> usize {
    let path = |path: &DfsPath| path.as_str().len();
    let body = match &command.op {
        Op::Fs(
            FsOp::Mkdir { path: at, .. }
            | FsOp::Delete { path: at, .. }
            | FsOp::SetAttributes { path: at, .. }
            | FsOp::SetLayout { path: at, .. },
        ) => path(at),
        Op::Fs(FsOp::Rename { from, to, .. }) => path(from) + path(to),
        Op::Fs(FsOp::Copy(copy)) => path(&copy.from) + path(&copy.to) + copy.after.as_ref().map_or(0, path),
        Op::Fs(FsOp::SetUserAttributes { path: at, changes }) => {
            let change = |(name, value): &(String, Option<Vec<u8>>)| name.len() + value.as_ref().map_or(0, Vec::len);
            path(at) + changes.iter().map(change).sum::<usize>()
        }
        Op::Fs(FsOp::Commit(file)) => {
            path(&file.path) + file.chunks.len() * CHUNK_BYTES + file.abandoned.len() * ID_BYTES
        }
        Op::Chunk(ChunkOp::Abandon { chunks }) => chunks.len() * ID_BYTES,
        Op::Chunk(ChunkOp::Reserve { .. } | ChunkOp::RaiseFloor { .. }) | Op::Node(_) | Op::Admin(_) => 0,
    };
    let Caller { user, groups, via } = &command.caller;
    let caller = user.len() + groups.iter().map(String::len).sum::<usize>() + via.as_ref().map_or(0, String::len);
    BASE_BYTES + caller + body
}

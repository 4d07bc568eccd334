//! How heavy a command is.

use dfs_logic::command::{Command, Op};

/// Bytes of a command beside its paths and chunks: ids, time, caller, the result that is remembered.
const BASE_BYTES: usize = 96;
/// Bytes of a chunk reference.
const CHUNK_BYTES: usize = 16;

/// Bytes of a chunk id.
const ID_BYTES: usize = 10;

/// About how many bytes a command takes in the log, never less than half of what it does.
pub fn of(command: &Command) -> usize {
    let body = match &command.op {
        Op::Mkdir { path, .. }
        | Op::Delete { path, .. }
        | Op::SetAttributes { path, .. }
        | Op::SetReplication { path, .. } => path.as_str().len(),
        Op::Rename { from, to, .. } => from.as_str().len() + to.as_str().len(),
        Op::CommitWrite(file) => {
            file.path.as_str().len() + file.chunks.len() * CHUNK_BYTES + file.abandoned.len() * ID_BYTES
        }
        Op::AbandonChunks { chunks } => chunks.len() * ID_BYTES,
        Op::Init { .. }
        | Op::ReserveChunks { .. }
        | Op::RaiseFloor { .. }
        | Op::AddKey { .. }
        | Op::SetDuty { .. }
        | Op::AddNode { .. } => 0,
    };
    BASE_BYTES + command.caller.len() + body
}

//! The stored form of commands in the log.

use super::values::{AdminStateV1, ChunkV1, KeyV1, LayoutV1};
use super::{Never, Stored, StoredError};
use crate::command::{AdminOp, Caller, ChunkOp, Command, Copy, FsOp, NewFile, NodeOp, Op};
use dfs_types::{AttributeChange, ChunkId, ClusterId, DatanodeId, DfsPath, RequestId, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The bytes of a command besides its paths and chunks: ids, time, caller, remembered result.
const BASE_BYTES: usize = 96;
/// Bytes of a chunk reference.
const CHUNK_BYTES: usize = 16;
/// Bytes of a chunk id.
const ID_BYTES: usize = 10;

/// The newest form of the commands of one log entry.
pub type Commands<'a> = CommandsV1<'a>;

/// The commands of one log entry, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandsV1<'a>(pub Vec<CommandV1<'a>>);

/// One command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandV1<'a> {
    pub request: u128,
    pub user: Cow<'a, str>,
    pub groups: Vec<Cow<'a, str>>,
    pub via: Option<Cow<'a, str>>,
    pub at: u64,
    pub op: OpV1<'a>,
}

/// Its change. Variants are only ever added, at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OpV1<'a> {
    Mkdir { path: Cow<'a, str>, parents: bool },
    Rename { from: Cow<'a, str>, to: Cow<'a, str>, overwrite: bool },
    Delete { path: Cow<'a, str>, recursive: bool },
    Commit(NewFileV1<'a>),
    SetAttributes { path: Cow<'a, str>, change: AttributeChangeV1<'a> },
    SetLayout { path: Cow<'a, str>, layout: LayoutV1 },
    Copy { from: Cow<'a, str>, to: Cow<'a, str>, recursive: bool, overwrite: bool, after: Option<Cow<'a, str>> },
    SetUserAttributes { path: Cow<'a, str>, changes: Vec<UserAttributeV1<'a>> },
    ReserveChunks { count: u32 },
    AbandonChunks { chunks: Vec<u64> },
    RaiseFloor { floor: u64 },
    AddNode { node: u16 },
    SetAdminState { node: u16, admin_state: AdminStateV1 },
    Init { cluster: [u8; 16], superuser: Cow<'a, str>, key: KeyV1 },
    AddKey { key: KeyV1 },
}

/// The name of an attribute `user.*` with its new value; none removes it.
pub type UserAttributeV1<'a> = (Cow<'a, str>, Option<Cow<'a, [u8]>>);

/// A file to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewFileV1<'a> {
    pub path: Cow<'a, str>,
    pub overwrite: bool,
    pub layout: LayoutV1,
    pub chunk_size: u32,
    pub chunks: Vec<ChunkV1>,
    pub modified: u64,
    pub mode: u16,
    pub abandoned: Vec<u64>,
}

/// A change of attributes; none leaves an attribute unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeChangeV1<'a> {
    pub mode: Option<u16>,
    pub owner: Option<Cow<'a, str>>,
    pub group: Option<Cow<'a, str>>,
    pub modified: Option<u64>,
    pub recursive: bool,
}

impl Stored for CommandsV1<'static> {
    const NAME: &'static str = "log entry";
    const VERSION: u16 = 1;
    type Previous = Never;

    fn upgrade(previous: Never) -> Self {
        match previous {}
    }
}

/// Encodes the commands of a log entry in the newest form; the caller stores the version beside
/// them.
///
/// # Errors
/// Returns an error if they cannot be encoded, which does not happen for plain data.
pub fn write(commands: &[Command]) -> Result<(u16, Vec<u8>), StoredError> {
    let stored = CommandsV1(commands.iter().map(CommandV1::from).collect());
    let bytes = postcard::to_stdvec(&stored).map_err(|_| StoredError::Malformed { name: Commands::NAME })?;
    Ok((Commands::VERSION, bytes))
}

/// Checks that this build can read commands of this version.
///
/// # Errors
/// Returns an error if a newer build wrote them, or none did.
pub fn check_version(version: u16) -> Result<(), StoredError> {
    super::check_version::<Commands<'static>>(version)
}

/// Decodes the commands of a log entry of any version.
///
/// # Errors
/// The same as for [`read`](super::read); and if a path in one is invalid.
pub fn read(version: u16, bytes: &[u8]) -> Result<Vec<Command>, StoredError> {
    let CommandsV1(stored) = super::read::<Commands<'static>>(version, bytes)?;
    let malformed = |_| StoredError::Malformed { name: Commands::NAME };
    stored.into_iter().map(|command| Command::try_from(command).map_err(malformed)).collect()
}

/// Estimates the bytes of a command in the log, never less than half of the actual size.
pub fn weight(command: &Command) -> usize {
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

fn text(path: &DfsPath) -> Cow<'_, str> {
    Cow::Borrowed(path.as_str())
}

fn path(text: &str) -> Result<DfsPath, dfs_types::PathError> {
    DfsPath::parse(text)
}

impl<'a> From<&'a Command> for CommandV1<'a> {
    fn from(command: &'a Command) -> Self {
        let Command { request, caller: Caller { user, groups, via }, at, op } = command;
        Self {
            request: request.0,
            user: user.into(),
            groups: groups.iter().map(Cow::from).collect(),
            via: via.as_ref().map(Cow::from),
            at: at.0,
            op: OpV1::from(op),
        }
    }
}

impl<'a> From<&'a Op> for OpV1<'a> {
    fn from(op: &'a Op) -> Self {
        match op {
            Op::Fs(op) => Self::from(op),
            Op::Chunk(ChunkOp::Reserve { count }) => Self::ReserveChunks { count: *count },
            Op::Chunk(ChunkOp::Abandon { chunks }) => {
                Self::AbandonChunks { chunks: chunks.iter().map(|id| id.0).collect() }
            }
            Op::Chunk(ChunkOp::RaiseFloor { floor }) => Self::RaiseFloor { floor: floor.0 },
            Op::Node(NodeOp::Add { node }) => Self::AddNode { node: node.0 },
            Op::Node(NodeOp::SetAdminState { node, admin_state }) => {
                Self::SetAdminState { node: node.0, admin_state: (*admin_state).into() }
            }
            Op::Admin(AdminOp::Init { cluster, superuser, key }) => {
                Self::Init { cluster: cluster.0, superuser: superuser.into(), key: key.into() }
            }
            Op::Admin(AdminOp::AddKey { key }) => Self::AddKey { key: key.into() },
        }
    }
}

impl<'a> From<&'a FsOp> for OpV1<'a> {
    fn from(op: &'a FsOp) -> Self {
        match op {
            FsOp::Mkdir { path, parents } => Self::Mkdir { path: text(path), parents: *parents },
            FsOp::Rename { from, to, overwrite } => {
                Self::Rename { from: text(from), to: text(to), overwrite: *overwrite }
            }
            FsOp::Delete { path, recursive } => Self::Delete { path: text(path), recursive: *recursive },
            FsOp::Commit(file) => Self::Commit(file.into()),
            FsOp::SetAttributes { path, change } => Self::SetAttributes { path: text(path), change: change.into() },
            FsOp::SetLayout { path, layout } => Self::SetLayout { path: text(path), layout: (*layout).into() },
            FsOp::Copy(Copy { from, to, recursive, overwrite, after }) => Self::Copy {
                from: text(from),
                to: text(to),
                recursive: *recursive,
                overwrite: *overwrite,
                after: after.as_ref().map(text),
            },
            FsOp::SetUserAttributes { path, changes } => {
                let change = |(name, value): &'a (String, Option<Vec<u8>>)| {
                    (Cow::Borrowed(name.as_str()), value.as_deref().map(Cow::Borrowed))
                };
                Self::SetUserAttributes { path: text(path), changes: changes.iter().map(change).collect() }
            }
        }
    }
}

impl<'a> From<&'a NewFile> for NewFileV1<'a> {
    fn from(file: &'a NewFile) -> Self {
        let NewFile { path, overwrite, layout, chunk_size, chunks, modified, mode, abandoned } = file;
        Self {
            path: text(path),
            overwrite: *overwrite,
            layout: (*layout).into(),
            chunk_size: *chunk_size,
            chunks: chunks.iter().map(|chunk| (*chunk).into()).collect(),
            modified: modified.0,
            mode: *mode,
            abandoned: abandoned.iter().map(|id| id.0).collect(),
        }
    }
}

impl<'a> From<&'a AttributeChange> for AttributeChangeV1<'a> {
    fn from(change: &'a AttributeChange) -> Self {
        let AttributeChange { mode, owner, group, modified, recursive } = change;
        Self {
            mode: *mode,
            owner: owner.as_ref().map(Cow::from),
            group: group.as_ref().map(Cow::from),
            modified: modified.map(|at| at.0),
            recursive: *recursive,
        }
    }
}

impl TryFrom<CommandV1<'_>> for Command {
    type Error = dfs_types::PathError;

    fn try_from(stored: CommandV1<'_>) -> Result<Self, Self::Error> {
        let CommandV1 { request, user, groups, via, at, op } = stored;
        let groups = groups.into_iter().map(Cow::into_owned).collect();
        let caller = Caller { user: user.into_owned(), groups, via: via.map(Cow::into_owned) };
        Ok(Self { request: RequestId(request), caller, at: Timestamp(at), op: op.try_into()? })
    }
}

impl TryFrom<OpV1<'_>> for Op {
    type Error = dfs_types::PathError;

    fn try_from(stored: OpV1<'_>) -> Result<Self, Self::Error> {
        Ok(match stored {
            OpV1::Mkdir { path: at, parents } => Self::Fs(FsOp::Mkdir { path: path(&at)?, parents }),
            OpV1::Rename { from, to, overwrite } => {
                Self::Fs(FsOp::Rename { from: path(&from)?, to: path(&to)?, overwrite })
            }
            OpV1::Delete { path: at, recursive } => Self::Fs(FsOp::Delete { path: path(&at)?, recursive }),
            OpV1::Commit(file) => Self::Fs(FsOp::Commit(file.try_into()?)),
            OpV1::SetAttributes { path: at, change } => {
                Self::Fs(FsOp::SetAttributes { path: path(&at)?, change: change.into() })
            }
            OpV1::SetLayout { path: at, layout } => {
                Self::Fs(FsOp::SetLayout { path: path(&at)?, layout: layout.into() })
            }
            OpV1::Copy { from, to, recursive, overwrite, after } => {
                let after = after.map(|after| path(&after)).transpose()?;
                Self::Fs(FsOp::Copy(Copy { from: path(&from)?, to: path(&to)?, recursive, overwrite, after }))
            }
            OpV1::SetUserAttributes { path: at, changes } => {
                let changes = changes.into_iter();
                let changes = changes.map(|(name, value)| (name.into_owned(), value.map(Cow::into_owned))).collect();
                Self::Fs(FsOp::SetUserAttributes { path: path(&at)?, changes })
            }
            OpV1::ReserveChunks { count } => Self::Chunk(ChunkOp::Reserve { count }),
            OpV1::AbandonChunks { chunks } => Self::Chunk(ChunkOp::Abandon { chunks: ids(chunks) }),
            OpV1::RaiseFloor { floor } => Self::Chunk(ChunkOp::RaiseFloor { floor: ChunkId(floor) }),
            OpV1::AddNode { node } => Self::Node(NodeOp::Add { node: DatanodeId(node) }),
            OpV1::SetAdminState { node, admin_state } => {
                Self::Node(NodeOp::SetAdminState { node: DatanodeId(node), admin_state: admin_state.into() })
            }
            OpV1::Init { cluster, superuser, key } => {
                let (cluster, superuser) = (ClusterId(cluster), superuser.into_owned());
                Self::Admin(AdminOp::Init { cluster, superuser, key: key.into() })
            }
            OpV1::AddKey { key } => Self::Admin(AdminOp::AddKey { key: key.into() }),
        })
    }
}

fn ids(numbers: Vec<u64>) -> Vec<ChunkId> {
    numbers.into_iter().map(ChunkId).collect()
}

impl TryFrom<NewFileV1<'_>> for NewFile {
    type Error = dfs_types::PathError;

    fn try_from(stored: NewFileV1<'_>) -> Result<Self, Self::Error> {
        let NewFileV1 { path: at, overwrite, layout, chunk_size, chunks, modified, mode, abandoned } = stored;
        Ok(Self {
            path: path(&at)?,
            overwrite,
            layout: layout.into(),
            chunk_size,
            chunks: chunks.into_iter().map(Into::into).collect(),
            modified: Timestamp(modified),
            mode,
            abandoned: ids(abandoned),
        })
    }
}

impl From<AttributeChangeV1<'_>> for AttributeChange {
    fn from(stored: AttributeChangeV1<'_>) -> Self {
        let AttributeChangeV1 { mode, owner, group, modified, recursive } = stored;
        Self {
            mode,
            owner: owner.map(Cow::into_owned),
            group: group.map(Cow::into_owned),
            modified: modified.map(Timestamp),
            recursive,
        }
    }
}

#[cfg(test)]
mod tests;

//! Commands: the content of the log. Applying the same commands in the same order gives the same
//! state on every master.
//!
//! A command holds everything that its result depends on: the caller, the time, and the request id.
//! Its form in the log is [`stored::command`](crate::stored::command).

use dfs_types::{
    AdminState, AttributeChange, ChunkId, ChunkRef, ClusterId, DatanodeId, Deleted, DfsPath, Layout, RequestId, Stat,
    Timestamp,
};

/// One change, with its caller and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// A command of the same caller with an id that was applied recently is not applied again; its
    /// first result is returned once more.
    pub request: RequestId,
    pub caller: Caller,
    /// The clock of the leader when it proposed the command.
    pub at: Timestamp,
    pub op: Op,
}

/// The caller whose rights count for a command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caller {
    /// Empty for the masters themselves.
    pub user: String,
    /// The groups of the user, in addition to the one of the same name.
    pub groups: Vec<String>,
    /// The principal that made the call on behalf of the user, such as a gateway; none if the user
    /// made it.
    pub via: Option<String>,
}

impl Caller {
    /// Returns the caller for commands of the masters themselves.
    pub fn master() -> Self {
        Self::default()
    }

    /// Returns the caller for a user who calls directly, and is in no group but that of the same
    /// name.
    pub fn user(name: &str) -> Self {
        Self { user: name.to_owned(), ..Self::default() }
    }

    pub fn is_master(&self) -> bool {
        self.user.is_empty()
    }
}

/// The change that a command makes, by the part of the state that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    Fs(FsOp),
    Chunk(ChunkOp),
    Node(NodeOp),
    Admin(AdminOp),
}

/// A change of the tree of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FsOp {
    Mkdir {
        path: DfsPath,
        parents: bool,
    },
    Rename {
        from: DfsPath,
        to: DfsPath,
        overwrite: bool,
    },
    Delete {
        path: DfsPath,
        recursive: bool,
    },
    /// Creates a complete file, or replaces another.
    Commit(NewFile),
    SetAttributes {
        path: DfsPath,
        change: AttributeChange,
    },
    /// Sets the layout of a file's chunks.
    SetLayout {
        path: DfsPath,
        layout: Layout,
    },
    /// Creates entries that name the chunks of other files.
    Copy(Copy),
    /// Sets and removes attributes `user.*` of an entry.
    SetUserAttributes {
        path: DfsPath,
        /// Names, each with its new value; none removes the attribute.
        changes: Vec<(String, Option<Vec<u8>>)>,
    },
}

/// A change of the pool of chunk ids. Only the masters make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChunkOp {
    /// Takes the next `count` ids out of the pool, for planning.
    Reserve { count: u32 },
    /// Abandons chunks of a write that was not committed: no file can name them any more. Chunks
    /// that a file names stay, and for those below the floor nothing needs to be recorded.
    Abandon { chunks: Vec<ChunkId> },
    /// Chunks below `floor` that no file names can never be named any more.
    RaiseFloor { floor: ChunkId },
}

/// A change of the datanodes. Only the masters and the superuser make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeOp {
    /// Records that a datanode belongs to the cluster. A later one for the same datanode changes
    /// nothing.
    Add { node: DatanodeId },
    /// Records the admin state of a datanode.
    SetAdminState { node: DatanodeId, admin_state: AdminState },
}

/// A change of the cluster itself. Only the masters and the superuser make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminOp {
    /// The first command of a cluster; later ones change nothing.
    Init { cluster: ClusterId, superuser: String, key: KeyRecord },
    /// Adds a key; the newest three are kept.
    AddKey { key: KeyRecord },
}

impl From<FsOp> for Op {
    fn from(op: FsOp) -> Self {
        Self::Fs(op)
    }
}

impl From<ChunkOp> for Op {
    fn from(op: ChunkOp) -> Self {
        Self::Chunk(op)
    }
}

impl From<NodeOp> for Op {
    fn from(op: NodeOp) -> Self {
        Self::Node(op)
    }
}

impl From<AdminOp> for Op {
    fn from(op: AdminOp) -> Self {
        Self::Admin(op)
    }
}

/// A file to create, or to replace another with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    pub path: DfsPath,
    pub overwrite: bool,
    pub layout: Layout,
    pub chunk_size: u32,
    pub chunks: Vec<ChunkRef>,
    pub modified: Timestamp,
    pub mode: u16,
    /// Chunks of the same write that are abandoned, because they were replaced by others.
    pub abandoned: Vec<ChunkId>,
}

/// A copy of a file or directory inside the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    pub from: DfsPath,
    pub to: DfsPath,
    /// True to copy directories, with everything below them.
    pub recursive: bool,
    /// Files replace files, and existing directories receive the entries that are copied into them.
    pub overwrite: bool,
    /// Continues after this path in `from`, where an earlier command ended.
    pub after: Option<DfsPath>,
}

/// A key that seals capabilities.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRecord {
    pub id: u32,
    pub secret: [u8; 32],
    pub made_at: Timestamp,
}

impl std::fmt::Debug for KeyRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyRecord {{ id: {}, made_at: {} }}", self.id, self.made_at.0)
    }
}

/// The result of a command that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Deleted(Deleted),
    File(Stat),
    /// These ids and no others: `first..first + count`.
    Reserved {
        first: ChunkId,
        count: u32,
    },
    Copied(Copied),
}

/// The outcome of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Copied {
    pub files: u64,
    pub directories: u64,
    pub bytes: u64,
    /// If there is more: the path after which the next command continues.
    pub next: Option<DfsPath>,
}

/// The reason why a command was refused. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("no such file or directory")]
    NotFound,
    #[error("already exists")]
    AlreadyExists,
    #[error("not a directory")]
    NotADirectory,
    #[error("is a directory")]
    IsADirectory,
    #[error("directory not empty")]
    NotEmpty,
    #[error("cannot be moved or copied into itself")]
    IntoItself,
    #[error("the root cannot be moved or deleted")]
    Root,
    #[error("permission denied")]
    PermissionDenied,
    #[error("took too long: its chunks have been given up and will be deleted")]
    TooLate,
    #[error("names a chunk that belongs to another file")]
    ChunkInUse,
    #[error("the path would be too long")]
    PathTooLong,
    #[error("the cluster has not been set up")]
    NotInitialised,
    #[error("the chunks do not make a file of that chunk size and replication")]
    Malformed,
    #[error("has more entries below it than one command can change")]
    TooMany,
    #[error("is not the name of a user")]
    BadUserName,
    #[error("has a chunk that is shared by the maximum number of files")]
    TooManyCopies,
    #[error("no such attribute")]
    NoSuchAttribute,
    #[error("is not the name of an attribute: `user.` and 1 to 250 bytes more")]
    BadAttributeName,
    #[error("{}", dfs_types::USER_ATTRIBUTES_TOO_LARGE)]
    AttributesTooLarge,
}

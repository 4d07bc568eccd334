//! Commands: the content of the log. Applying the same commands in the same order gives the same namespace, everywhere.
//!
//! Everything that a command depends on stands in it: who asked, when, and under which id.

use dfs_types::{
    AttributeChange, ChunkId, ChunkRef, ClusterId, DatanodeId, Deleted, DfsPath, Duty, RequestId, Stat, Timestamp,
};
use serde::{Deserialize, Serialize};

/// One change, as somebody asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// A command of the same caller with an id that was applied lately is not applied again; its first result is given
    /// once more.
    pub request: RequestId,
    /// The user who asked; empty for the masters themselves.
    pub caller: String,
    /// The leader's clock when it proposed the command.
    pub at: Timestamp,
    pub op: Op,
}

/// What is to be done. Variants are only ever added, at the end: their numbers stand in logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// The first command of a cluster; later ones change nothing.
    Init {
        cluster: ClusterId,
        superuser: String,
        key: KeyRecord,
    },
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
    CommitWrite(NewFile),
    /// Takes the next `count` chunk ids out of the pool, for planning.
    ReserveChunks {
        count: u32,
    },
    /// Chunks below `floor` that no file names can never be named any more.
    RaiseFloor {
        floor: ChunkId,
    },
    /// Adds a key; the newest three are kept.
    AddKey {
        key: KeyRecord,
    },
    SetAttributes {
        path: DfsPath,
        change: AttributeChange,
    },
    /// Sets how many copies are wanted of the chunks of a file.
    SetReplication {
        path: DfsPath,
        replication: u8,
    },
    /// Notes what is wanted of a datanode.
    SetDuty {
        node: DatanodeId,
        duty: Duty,
    },
    /// Gives up chunks of a write that came to nothing: no file can name them any more. Those that a file names stay, and
    /// below the floor there is nothing to note.
    AbandonChunks {
        chunks: Vec<ChunkId>,
    },
    /// Notes that a datanode belongs to the cluster. A later one for the same datanode changes nothing.
    AddNode {
        node: DatanodeId,
    },
}

/// A file that is to appear, or to replace another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewFile {
    pub path: DfsPath,
    pub overwrite: bool,
    pub replication: u8,
    pub chunk_size: u32,
    pub chunks: Vec<ChunkRef>,
    pub modified: Timestamp,
    pub mode: u16,
    /// Chunks of the same write that are given up, since others were written in their place.
    pub abandoned: Vec<ChunkId>,
}

/// A key that seals capabilities.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// What came of a command that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Done,
    Deleted(Deleted),
    File(Stat),
    /// These ids and no others: `first..first + count`.
    Reserved {
        first: ChunkId,
        count: u32,
    },
}

/// Why a command was refused. Nothing was changed. Variants are only ever added, at the end: their numbers stand in snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
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
    #[error("cannot be moved into itself")]
    IntoItself,
    #[error("the root cannot be moved or deleted")]
    Root,
    #[error("permission denied")]
    PermissionDenied,
    #[error("took too long: its chunks have been given up for collection")]
    TooLate,
    #[error("names a chunk that another file has")]
    ChunkInUse,
    #[error("the path would be too long")]
    PathTooLong,
    #[error("the cluster has not been set up")]
    NotInitialised,
    #[error("the chunks do not make a file of that chunk size and replication")]
    Malformed,
    #[error("has more entries below it than one command changes")]
    TooMany,
    #[error("is not the name of a user")]
    BadUserName,
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_types::Generation;

    /// One command of each kind, as it stands in the log.
    const GOLDEN: &[u8] = include_bytes!("../golden/commands_v3.bin");

    fn all() -> Vec<Command> {
        let path = |text: &str| DfsPath::parse(text).expect("valid");
        let key = KeyRecord { id: 1, secret: [7; 32], made_at: Timestamp(8) };
        let chunk = ChunkRef { id: ChunkId(300), generation: Generation(1), length: 70_000, checksum: 0xfeed_beef };
        let file = NewFile {
            path: path("/é"),
            overwrite: true,
            replication: 3,
            chunk_size: 64 << 20,
            chunks: vec![chunk],
            modified: Timestamp(1),
            mode: 0o644,
            abandoned: vec![ChunkId(301)],
        };
        let change = AttributeChange {
            mode: Some(0o750),
            owner: Some("bob".to_owned()),
            group: None,
            modified: Some(Timestamp(9)),
            recursive: true,
        };
        let ops = [
            Op::Init { cluster: ClusterId([3; 16]), superuser: "ann".to_owned(), key: key.clone() },
            Op::Mkdir { path: path("/a"), parents: true },
            Op::Rename { from: path("/a"), to: path("/b"), overwrite: false },
            Op::Delete { path: path("/b"), recursive: true },
            Op::CommitWrite(file),
            Op::ReserveChunks { count: 1024 },
            Op::RaiseFloor { floor: ChunkId(5) },
            Op::AddKey { key },
            Op::SetAttributes { path: path("/c"), change },
            Op::SetReplication { path: path("/c"), replication: 2 },
            Op::SetDuty { node: DatanodeId(300), duty: Duty::Drain },
            Op::AbandonChunks { chunks: vec![ChunkId(7), ChunkId(300)] },
            Op::AddNode { node: DatanodeId(7) },
        ];
        let numbered = (0u64..).zip(ops);
        numbered
            .map(|(number, op)| Command {
                request: RequestId(u128::from(number) << 100),
                caller: "ann".to_owned(),
                at: Timestamp(number),
                op,
            })
            .collect()
    }

    #[test]
    fn commands_are_as_the_golden_file_has_them() {
        let bytes = postcard::to_stdvec(&all()).expect("plain data");
        assert!(bytes == GOLDEN, "the form of commands changed: logs that are on disk could not be read any more");
        assert_eq!(postcard::from_bytes(GOLDEN), Ok(all()));
    }

    #[test]
    #[ignore = "writes the golden file, when a kind of command was added"]
    fn write_the_golden_file() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/commands_v3.bin");
        std::fs::write(file, postcard::to_stdvec(&all()).expect("plain data")).expect("writable");
    }
}

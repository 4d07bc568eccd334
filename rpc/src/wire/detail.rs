//! The wire twin of the data of errors. The order of the variants is that on the wire: new ones go
//! to the end.

use dfs_types::{DatanodeId, MasterId};
use serde::{Deserialize, Serialize};

/// The twin of [`dfs_types::Detail`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Detail {
    NotLeader { leader: Option<Leader> },
    SafeMode { reason: String },
    SafeModeHeld { by: String, reason: String },
    NotSetUp,
    MasterDiskFull,
    WriteGivenUp,
    TooManyWrites { limit: String },
    BadUserName,
    TooManyChunks { max: u64, chunk_size: u64 },
    CommitTooLarge { chunks: u64 },
    TooFewDatanodes(TooFewDatanodes),
    NoRoom(NoRoom),
    UnknownDatanode,
    NotDead { live: bool },
    DrainLeavesTooFew { left: u64, wanted: u64, all: u64 },
    DrainLeavesNoRoom { held: u64, free: u64, left: u64, all: u64 },
    UnnamedChunk,
    MastersUnreachable { last: String, attempts: u32, limit_ms: u64 },
    LocalExists,
    LocalDiskFull { system: String, part_kept: bool },
    PartName,
    CapabilityExpired { node: DatanodeId },
}

/// The twin of [`dfs_types::Leader`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leader {
    pub id: MasterId,
    pub address: String,
}

/// The twin of [`dfs_types::TooFewDatanodes`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TooFewDatanodes {
    pub replication: u8,
    pub needed: u64,
    pub live: u64,
    pub coming: Option<u64>,
    pub excluded: u64,
    pub ahead: Vec<DatanodeId>,
}

/// The twin of [`dfs_types::NoRoom`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoRoom {
    pub of: RoomFor,
    pub unfinished: Option<String>,
}

/// The twin of [`dfs_types::RoomFor`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoomFor {
    Chunk { bytes: u64, needed: u64 },
    File { bytes: u64, replicas: u64, room: u64, free: u64, used: u64, kept_back: u64, datanodes: u64 },
}

impl From<dfs_types::Detail> for Detail {
    fn from(detail: dfs_types::Detail) -> Self {
        match detail {
            dfs_types::Detail::NotLeader { leader } => Self::NotLeader { leader: leader.map(Into::into) },
            dfs_types::Detail::SafeMode { reason } => Self::SafeMode { reason },
            dfs_types::Detail::SafeModeHeld { by, reason } => Self::SafeModeHeld { by, reason },
            dfs_types::Detail::NotSetUp => Self::NotSetUp,
            dfs_types::Detail::MasterDiskFull => Self::MasterDiskFull,
            dfs_types::Detail::WriteGivenUp => Self::WriteGivenUp,
            dfs_types::Detail::TooManyWrites { limit } => Self::TooManyWrites { limit },
            dfs_types::Detail::BadUserName => Self::BadUserName,
            dfs_types::Detail::TooManyChunks { max, chunk_size } => Self::TooManyChunks { max, chunk_size },
            dfs_types::Detail::CommitTooLarge { chunks } => Self::CommitTooLarge { chunks },
            dfs_types::Detail::TooFewDatanodes(few) => Self::TooFewDatanodes(few.into()),
            dfs_types::Detail::NoRoom(room) => Self::NoRoom(room.into()),
            dfs_types::Detail::UnknownDatanode => Self::UnknownDatanode,
            dfs_types::Detail::NotDead { live } => Self::NotDead { live },
            dfs_types::Detail::DrainLeavesTooFew { left, wanted, all } => Self::DrainLeavesTooFew { left, wanted, all },
            dfs_types::Detail::DrainLeavesNoRoom { held, free, left, all } => {
                Self::DrainLeavesNoRoom { held, free, left, all }
            }
            dfs_types::Detail::UnnamedChunk => Self::UnnamedChunk,
            dfs_types::Detail::MastersUnreachable { last, attempts, limit_ms } => {
                Self::MastersUnreachable { last, attempts, limit_ms }
            }
            dfs_types::Detail::LocalExists => Self::LocalExists,
            dfs_types::Detail::LocalDiskFull { system, part_kept } => Self::LocalDiskFull { system, part_kept },
            dfs_types::Detail::PartName => Self::PartName,
            dfs_types::Detail::CapabilityExpired { node } => Self::CapabilityExpired { node },
        }
    }
}

impl From<Detail> for dfs_types::Detail {
    fn from(detail: Detail) -> Self {
        match detail {
            Detail::NotLeader { leader } => Self::NotLeader { leader: leader.map(Into::into) },
            Detail::SafeMode { reason } => Self::SafeMode { reason },
            Detail::SafeModeHeld { by, reason } => Self::SafeModeHeld { by, reason },
            Detail::NotSetUp => Self::NotSetUp,
            Detail::MasterDiskFull => Self::MasterDiskFull,
            Detail::WriteGivenUp => Self::WriteGivenUp,
            Detail::TooManyWrites { limit } => Self::TooManyWrites { limit },
            Detail::BadUserName => Self::BadUserName,
            Detail::TooManyChunks { max, chunk_size } => Self::TooManyChunks { max, chunk_size },
            Detail::CommitTooLarge { chunks } => Self::CommitTooLarge { chunks },
            Detail::TooFewDatanodes(few) => Self::TooFewDatanodes(few.into()),
            Detail::NoRoom(room) => Self::NoRoom(room.into()),
            Detail::UnknownDatanode => Self::UnknownDatanode,
            Detail::NotDead { live } => Self::NotDead { live },
            Detail::DrainLeavesTooFew { left, wanted, all } => Self::DrainLeavesTooFew { left, wanted, all },
            Detail::DrainLeavesNoRoom { held, free, left, all } => Self::DrainLeavesNoRoom { held, free, left, all },
            Detail::UnnamedChunk => Self::UnnamedChunk,
            Detail::MastersUnreachable { last, attempts, limit_ms } => {
                Self::MastersUnreachable { last, attempts, limit_ms }
            }
            Detail::LocalExists => Self::LocalExists,
            Detail::LocalDiskFull { system, part_kept } => Self::LocalDiskFull { system, part_kept },
            Detail::PartName => Self::PartName,
            Detail::CapabilityExpired { node } => Self::CapabilityExpired { node },
        }
    }
}

impl From<dfs_types::Leader> for Leader {
    fn from(leader: dfs_types::Leader) -> Self {
        let dfs_types::Leader { id, address } = leader;
        Self { id, address }
    }
}

impl From<Leader> for dfs_types::Leader {
    fn from(leader: Leader) -> Self {
        let Leader { id, address } = leader;
        Self { id, address }
    }
}

impl From<dfs_types::TooFewDatanodes> for TooFewDatanodes {
    fn from(few: dfs_types::TooFewDatanodes) -> Self {
        let dfs_types::TooFewDatanodes { replication, needed, live, coming, excluded, ahead } = few;
        Self { replication, needed, live, coming, excluded, ahead }
    }
}

impl From<TooFewDatanodes> for dfs_types::TooFewDatanodes {
    fn from(few: TooFewDatanodes) -> Self {
        let TooFewDatanodes { replication, needed, live, coming, excluded, ahead } = few;
        Self { replication, needed, live, coming, excluded, ahead }
    }
}

impl From<dfs_types::NoRoom> for NoRoom {
    fn from(room: dfs_types::NoRoom) -> Self {
        let dfs_types::NoRoom { of, unfinished } = room;
        Self { of: of.into(), unfinished }
    }
}

impl From<NoRoom> for dfs_types::NoRoom {
    fn from(room: NoRoom) -> Self {
        let NoRoom { of, unfinished } = room;
        Self { of: of.into(), unfinished }
    }
}

impl From<dfs_types::RoomFor> for RoomFor {
    fn from(object: dfs_types::RoomFor) -> Self {
        match object {
            dfs_types::RoomFor::Chunk { bytes, needed } => Self::Chunk { bytes, needed },
            dfs_types::RoomFor::File { bytes, replicas, room, free, used, kept_back, datanodes } => {
                Self::File { bytes, replicas, room, free, used, kept_back, datanodes }
            }
        }
    }
}

impl From<RoomFor> for dfs_types::RoomFor {
    fn from(object: RoomFor) -> Self {
        match object {
            RoomFor::Chunk { bytes, needed } => Self::Chunk { bytes, needed },
            RoomFor::File { bytes, replicas, room, free, used, kept_back, datanodes } => {
                Self::File { bytes, replicas, room, free, used, kept_back, datanodes }
            }
        }
    }
}

//! Errors: every code, and every kind of data.

use super::Sample;
use dfs_rpc::wire;
use dfs_types::{DatanodeId, Detail, Error, ErrorCode, Leader, MasterId, NoRoom, RoomFor, TooFewDatanodes};
use strum::VariantArray;

pub(super) fn samples() -> Vec<Sample> {
    let words = ErrorCode::VARIANTS.iter().map(|&code| (code.to_string(), Error::new(code, "words").at("/a")));
    let data = details().into_iter().map(|detail| (name(&detail), Error::of(ErrorCode::Internal, detail)));
    words.chain(data).map(|(name, error)| crossing(name, error)).collect()
}

/// Creates the sample of an error, which is equal after decoding, except for its hint.
fn crossing(name: String, error: Error) -> Sample {
    let wire = wire::Error::from(error.clone().hint("advice"));
    assert_eq!(Error::from(wire.clone()), error);
    Sample::new(name, &wire)
}

fn details() -> Vec<Detail> {
    let text = || "text".to_owned();
    let few = TooFewDatanodes {
        replication: 1,
        needed: 2,
        live: 3,
        coming: Some(4),
        excluded: 5,
        ahead: vec![DatanodeId(300)],
    };
    let file = RoomFor::File { bytes: 1, replicas: 2, room: 3, free: 4, used: 5, kept_back: 6, datanodes: 7 };
    vec![
        Detail::NotLeader { leader: Some(Leader { id: MasterId(2), address: "[::1]:7000".to_owned() }) },
        Detail::NotLeader { leader: None },
        Detail::SafeMode { reason: text() },
        Detail::SafeModeHeld { by: text(), reason: text() },
        Detail::NotSetUp,
        Detail::MasterDiskFull,
        Detail::WriteGivenUp,
        Detail::TooManyWrites { limit: text() },
        Detail::BadUserName,
        Detail::TooManyChunks { max: 1, chunk_size: 2 },
        Detail::CommitTooLarge { chunks: 300 },
        Detail::TooFewDatanodes(few),
        Detail::NoRoom(NoRoom { of: RoomFor::Chunk { bytes: 1, needed: 2 }, unfinished: Some(text()) }),
        Detail::NoRoom(NoRoom { of: file, unfinished: None }),
        Detail::UnknownDatanode,
        Detail::NotDead { live: true },
        Detail::DrainLeavesTooFew { left: 1, wanted: 2, all: 3 },
        Detail::DrainLeavesNoRoom { held: 1, free: 2, left: 3, all: 4 },
        Detail::UnnamedChunk,
        Detail::MastersUnreachable { last: text(), attempts: 1, limit_ms: 2 },
        Detail::LocalExists,
        Detail::LocalDiskFull { system: text(), part_kept: true },
        Detail::PartName,
        Detail::CapabilityExpired { node: DatanodeId(300) },
    ]
}

/// Returns the name of a variant. A new variant must get a sample above.
fn name(detail: &Detail) -> String {
    let text = format!("{detail:?}");
    match detail {
        Detail::NotLeader { .. }
        | Detail::SafeMode { .. }
        | Detail::SafeModeHeld { .. }
        | Detail::NotSetUp
        | Detail::MasterDiskFull
        | Detail::WriteGivenUp
        | Detail::TooManyWrites { .. }
        | Detail::BadUserName
        | Detail::TooManyChunks { .. }
        | Detail::CommitTooLarge { .. }
        | Detail::TooFewDatanodes(_)
        | Detail::NoRoom(_)
        | Detail::UnknownDatanode
        | Detail::NotDead { .. }
        | Detail::DrainLeavesTooFew { .. }
        | Detail::DrainLeavesNoRoom { .. }
        | Detail::UnnamedChunk
        | Detail::MastersUnreachable { .. }
        | Detail::LocalExists
        | Detail::LocalDiskFull { .. }
        | Detail::PartName
        | Detail::CapabilityExpired { .. } => text.split([' ', '(']).next().unwrap_or_default().to_owned(),
    }
}

use super::{CHUNK, Tree, copy, path, pieces, restore};
use crate::command::{AdminOp, Caller, ChunkOp, Command, FsOp, KeyRecord, NodeOp, Refusal};
use crate::state::{Decoder, SnapshotError, State};
use crate::stored::StoredError;
use dfs_types::{AdminState, ChunkId, ClusterId, DatanodeId, Layout, RequestId, Timestamp};

/// Makes a state that holds something of every kind.
fn sample() -> Tree {
    let mut tree = Tree::new();
    for directory in ["/a/b/c", "/a/é", "/z"] {
        assert!(tree.mkdirs("root", directory).is_ok());
    }
    assert!(tree.put("root", "/a/none", &[], 0).is_ok());
    assert!(tree.put("root", "/a/one", &[1], 7).is_ok());
    assert!(tree.put("root", "/a/b/many", &[5, 4, 3], CHUNK).is_ok());
    assert!(tree.mkdir("ann", "/no").is_err());
    assert!(tree.put("root", "/a/gone", &[6], 7).is_ok());
    assert!(tree.rm("root", "/a/gone", false).is_ok());
    assert!(tree.run("", ChunkOp::RaiseFloor { floor: ChunkId(3) }).is_ok());
    let key = KeyRecord { id: 2, secret: [2; 32], made_at: Timestamp(77) };
    assert!(tree.run("", AdminOp::AddKey { key }).is_ok());
    for (node, admin_state) in
        [(300, AdminState::Draining), (2, AdminState::Removed), (5, AdminState::Draining), (5, AdminState::InService)]
    {
        assert!(tree.run("root", NodeOp::SetAdminState { node: DatanodeId(node), admin_state }).is_ok());
    }
    let changes = vec![("user.note".to_owned(), Some(b"blue".to_vec())), ("user.empty".to_owned(), Some(Vec::new()))];
    assert!(tree.run("root", FsOp::SetUserAttributes { path: path("/a/b"), changes }).is_ok());
    assert!(tree.run("root", copy("/a/b", "/z/b")).is_ok());
    for node in [300, 9, 300] {
        assert!(tree.run("", NodeOp::Add { node: DatanodeId(node) }).is_ok());
    }
    tree
}

/// Returns the pieces in sequence, each after its length.
fn framed(pieces: &[Vec<u8>]) -> Vec<u8> {
    pieces
        .iter()
        .flat_map(|piece| (piece.len() as u32).to_le_bytes().into_iter().chain(piece.iter().copied()))
        .collect()
}

fn unframed(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (piece, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        pieces.push(piece.to_vec());
        bytes = rest;
    }
    pieces
}

const GOLDEN: &[u8] = include_bytes!("../../../golden/state-1.bin");

#[test]
fn the_snapshot_is_as_the_golden_file_has_it() {
    let bytes = framed(&pieces(&sample().space));
    if std::env::var_os("DFS_WRITE_GOLDEN").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/golden/state-1.bin"), &bytes).expect("writable");
    }
    assert!(bytes == GOLDEN, "the form of snapshots changed: that needs a new version, and a reader of this one");
    let restored = restore(&unframed(GOLDEN)).expect("an old snapshot is readable");
    assert_eq!(framed(&pieces(&restored)), GOLDEN);
    assert_eq!(restored.cluster(), Some(ClusterId([1; 16])));
    assert_eq!(restored.keys().len(), 2);
    assert_eq!(restored.admin_state(DatanodeId(2)), AdminState::Removed);
    assert_eq!(restored.members().map(|(node, _)| node.0).collect::<Vec<_>>(), [9, 300]);
}

#[test]
fn a_datanode_belongs_to_the_cluster_from_its_first_registration_until_it_is_forgotten() {
    let (mut tree, node) = (Tree::new(), DatanodeId(4));
    assert_eq!(tree.run("ann", NodeOp::Add { node }), Err(Refusal::PermissionDenied));
    assert!(!tree.space.is_member(node));
    assert!(tree.run("", NodeOp::Add { node }).is_ok());
    let first: Vec<_> = tree.space.members().collect();
    assert!(tree.run("", NodeOp::Add { node }).is_ok());
    assert_eq!(tree.space.members().collect::<Vec<_>>(), first, "the first time counts");
    assert!(tree.run("root", NodeOp::SetAdminState { node, admin_state: AdminState::Draining }).is_ok());
    assert!(tree.space.is_member(node));
    assert!(tree.run("root", NodeOp::SetAdminState { node, admin_state: AdminState::Removed }).is_ok());
    assert!(!tree.space.is_member(node));
}

#[test]
fn a_datanode_that_was_forgotten_is_no_member_before_it_serves_again() {
    let (mut tree, node) = (Tree::new(), DatanodeId(4));
    assert!(tree.run("root", NodeOp::SetAdminState { node, admin_state: AdminState::Removed }).is_ok());
    assert!(tree.run("", NodeOp::Add { node }).is_ok(), "the leader saw it before it was removed");
    assert!(restore(&pieces(&tree.space)).is_ok());
    assert!(!tree.space.is_member(node));
    assert!(tree.run("", NodeOp::SetAdminState { node, admin_state: AdminState::InService }).is_ok());
    assert!(tree.run("", NodeOp::Add { node }).is_ok());
    assert!(tree.space.is_member(node));
}

#[test]
fn an_empty_namespace_reads_back() {
    let space = State::new();
    let restored = restore(&pieces(&space)).expect("whole");
    assert_eq!(restored.cluster(), None);
    assert_eq!(pieces(&restored), pieces(&space));
}

#[test]
fn a_restored_state_goes_on_as_the_first_one() {
    let mut first = sample();
    let mut second = Tree { space: restore(&pieces(&first.space)).expect("whole"), requests: first.requests };
    for tree in [&mut first, &mut second] {
        assert!(tree.mv("root", "/a", "/z/a", false).is_ok());
        assert!(tree.put("root", "/z/new", &[9], 7).is_ok());
        // A retry of a command older than the snapshot.
        let op = FsOp::Mkdir { path: path("/other"), parents: false };
        let retry = Command { request: RequestId(3), caller: Caller::user("root"), at: Timestamp(0), op: op.into() };
        assert!(tree.space.apply(&retry).is_ok());
        assert!(!tree.has("/other"));
    }
    assert_eq!(pieces(&first.space), pieces(&second.space));
}

#[test]
fn dropped_chunks_are_restored_and_checked() {
    let tree = sample();
    let dump = pieces(&tree.space);
    let restored = restore(&dump).expect("whole");
    assert_eq!(restored.chunks.dropped, tree.space.chunks.dropped);
    assert!(restored.is_garbage(ChunkId(6)));
    let with = |ids: &[u64]| {
        let mut space = tree.space.clone();
        space.chunks.dropped = ids.iter().copied().collect();
        restore(&pieces(&space)).map(|_| ())
    };
    assert_eq!(with(&[7, 8, 1000]), Ok(()));
    for (ids, what) in [(&[2][..], "below the floor"), (&[1001], "not handed out"), (&[5], "a file has it")] {
        assert_eq!(with(ids), Err(SnapshotError::Tree), "{what}");
    }
}

#[test]
fn admin_states_are_restored_and_checked() {
    let mut tree = sample();
    let restored = restore(&pieces(&tree.space)).expect("whole");
    let drained = [(DatanodeId(2), AdminState::Removed), (DatanodeId(300), AdminState::Draining)];
    assert_eq!(restored.admin_states().collect::<Vec<_>>(), drained);
    tree.space.nodes.admin_states.insert(DatanodeId(4), AdminState::InService);
    assert_eq!(restore(&pieces(&tree.space)).err(), Some(SnapshotError::Tree));
}

#[test]
fn large_states_come_in_bounded_pieces() {
    let mut tree = Tree::new();
    assert!(tree.run("", ChunkOp::Reserve { count: 10_000 }).is_ok());
    let ids: Vec<u64> = (1..=5_000).collect();
    assert!(tree.put("root", "/long", &ids, 1).is_ok());
    for number in 0..2_000 {
        let name = format!("/{}{number:05}", "n".repeat(200));
        assert!(tree.put("root", &name, &[6_000 + number], 1).is_ok());
    }
    let dump = pieces(&tree.space);
    assert!(dump.len() > 10, "{}", dump.len());
    let restored = restore(&dump).expect("whole");
    assert_eq!(pieces(&restored), dump);
    assert_eq!(restored.chunk_count(), 7_000);
}

#[test]
fn long_values_of_attributes_come_in_parts() {
    let mut tree = Tree::new();
    let changes = [("user.a", 60_000), ("user.b", 0), ("user.c", 1_000)];
    let changes = changes.map(|(name, bytes)| (name.to_owned(), Some(vec![7; bytes])));
    assert!(tree.run("root", FsOp::SetUserAttributes { path: path("/"), changes: changes.to_vec() }).is_ok());
    let dump = pieces(&tree.space);
    let restored = restore(&dump).expect("whole");
    assert_eq!(pieces(&restored), dump);
    let found = restored.user_attributes(&path("/"), "root").expect("there");
    assert_eq!(found.iter().map(|(_, value)| value.len()).collect::<Vec<_>>(), [60_000, 0, 1_000]);
}

#[test]
fn every_flipped_bit_is_found() {
    let dump = pieces(&sample().space);
    for (index, piece) in dump.iter().enumerate() {
        for bit in 0..piece.len() * 8 {
            let mut damaged = dump.clone();
            damaged[index][bit / 8] ^= 1 << (bit % 8);
            assert!(restore(&damaged).is_err(), "piece {index}, bit {bit}");
        }
    }
}

#[test]
fn pieces_that_are_missing_doubled_or_swapped_are_found() {
    let dump = pieces(&sample().space);
    for index in 0..dump.len() {
        let mut fewer = dump.clone();
        fewer.remove(index);
        assert!(restore(&fewer).is_err(), "without piece {index}");
        let mut more = dump.clone();
        more.insert(index, dump[index].clone());
        assert!(restore(&more).is_err(), "piece {index} twice");
        let mut cut = dump.clone();
        cut[index].pop();
        assert!(restore(&cut).is_err(), "piece {index} cut");
        assert!(restore(&dump[..index]).is_err(), "only {index} pieces");
    }
}

#[test]
fn other_versions_and_other_files_are_distinguished() {
    let dump = pieces(&sample().space);
    let mut newer = dump.clone();
    for version in [2, 127] {
        newer[0][4] = version;
        let error = StoredError::Newer { name: "state snapshot", version: version.into(), known: 1 };
        assert_eq!(restore(&newer).err(), Some(SnapshotError::Stored(error)));
    }
    let before = *b"\x00dfsN\x04";
    assert_eq!(Decoder::new().piece(&before).err(), Some(SnapshotError::Before));
    assert_eq!(Decoder::new().piece(b"\x00PK\x03\x04....").err(), Some(SnapshotError::Magic));
    assert_eq!(Decoder::new().piece(&[0; 100_000]).err(), Some(SnapshotError::Piece));
    assert_eq!(Decoder::new().finish().err(), Some(SnapshotError::Short));
}

#[test]
fn the_layouts_of_the_files_of_a_shared_chunk_are_counted_again() {
    let mut tree = Tree::new();
    assert!(tree.put("root", "/b", &[1], 7).is_ok());
    for (copied, replicas) in [("/a", 2), ("/c", 5), ("/d", 5)] {
        let layout = Layout::Replicated { replicas };
        assert!(tree.run("root", copy("/b", copied)).is_ok());
        assert!(tree.run("root", FsOp::SetLayout { path: path(copied), layout }).is_ok());
    }
    tree.space = restore(&pieces(&tree.space)).expect("whole");
    assert_eq!(tree.space.check(), Ok(()));
    let wanted = |tree: &Tree| tree.space.chunk(ChunkId(1)).map(|chunk| (chunk.references, chunk.replicas()));
    assert_eq!(wanted(&tree), Some((4, 5)));
    assert!(tree.rm("root", "/c", false).is_ok() && tree.rm("root", "/d", false).is_ok());
    assert_eq!(wanted(&tree), Some((2, 3)));
}

use super::*;
use crate::command::KeyRecord;
use dfs_types::{AdminState, ChunkRef, Generation, Layout};

/// One command of each kind, in its form in the log.
const GOLDEN: &[u8] = include_bytes!("../../../golden/commands-1.bin");

fn all() -> Vec<Command> {
    let path = |text: &str| DfsPath::parse(text).expect("valid");
    let key = KeyRecord { id: 1, secret: [7; 32], made_at: Timestamp(8) };
    let chunk = ChunkRef { id: ChunkId(300), generation: Generation(1), length: 70_000, checksum: 0xfeed_beef };
    let file = NewFile {
        path: path("/é"),
        overwrite: true,
        layout: Layout::Replicated { replicas: 3 },
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
    let copy = Copy { from: path("/c"), to: path("/d"), recursive: true, overwrite: false, after: Some(path("/c/e")) };
    let changes = vec![("user.a".to_owned(), Some(vec![1, 0, 255])), ("user.b".to_owned(), None)];
    let ops = [
        Op::Fs(FsOp::Mkdir { path: path("/a"), parents: true }),
        Op::Fs(FsOp::Rename { from: path("/a"), to: path("/b"), overwrite: false }),
        Op::Fs(FsOp::Delete { path: path("/b"), recursive: true }),
        Op::Fs(FsOp::Commit(file)),
        Op::Fs(FsOp::SetAttributes { path: path("/c"), change }),
        Op::Fs(FsOp::SetLayout { path: path("/c"), layout: Layout::Replicated { replicas: 2 } }),
        Op::Fs(FsOp::Copy(copy)),
        Op::Fs(FsOp::SetUserAttributes { path: path("/c"), changes }),
        Op::Chunk(ChunkOp::Reserve { count: 1024 }),
        Op::Chunk(ChunkOp::Abandon { chunks: vec![ChunkId(7), ChunkId(300)] }),
        Op::Chunk(ChunkOp::RaiseFloor { floor: ChunkId(5) }),
        Op::Node(NodeOp::Add { node: DatanodeId(7) }),
        Op::Node(NodeOp::SetAdminState { node: DatanodeId(300), admin_state: AdminState::Draining }),
        Op::Admin(AdminOp::Init { cluster: ClusterId([3; 16]), superuser: "ann".to_owned(), key: key.clone() }),
        Op::Admin(AdminOp::AddKey { key }),
    ];
    let callers = [
        Caller::user("ann"),
        Caller { groups: vec!["staff".to_owned()], via: Some("gateway-1".to_owned()), ..Caller::user("bob") },
        Caller::master(),
    ];
    (0u64..)
        .zip(ops)
        .zip(callers.into_iter().cycle())
        .map(|((number, op), caller)| Command {
            request: RequestId(u128::from(number) << 100),
            caller,
            at: Timestamp(number),
            op,
        })
        .collect()
}

#[test]
fn commands_are_as_the_golden_file_has_them() {
    let (version, bytes) = write(&all()).expect("plain data");
    if std::env::var_os("DFS_WRITE_GOLDEN").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/golden/commands-1.bin"), &bytes).expect("writable");
    }
    assert_eq!(version, 1);
    assert!(bytes == GOLDEN, "the form of commands changed: logs that are on disk could not be read any more");
    assert_eq!(read(1, GOLDEN), Ok(all()));
}

#[test]
fn commands_of_a_newer_build_are_refused_by_name() {
    let refused = read(2, GOLDEN).expect_err("newer");
    assert_eq!(refused, StoredError::Newer { name: "log entry", version: 2, known: 1 });
    assert!(refused.to_string().contains("version 2") && refused.to_string().contains("start the build that wrote it"));
}

#[test]
fn a_path_that_is_none_is_refused() {
    let op = OpV1::Mkdir { path: "/a/../b".into(), parents: false };
    let command = CommandV1 { request: 1, user: "ann".into(), groups: vec![], via: None, at: 1, op };
    let bytes = postcard::to_stdvec(&CommandsV1(vec![command])).expect("plain data");
    assert_eq!(read(1, &bytes), Err(StoredError::Malformed { name: "log entry" }));
}

#[test]
fn commands_take_at_most_twice_their_weight() {
    let long = |name: &str| DfsPath::parse(&format!("/{}", vec![name; 400].join("/"))).expect("valid");
    let name = || Some("u".repeat(dfs_types::principal::USER_BYTES_MAX));
    let change = AttributeChange { owner: name(), group: name(), mode: Some(0o777), ..AttributeChange::default() };
    let chunk =
        ChunkRef { id: ChunkId(u64::MAX >> 1), generation: Generation(u32::MAX), length: 64 << 20, checksum: u32::MAX };
    let layout = Layout::Replicated { replicas: 3 };
    let (chunks, abandoned) = (vec![chunk; 10_000], vec![chunk.id; 1_000]);
    let (modified, mode, chunk_size) = (Timestamp(u64::MAX), 0o7777, u32::MAX);
    let file = NewFile { path: long("f"), overwrite: true, layout, chunk_size, chunks, modified, mode, abandoned };
    let ops = [
        FsOp::SetAttributes { path: DfsPath::root(), change },
        FsOp::Rename { from: long("from"), to: long("to"), overwrite: true },
        FsOp::SetUserAttributes {
            path: long("a"),
            changes: vec![("user.".to_owned() + &"n".repeat(250), Some(vec![7; 60_000]))],
        },
        FsOp::Commit(file),
    ];
    let command =
        |op| Command { request: RequestId(u128::MAX), caller: Caller::master(), at: modified, op: Op::Fs(op) };
    let named = |command: Command| Command {
        caller: Caller { user: name().unwrap_or_default(), groups: vec!["g".repeat(100); 64], via: name() },
        ..command
    };
    let extremes = ops.into_iter().map(command).flat_map(|plain| [plain.clone(), named(plain)]);
    for command in all().into_iter().chain(extremes) {
        let (_, bytes) = write(std::slice::from_ref(&command)).expect("plain data");
        let weight = weight(&command);
        assert!(bytes.len() <= 2 * weight, "{} bytes, the weight is {weight}: {:?}", bytes.len(), command.op);
    }
}

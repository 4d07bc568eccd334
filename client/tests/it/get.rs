//! Reading, with datanodes that fail.

use crate::cluster::{Cluster, content, path};
use crate::master::CHUNK_SIZE;
use crate::node::Lie;
use dfs_client::{CancellationToken, Client, Dest, Event, GetOptions, Progress, PutOptions, Source};
use dfs_rpc::frame::DATA_BYTES_MAX;
use dfs_types::{DatanodeId, ErrorCode};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

const SIZE: usize = (9 << 20) + 12_345;

/// A cluster of three with the file `/f` of [`SIZE`] bytes.
async fn with_file() -> (Cluster, Client, Vec<u8>) {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    let bytes = content(SIZE);
    put(&client, &bytes).await;
    (cluster, client, bytes)
}

async fn put(client: &Client, bytes: &[u8]) {
    let options = PutOptions { overwrite: true, ..PutOptions::default() };
    let source = Source::Bytes(bytes.to_vec().into());
    client.put(source, &path("/f"), options, &Progress::new(), &CancellationToken::new()).await.expect("put");
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("directory");
    entries.map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned()).collect()
}

/// A writer whose content the test can read.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_are_exact() {
    let (_cluster, client, bytes) = with_file().await;
    let chunk = u64::from(CHUNK_SIZE);
    let size = SIZE as u64;
    let edges = [0, 1, 65_535, 65_536, chunk - 1, chunk, chunk + 1, 3 * chunk, size - 1, size, size + 5];
    for offset in edges {
        for length in [0, 1, 65_536, chunk, 4 * chunk, u64::MAX] {
            let read = client.read_range(&path("/f"), offset, length).await.expect("read");
            let end = offset.saturating_add(length).min(size) as usize;
            assert!(read == bytes[(offset.min(size) as usize).min(end)..end], "{offset} {length}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_destination() {
    let (_cluster, client, bytes) = with_file().await;
    let directory = tempfile::tempdir().expect("directory");
    let local = directory.path().join("local");
    let (progress, cancel) = (Progress::new(), CancellationToken::new());
    let options = GetOptions { keep_modified: true, ..GetOptions::default() };
    client.get(&path("/f"), Dest::File(local.clone()), options, &progress, &cancel).await.expect("get");
    assert!(std::fs::read(&local).expect("read") == bytes);
    assert_eq!(names_in(directory.path()), ["local"]);
    let found = std::fs::metadata(&local).expect("metadata");
    assert_eq!(found.modified().expect("time"), SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000));
    assert_eq!(found.permissions().mode() & 0o640, 0o640);
    assert_eq!((progress.bytes(), progress.bytes_total(), progress.files()), (SIZE as u64, SIZE as u64, 1));

    let shared = Shared::default();
    let dest = Dest::Writer(Box::new(shared.clone()));
    let range = GetOptions { range: Some((1_000, 3 << 20)), ..GetOptions::default() };
    client.get(&path("/f"), dest, range, &progress, &cancel).await.expect("get");
    assert!(*shared.0.lock().expect("lock") == bytes[1_000..1_000 + (3 << 20)]);

    let (mut far, near) = tokio::io::duplex(1000);
    let file = path("/f");
    let reading = client.get(&file, Dest::Async(Box::new(near)), GetOptions::default(), &progress, &cancel);
    let mut seen = Vec::new();
    let (got, read) = tokio::join!(reading, tokio::io::AsyncReadExt::read_to_end(&mut far, &mut seen));
    assert!(got.is_ok() && read.is_ok() && seen == bytes);

    client.get(&path("/f"), Dest::Discard, GetOptions::default(), &progress, &cancel).await.expect("get");
    assert_eq!(progress.files(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_file_is_replaced_only_when_asked() {
    let (_cluster, client, bytes) = with_file().await;
    let directory = tempfile::tempdir().expect("directory");
    let local = directory.path().join("local");
    std::fs::write(&local, "mine").expect("write");
    let (progress, cancel) = (Progress::new(), CancellationToken::new());
    let get = |overwrite, dest: &Path| {
        let options = GetOptions { overwrite, ..GetOptions::default() };
        let (client, progress, cancel, dest) = (&client, &progress, &cancel, Dest::File(dest.into()));
        async move { client.get(&path("/f"), dest, options, progress, cancel).await }
    };
    assert_eq!(get(false, &local).await.map_err(|error| error.code), Err(ErrorCode::AlreadyExists));
    assert_eq!(std::fs::read(&local).expect("read"), b"mine");
    get(true, &local).await.expect("get");
    assert!(std::fs::read(&local).expect("read") == bytes);
    assert_eq!(get(true, directory.path()).await.map_err(|error| error.code), Err(ErrorCode::IsADirectory));
    let nowhere = directory.path().join("no/directory");
    assert_eq!(get(true, &nowhere).await.map_err(|error| error.code), Err(ErrorCode::LocalIo));
    assert_eq!(names_in(directory.path()), ["local"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_found_reported_and_read_elsewhere() {
    let (cluster, client, bytes) = with_file().await;
    cluster.node(1).faults.flips.store(3, Ordering::Relaxed);
    assert!(client.read_range(&path("/f"), 0, u64::MAX).await.expect("read") == bytes);
    assert_eq!(cluster.node(1).faults.struck.load(Ordering::Relaxed), 3);
    // The report is sent in the background and arrives. (Of two flips on one connection the reader
    // detects the first.)
    while cluster.table.damage.lock().expect("lock").is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(cluster.table.damage.lock().expect("lock").iter().all(|(_, node)| *node == DatanodeId(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn corruption_of_all_replicas_is_an_error_and_returns_no_byte() {
    let (cluster, client, _) = with_file().await;
    cluster.nodes.iter().for_each(|node| node.faults.flips.store(u32::MAX, Ordering::Relaxed));
    let error = client.read_range(&path("/f"), 0, u64::MAX).await.expect_err("all replicas are corrupt");
    assert_eq!(error.code, ErrorCode::ChecksumMismatch);
    assert_eq!(error.code.exit_code(), 5);
    let shared = Shared::default();
    let (dest, progress, cancel) = (Dest::Writer(Box::new(shared.clone())), Progress::new(), CancellationToken::new());
    client
        .get(&path("/f"), dest, GetOptions::default(), &progress, &cancel)
        .await
        .expect_err("all replicas are corrupt");
    assert!(shared.0.lock().expect("lock").is_empty());
}

/// Replicas whose content is not that of the chunk.
const OTHERS: [Lie; 5] = [Lie::OtherBlocks, Lie::OtherContent, Lie::ShortTable, Lie::LongTable, Lie::OddTable];
/// Answers that violate the protocol.
const UNEXPECTED: [Lie; 2] = [Lie::NoTable, Lie::TwoTables];

/// Their frames have valid checksums: only the checksum of the chunk reveals the fault.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_of_other_content_is_never_returned() {
    let (cluster, client, bytes) = with_file().await;
    let (chunk, size) = (u64::from(CHUNK_SIZE), SIZE as u64);
    for lie in OTHERS {
        *cluster.node(1).faults.lie.lock().expect("lock") = Some(lie);
        for (offset, length) in
            [(0, u64::MAX), (0, 1), (65_536, 1), (chunk - 3, 9), (2 * chunk + 70_000, chunk), (size - 1, 1)]
        {
            cluster.table.damage.lock().expect("lock").clear();
            cluster.node(1).faults.struck.store(0, Ordering::Relaxed);
            let read = client.read_range(&path("/f"), offset, length).await.expect("read");
            let end = offset.saturating_add(length).min(size) as usize;
            assert!(read == bytes[offset as usize..end], "{lie:?} {offset} {length}");
            assert!(cluster.node(1).faults.struck.load(Ordering::Relaxed) > 0, "{lie:?} {offset} {length}");
            while cluster.table.damage.lock().expect("lock").is_empty() {
                tokio::task::yield_now().await;
            }
            let damage = cluster.table.damage.lock().expect("lock").clone();
            assert!(damage.iter().all(|(_, node)| *node == DatanodeId(1)), "{lie:?}: {damage:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_in_all_replicas_is_an_error_and_returns_no_byte() {
    let lies = OTHERS.into_iter().map(|lie| (lie, ErrorCode::ChecksumMismatch));
    let cases = lies.chain(UNEXPECTED.into_iter().map(|lie| (lie, ErrorCode::NoHealthyReplica)));
    let cases = cases.map(|(lie, code)| async move {
        let (cluster, client, _) = with_file().await;
        cluster.nodes.iter().for_each(|node| *node.faults.lie.lock().expect("lock") = Some(lie));
        let directory = tempfile::tempdir().expect("directory");
        let (shared, file) = (Shared::default(), path("/f"));
        let (progress, cancel) = (Progress::new(), CancellationToken::new());
        let into = |dest| client.get(&file, dest, GetOptions::default(), &progress, &cancel);
        let (range, written, filed) = tokio::join!(
            client.read_range(&file, 70_000, 5),
            into(Dest::Writer(Box::new(shared.clone()))),
            into(Dest::File(directory.path().join("local"))),
        );
        for error in [range.map(drop), written.map(drop), filed.map(drop)] {
            let error = error.expect_err("no replica is intact");
            assert_eq!((error.code, error.path.as_deref()), (code, Some("/f")), "{lie:?}: {error}");
        }
        assert!(shared.0.lock().expect("lock").is_empty() && names_in(directory.path()).is_empty(), "{lie:?}");
        assert_eq!(progress.bytes(), 0, "{lie:?}");
    });
    futures::future::join_all(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_before_the_table_and_a_second_table_fail_the_datanode() {
    let (cluster, client, bytes) = with_file().await;
    for lie in UNEXPECTED {
        cluster.node(1).faults.struck.store(0, Ordering::Relaxed);
        *cluster.node(1).faults.lie.lock().expect("lock") = Some(lie);
        assert!(client.read_range(&path("/f"), 0, u64::MAX).await.expect("read") == bytes, "{lie:?}");
        assert!(cluster.node(1).faults.struck.load(Ordering::Relaxed) > 0, "{lie:?}");
    }
    // This does not count as corruption of a replica.
    assert!(cluster.table.damage.lock().expect("lock").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_datanode_that_dies_or_stops_responding_is_skipped() {
    let (cluster, client, bytes) = with_file().await;
    cluster.node(1).faults.dies_after.store(5, Ordering::Relaxed);
    assert!(client.read_range(&path("/f"), 0, u64::MAX).await.expect("read") == bytes);
    assert!(cluster.node(1).faults.struck.swap(0, Ordering::Relaxed) > 0);
    cluster.node(2).faults.silent.set(true);
    assert!(client.read_range(&path("/f"), 0, u64::MAX).await.expect("read") == bytes);
    assert!(cluster.node(2).faults.struck.load(Ordering::Relaxed) > 0);
    cluster.node(2).faults.silent.set(false);
}

/// No data is left to read then, so nothing may be requested again.
#[tokio::test(flavor = "multi_thread")]
async fn a_datanode_that_dies_after_the_last_byte_was_sufficient() {
    let (cluster, client, bytes) = with_file().await;
    for length in [1, 2 * DATA_BYTES_MAX, CHUNK_SIZE as usize] {
        // The request and each frame count as one; the last is the end of the stream.
        let frames = 1 + length.div_ceil(DATA_BYTES_MAX) as u64 + 1;
        cluster.nodes.iter().for_each(|node| node.faults.dies_after.store(frames, Ordering::Relaxed));
        let read = client.read_range(&path("/f"), 0, length as u64).await.expect("read");
        assert!(read == bytes[..length], "{length}");
        let struck = cluster.nodes.iter().map(|node| node.faults.struck.swap(0, Ordering::Relaxed)).sum::<u32>();
        assert_eq!(struck, 1, "{length}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_without_replicas_is_reported() {
    let (cluster, client, _) = with_file().await;
    cluster.nodes.iter().for_each(|node| node.forget_all());
    let directory = tempfile::tempdir().expect("directory");
    let (dest, progress, cancel) = (directory.path().join("local"), Progress::new(), CancellationToken::new());
    let error = client.get(&path("/f"), Dest::File(dest), GetOptions::default(), &progress, &cancel).await;
    let error = error.expect_err("nothing is left");
    assert_eq!((error.code, error.path.as_deref()), (ErrorCode::NoHealthyReplica, Some("/f")));
    assert!(names_in(directory.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_that_failed_cause_no_error() {
    let (cluster, client, bytes) = with_file().await;
    let retried = Progress::new();
    for _ in 0..3 {
        let (options, cancel) = (GetOptions::default(), CancellationToken::new());
        client.get(&path("/f"), Dest::Discard, options, &retried, &cancel).await.expect("get");
        cluster.nodes.iter().for_each(|node| node.hang_up());
    }
    assert_eq!((retried.retries(), retried.bytes()), (0, 3 * bytes.len() as u64));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_capability_is_renewed() {
    let (cluster, client, bytes) = with_file().await;
    cluster.nodes.iter().for_each(|node| node.faults.expiry.store(7, Ordering::Relaxed));
    let table = cluster.table.clone();
    let renewed = Progress::with_listener(move |event| {
        if matches!(event, Event::Retried { .. }) {
            table.expiry.store(7, Ordering::Relaxed);
        }
    });
    let shared = Shared::default();
    let (dest, cancel) = (Dest::Writer(Box::new(shared.clone())), CancellationToken::new());
    client.get(&path("/f"), dest, GetOptions::default(), &renewed, &cancel).await.expect("get");
    assert!(renewed.retries() > 0 && *shared.0.lock().expect("lock") == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_replaced_during_a_get_is_read_again() {
    let (_cluster, client, _) = with_file().await;
    let (newer, other) = (content(SIZE - 1), client.clone());
    let (progress, cancel) = (Progress::new(), CancellationToken::new());
    let directory = tempfile::tempdir().expect("directory");
    let local = directory.path().join("local");
    // Replaced when the first page of chunks is planned: the second one must not be mixed with it.
    let replaced = Arc::new(Mutex::new(Some(newer.clone())));
    let runtime = tokio::runtime::Handle::current();
    let listening = Progress::with_listener(move |event| {
        if let (Event::Started { .. }, Some(newer)) = (event, replaced.lock().expect("lock").take()) {
            runtime.block_on(put(&other, &newer));
        }
    });
    client.get(&path("/f"), Dest::File(local.clone()), GetOptions::default(), &listening, &cancel).await.expect("get");
    assert!(std::fs::read(&local).expect("read") == newer);
    assert_eq!(listening.bytes(), newer.len() as u64);
    drop(progress);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_get_leaves_nothing() {
    let (cluster, _, _) = with_file().await;
    let mut options = cluster.options();
    options.settings.stall_timeout = Duration::from_secs(3600);
    let client = Client::connect(options).await.expect("connect");
    cluster.nodes.iter().for_each(|node| node.faults.silent.set(true));
    let directory = tempfile::tempdir().expect("directory");
    let (cancel, progress) = (CancellationToken::new(), Progress::new());
    let (file, dest) = (path("/f"), Dest::File(directory.path().join("local")));
    let getting = client.get(&file, dest, GetOptions::default(), &progress, &cancel);
    let cancelling = async {
        while cluster.nodes.iter().all(|node| node.faults.struck.load(Ordering::Relaxed) == 0) {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(getting, cancelling);
    cluster.nodes.iter().for_each(|node| node.faults.silent.set(false));
    assert_eq!(result.map_err(|error| error.code), Err(ErrorCode::Interrupted));
    assert!(names_in(directory.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_fails_ends_the_get() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (_cluster, client, _) = with_file().await;
    let (progress, cancel) = (Progress::new(), CancellationToken::new());
    let got = client.get(&path("/f"), Dest::Writer(Box::new(Closed)), GetOptions::default(), &progress, &cancel).await;
    assert_eq!(got.map_err(|error| error.code), Err(ErrorCode::LocalIo));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_chunks_are_located() {
    let (_cluster, client, bytes) = with_file().await;
    let located = client.locate(&path("/f")).await.expect("locate");
    assert_eq!(located.chunks.len(), bytes.len().div_ceil(CHUNK_SIZE as usize));
    assert!(located.chunks.iter().all(|chunk| chunk.replicas.len() == 3));
    assert_eq!(client.locate(&path("/none")).await.map_err(|error| error.code), Err(ErrorCode::NotFound));
}

fn resume() -> GetOptions {
    GetOptions { resume: true, keep_modified: true, ..GetOptions::default() }
}

/// Begins to get `/f` and interrupts it: the datanodes die long before they have sent everything,
/// and the get is cancelled as soon as some data is stored, if it has not failed by then.
async fn cut_off(cluster: &Cluster, client: &Client, local: &Path) {
    cluster.nodes.iter().for_each(|node| node.faults.dies_after.store(6, Ordering::Relaxed));
    let (progress, cancel) = (Progress::new(), CancellationToken::new());
    let some_is_there = async {
        while progress.bytes() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        cancel.cancel();
        std::future::pending::<()>().await;
    };
    let remote = path("/f");
    let got = tokio::select! {
        got = client.get(&remote, Dest::File(local.into()), resume(), &progress, &cancel) => got,
        () = some_is_there => unreachable!("it never ends"),
    };
    let code = got.expect_err("it is cut off").code;
    assert!(matches!(code, ErrorCode::Interrupted | ErrorCode::NoHealthyReplica), "{code:?}");
    assert!(progress.bytes() > 0 && progress.bytes() < SIZE as u64, "{progress:?}");
    cluster.nodes.iter().for_each(|node| node.faults.dies_after.store(0, Ordering::Relaxed));
    assert_eq!(names_in(local.parent().expect("a directory")), [".dfs-local.partial"]);
}

/// Continues the get. Returns the number of bytes kept from before.
async fn go_on(client: &Client, local: &Path, bytes: &[u8]) -> u64 {
    let progress = Progress::new();
    let cancel = CancellationToken::new();
    client.get(&path("/f"), Dest::File(local.into()), resume(), &progress, &cancel).await.expect("get");
    assert!(std::fs::read(local).expect("read") == bytes);
    assert_eq!(names_in(local.parent().expect("a directory")), ["local"]);
    assert_eq!(progress.bytes() + progress.bytes_kept(), bytes.len() as u64, "each byte once");
    progress.bytes_kept()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_get_is_continued() {
    let (cluster, client, bytes) = with_file().await;
    let directory = tempfile::tempdir().expect("directory");
    let local = directory.path().join("local");
    cut_off(&cluster, &client, &local).await;
    assert!(go_on(&client, &local, &bytes).await > 0);
    let found = std::fs::metadata(&local).expect("metadata");
    assert_eq!(found.modified().expect("time"), SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_verified_bytes_of_a_partial_file_are_kept() {
    let (cluster, client, bytes) = with_file().await;
    let directory = tempfile::tempdir().expect("directory");
    let (local, part) = (directory.path().join("local"), directory.path().join(".dfs-local.partial"));
    cut_off(&cluster, &client, &local).await;
    let whole = std::fs::read(&part).expect("read");
    // Flips one bit at positions in the content, the header and the records.
    for at in (0..whole.len()).step_by(whole.len() / 40).chain(SIZE..whole.len()) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(&part, damaged).expect("write");
        go_on(&client, &local, &bytes).await;
        std::fs::remove_file(&local).expect("remove");
    }
    // Truncated at several lengths, empty, and with other content of the same length.
    for length in [0, 1, SIZE / 2, SIZE, SIZE + 63, SIZE + 70, whole.len() - 1] {
        std::fs::write(&part, &whole[..length]).expect("write");
        go_on(&client, &local, &bytes).await;
        std::fs::remove_file(&local).expect("remove");
    }
    std::fs::write(&part, content(whole.len())).expect("write");
    assert_eq!(go_on(&client, &local, &bytes).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_file_of_another_version_is_discarded() {
    let (cluster, client, _) = with_file().await;
    let directory = tempfile::tempdir().expect("directory");
    let local = directory.path().join("local");
    cut_off(&cluster, &client, &local).await;
    let newer: Vec<u8> = content(SIZE).into_iter().rev().collect();
    put(&client, &newer).await;
    assert_eq!(go_on(&client, &local, &newer).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gets_do_not_share_a_partial_file() {
    let (cluster, client, bytes) = with_file().await;
    let directory = tempfile::tempdir().expect("directory");
    let local = directory.path().join("local");
    cut_off(&cluster, &client, &local).await;
    let held = std::fs::File::open(directory.path().join(".dfs-local.partial")).expect("open");
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).expect("lock");
    let (progress, cancel) = (Progress::new(), CancellationToken::new());
    let got = client.get(&path("/f"), Dest::File(local.clone()), resume(), &progress, &cancel).await;
    assert_eq!(got.map_err(|error| error.code), Err(ErrorCode::FileLocked));
    drop(held);
    go_on(&client, &local, &bytes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_with_the_name_of_a_partial_file_is_refused() {
    let (_cluster, client, bytes) = with_file().await;
    let directory = tempfile::tempdir().expect("directory");
    let local = directory.path().join(".dfs-local.partial");
    let get = |options| {
        let (client, dest) = (client.clone(), Dest::File(local.clone()));
        async move { client.get(&path("/f"), dest, options, &Progress::new(), &CancellationToken::new()).await }
    };
    assert_eq!(get(resume()).await.map_err(|error| error.code), Err(ErrorCode::InvalidArgument));
    assert_eq!(names_in(directory.path()), [""; 0]);
    get(GetOptions::default()).await.expect("get");
    assert!(std::fs::read(&local).expect("read") == bytes);
}

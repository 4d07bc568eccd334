//! Writing, with datanodes that fail.

use crate::cluster::{Cluster, content, path};
use crate::master::CHUNK_SIZE;
use dfs_client::{CancellationToken, Client, Event, Progress, PutOptions, Source};
use dfs_types::{ChunkId, DatanodeId, ErrorCode, Protection, Result, Stat};
use std::io::Read;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

async fn put(client: &Client, source: Source, name: &str) -> Result<Stat> {
    client.put(source, &path(name), PutOptions::default(), &Progress::new(), &CancellationToken::new()).await
}

async fn back(client: &Client, name: &str) -> Vec<u8> {
    client.read_range(&path(name), 0, u64::MAX).await.expect("read back")
}

const SIZES: [usize; 8] =
    [0, 1, 65_536, 600_000, CHUNK_SIZE as usize, CHUNK_SIZE as usize + 1, 3 << 20, (9 << 20) + 12_345];

#[tokio::test(flavor = "multi_thread")]
async fn every_source_of_every_size() {
    let cluster = Cluster::start(4).await;
    let client = cluster.client().await;
    let directory = tempfile::tempdir().expect("directory");
    for size in SIZES {
        let bytes = content(size);
        let local = directory.path().join("source");
        std::fs::write(&local, &bytes).expect("write");
        let sources = [
            ("file", Source::File(local)),
            ("bytes", Source::Bytes(bytes.clone().into())),
            ("reader", Source::Reader(Box::new(std::io::Cursor::new(bytes.clone())))),
            ("async", Source::Async(Box::new(std::io::Cursor::new(bytes.clone())))),
        ];
        for (kind, source) in sources {
            let name = format!("/{kind}-{size}");
            let stat = put(&client, source, &name).await.expect("put");
            assert_eq!((stat.size, stat.chunks), (size as u64, (size as u64).div_ceil(CHUNK_SIZE.into())));
            assert!(back(&client, &name).await == bytes, "{name}");
        }
    }
}

#[tokio::test]
async fn on_a_current_thread_runtime_and_under_tls() {
    let cluster = Cluster::start(3).await;
    let mut options = cluster.options();
    options.settings.data_protection = Protection::Private;
    let client = Client::connect(options).await.expect("connect");
    let bytes = content(5 << 20);
    put(&client, Source::Bytes(bytes.clone().into()), "/private").await.expect("put");
    assert!(back(&client, "/private").await == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_options_are_applied_and_the_progress_is_counted() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = events.clone();
    let progress = Progress::with_listener(move |event| heard.lock().expect("lock").push(event.clone()));
    let options = PutOptions { replication: Some(2), chunk_size: Some(128 << 10), ..PutOptions::default() };
    let source = Source::Bytes(content(1 << 20).into());
    let stat = client.put(source, &path("/f"), options, &progress, &CancellationToken::new()).await.expect("put");
    assert_eq!((stat.replication, stat.chunk_size, stat.chunks), (2, 128 << 10, 8));
    assert_eq!((progress.bytes(), progress.bytes_total(), progress.files()), (1 << 20, 1 << 20, 1));
    let started = Event::Started { path: "/f".into(), bytes: Some(1 << 20) };
    let ended = Event::Ended { path: "/f".into(), bytes: 1 << 20 };
    assert_eq!(*events.lock().expect("lock"), [started, ended]);
    let error = put(&client, Source::Bytes(content(9).into()), "/f").await.expect_err("it exists");
    assert_eq!(error.code, ErrorCode::AlreadyExists);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_datanode_that_dies_is_replaced() {
    let cluster = Cluster::start(4).await;
    let client = cluster.client().await;
    cluster.node(2).faults.dies_after.store(8, Ordering::Relaxed);
    let (bytes, progress) = (content(12 << 20), Progress::new());
    for source in [Source::Bytes(bytes.clone().into()), Source::Reader(Box::new(std::io::Cursor::new(bytes.clone())))] {
        let name = format!("/{source:?}");
        let (options, cancel) = (PutOptions::default(), CancellationToken::new());
        client.put(source, &path(&name), options, &progress, &cancel).await.expect("put");
        assert!(back(&client, &name).await == bytes);
    }
    assert!(cluster.node(2).faults.struck.load(Ordering::Relaxed) > 0);
    assert!(progress.retries() > 0);
    assert_eq!(progress.bytes(), 24 << 20);
    assert!(cluster.table.excluded.lock().expect("lock").contains(&DatanodeId(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_in_progress_continues_with_a_majority() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    cluster.node(3).faults.dies_after.store(8, Ordering::Relaxed);
    let bytes = content(8 << 20);
    put(&client, Source::Bytes(bytes.clone().into()), "/f").await.expect("put");
    assert!(cluster.node(3).faults.struck.load(Ordering::Relaxed) > 0);
    assert!(back(&client, "/f").await == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_datanode_that_the_head_names_is_excluded() {
    let cluster = Cluster::start(4).await;
    let client = cluster.client().await;
    cluster.node(3).faults.full.store(true, Ordering::Relaxed);
    put(&client, Source::Bytes(content(6 << 20).into()), "/f").await.expect("put");
    assert!(cluster.node(3).faults.struck.load(Ordering::Relaxed) > 0);
    let excluded = cluster.table.excluded.lock().expect("lock").clone();
    assert!(excluded.iter().all(|node| *node == DatanodeId(3)) && !excluded.is_empty(), "{excluded:?}");
    assert_eq!(cluster.replicas(&path("/f")).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_answers_for_itself_alone_is_excluded() {
    let cluster = Cluster::start(4).await;
    let client = cluster.client().await;
    cluster.node(2).faults.alone.store(true, Ordering::Relaxed);
    put(&client, Source::Bytes(content(6 << 20).into()), "/f").await.expect("put");
    assert!(cluster.node(2).faults.struck.load(Ordering::Relaxed) > 0);
    assert_eq!(cluster.replicas(&path("/f")).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_datanode_is_replaced() {
    let cluster = Cluster::start(4).await;
    let client = cluster.client().await;
    cluster.node(2).faults.silent.set(true);
    let bytes = content(6 << 20);
    put(&client, Source::Bytes(bytes.clone().into()), "/f").await.expect("put");
    cluster.node(2).faults.silent.set(false);
    assert!(cluster.node(2).faults.struck.load(Ordering::Relaxed) > 0);
    assert!(back(&client, "/f").await == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_datanode_behind_the_head_is_detected() {
    let cluster = Cluster::start(4).await;
    let client = cluster.client().await;
    cluster.node(3).faults.stopped.set(true);
    let bytes = content(6 << 20);
    put(&client, Source::Bytes(bytes.clone().into()), "/f").await.expect("put");
    cluster.node(3).faults.stopped.set(false);
    assert!(cluster.node(3).faults.struck.load(Ordering::Relaxed) > 0);
    // The heads that waited for it were not excluded.
    let excluded = cluster.table.excluded.lock().expect("lock").clone();
    assert!(excluded.iter().all(|node| *node == DatanodeId(3)) && !excluded.is_empty(), "{excluded:?}");
    assert!(back(&client, "/f").await == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_disk_is_waited_for() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    // Longer than the time after which the datanodes are probed.
    let slow = client_stall_ms(&cluster);
    cluster.node(3).faults.slow_ms.store(slow, Ordering::Relaxed);
    put(&client, Source::Bytes(content(2 << 20).into()), "/f").await.expect("put");
    assert!(cluster.node(3).faults.struck.load(Ordering::Relaxed) > 0);
    assert!(cluster.table.excluded.lock().expect("lock").is_empty());
}

fn client_stall_ms(cluster: &Cluster) -> u64 {
    cluster.options().settings.stall_timeout.as_millis() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_that_failed_cause_no_error() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    for number in 0..6 {
        put(&client, Source::Bytes(content(100 + number).into()), &format!("/{number}")).await.expect("put");
        cluster.nodes.iter().for_each(|node| node.hang_up());
    }
    // No datanode was excluded.
    assert!(cluster.table.excluded.lock().expect("lock").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_used_again_and_small_files_are_planned_once() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    for number in 0..30 {
        put(&client, Source::Bytes(content(4096).into()), &format!("/{number}")).await.expect("put");
    }
    assert_eq!(cluster.table.plans.load(Ordering::Relaxed), 30);
    // Each plan begins with the same pipeline.
    let connections: u32 = cluster.nodes.iter().map(|node| node.connections.load(Ordering::Relaxed)).sum();
    assert_eq!(connections, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_puts_at_a_time() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    let puts = (0..64).map(|number| {
        let client = client.clone();
        async move {
            let bytes = content(number * 5_000);
            let name = format!("/{number}");
            put(&client, Source::Bytes(bytes.clone().into()), &name).await.expect("put");
            assert!(back(&client, &name).await == bytes);
        }
    });
    futures::future::join_all(puts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_capability_is_renewed() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    cluster.nodes.iter().for_each(|node| node.faults.expiry.store(7, Ordering::Relaxed));
    let table = cluster.table.clone();
    let renewed = Progress::with_listener(move |event| {
        if matches!(event, Event::Retried { .. }) {
            table.expiry.store(7, Ordering::Relaxed);
        }
    });
    let source = Source::Bytes(content(3 << 20).into());
    client.put(source, &path("/f"), PutOptions::default(), &renewed, &CancellationToken::new()).await.expect("put");
    assert!(renewed.retries() > 0 && cluster.table.excluded.lock().expect("lock").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_accepts_no_data_is_an_error_in_the_end() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    cluster.nodes.iter().for_each(|node| node.faults.full.store(true, Ordering::Relaxed));
    let progress = Progress::new();
    let source = Source::Bytes(content(3 << 20).into());
    let cancel = CancellationToken::new();
    let error = client.put(source, &path("/f"), PutOptions::default(), &progress, &cancel).await.expect_err("no space");
    assert_eq!(error.code, ErrorCode::LocalIo);
    assert!(error.message.contains("no space left"), "{error}");
    assert!(!cluster.exists(&path("/f")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_put_ends_though_its_source_does_not() {
    struct Endless;
    impl Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            into.fill(1);
            Ok(into.len())
        }
    }
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    let (cancel, progress) = (CancellationToken::new(), Progress::new());
    let (endless, file) = (Source::Reader(Box::new(Endless)), path("/endless"));
    let putting = client.put(endless, &file, PutOptions::default(), &progress, &cancel);
    let cancelling = async {
        while progress.bytes() < 5 << 20 {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(putting, cancelling);
    assert_eq!(result.map_err(|error| error.code), Err(ErrorCode::Interrupted));
    assert!(!cluster.exists(&path("/endless")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_put_does_not_wait_for_a_silent_datanode() {
    let cluster = Cluster::start(3).await;
    let mut options = cluster.options();
    options.settings.stall_timeout = std::time::Duration::from_secs(3600);
    let client = Client::connect(options).await.expect("connect");
    cluster.nodes.iter().for_each(|node| node.faults.silent.set(true));
    let cancel = CancellationToken::new();
    let (source, file, progress) = (Source::Bytes(content(8 << 20).into()), path("/f"), Progress::new());
    let putting = client.put(source, &file, PutOptions::default(), &progress, &cancel);
    let cancelling = async {
        while cluster.nodes.iter().all(|node| node.faults.struck.load(Ordering::Relaxed) == 0) {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(putting, cancelling);
    cluster.nodes.iter().for_each(|node| node.faults.silent.set(false));
    assert_eq!(result.map_err(|error| error.code), Err(ErrorCode::Interrupted));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_leaves_nothing() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    let error = put(&client, Source::File("/nowhere/at/all".into()), "/f").await.expect_err("no such file");
    assert_eq!((error.code, error.path.as_deref()), (ErrorCode::LocalIo, Some("/nowhere/at/all")));
    let directory = tempfile::tempdir().expect("directory");
    let error = put(&client, Source::File(directory.path().into()), "/f").await.expect_err("a directory");
    assert_eq!(error.code, ErrorCode::LocalIo);
    let broken = std::io::Cursor::new(content(2 << 20)).chain(Broken);
    let error = put(&client, Source::Reader(Box::new(broken)), "/f").await.expect_err("it breaks");
    assert_eq!(error.code, ErrorCode::LocalIo);
    assert!(!cluster.exists(&path("/f")));
}

struct Broken;
impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("read error"))
    }
}

/// Puts a file while `change` modifies it. Returns the result.
async fn put_changing(client: &Client, local: &std::path::Path, change: fn(&std::path::Path)) -> Result<Stat> {
    std::fs::write(local, content(3 << 20)).expect("write");
    let changed = local.to_owned();
    let progress = Progress::with_listener(move |event| {
        if matches!(event, Event::Started { .. }) {
            change(&changed);
        }
    });
    let source = Source::File(local.to_owned());
    client.put(source, &path("/changing"), PutOptions::default(), &progress, &CancellationToken::new()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_changes_during_a_put_is_not_committed() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    let directory = tempfile::tempdir().expect("directory");
    let local = directory.path().join("local");
    let changes: [fn(&std::path::Path); 4] = [
        |path| std::fs::write(path, content((3 << 20) + 1)).expect("grow"),
        |path| std::fs::write(path, content(100)).expect("shrink"),
        |path| std::fs::remove_file(path).expect("remove"),
        |path| {
            let other = path.with_extension("other");
            std::fs::write(&other, content(3 << 20)).expect("write");
            std::fs::rename(&other, path).expect("replace");
        },
    ];
    for change in changes {
        let error = put_changing(&client, &local, change).await.expect_err("it changed");
        assert_eq!((error.code, error.path.as_deref()), (ErrorCode::LocalIo, local.to_str()), "{error:?}");
        assert_eq!(client.stat(&path("/changing")).await.map_err(|error| error.code), Err(ErrorCode::NotFound));
    }
    put_changing(&client, &local, |_| {}).await.expect("nothing changed");
}

/// Returns the kinds of sources that can be read again, with these bytes.
fn again(bytes: &[u8], local: &std::path::Path) -> [Source; 2] {
    std::fs::write(local, bytes).expect("write");
    [Source::Bytes(bytes.to_vec().into()), Source::File(local.into())]
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_that_are_lost_before_the_commit_are_written_again() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    let directory = tempfile::tempdir().expect("directory");
    let (bytes, file) = (content((5 << 20) + 7), path("/f"));
    for source in again(&bytes, &directory.path().join("local")) {
        // The first, one in the middle and the last, which is short; then one of them again, and
        // one more.
        cluster.table.losses.lock().expect("lock").extend([vec![5, 0, 3], vec![0, 1]]);
        let (progress, cancel) = (Progress::new(), CancellationToken::new());
        let options = PutOptions { overwrite: true, ..PutOptions::default() };
        let first = cluster.table.plans.load(Ordering::Relaxed);
        client.put(source, &file, options, &progress, &cancel).await.expect("put");
        assert!(cluster.table.losses.lock().expect("lock").is_empty());
        assert!(back(&client, "/f").await == bytes);
        assert_eq!((progress.bytes(), progress.retries()), (bytes.len() as u64, 5));
        // Each time, the lost chunks are planned in one call.
        let plans = cluster.table.plans.load(Ordering::Relaxed) - first;
        let chunks = cluster.chunks(&file);
        let mut rest = chunks.clone();
        rest.sort();
        assert_eq!((chunks.len(), plans), (6, 4));
        assert_eq!([chunks[2], chunks[4], chunks[3], chunks[5], chunks[0], chunks[1]], *rest);
        assert_eq!(cluster.replicas(&file).len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_chunks_are_lost_again_and_again_is_given_up() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    cluster.table.losses.lock().expect("lock").extend(vec![vec![1]; 100]);
    let error = put(&client, Source::Bytes(content(2 << 20).into()), "/f").await.expect_err("it is lost each time");
    assert_eq!((error.code, error.path.as_deref()), (ErrorCode::InsufficientDatanodes, Some("/f")));
    assert!(error.message.ends_with("lost its replicas while the file was being written"), "{error}");
    assert_eq!(cluster.table.losses.lock().expect("lock").len(), 95);
    assert!(!cluster.exists(&path("/f")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_chunk_of_a_source_that_is_gone_is_an_error() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    let sources: [Source; 2] = [
        Source::Reader(Box::new(std::io::Cursor::new(content(3 << 20)))),
        Source::Async(Box::new(std::io::Cursor::new(content(3 << 20)))),
    ];
    for source in sources {
        let first = cluster.table.next_chunk.load(Ordering::Relaxed);
        cluster.table.losses.lock().expect("lock").push_back(vec![2]);
        let error = put(&client, source, "/f").await.expect_err("it cannot be read again");
        let what = format!("chunk {} lost its replicas while the file was being written", ChunkId(first + 2));
        assert_eq!((error.code, error.message), (ErrorCode::InsufficientDatanodes, what));
        assert_eq!((error.path.as_deref(), error.hint.as_deref()), (Some("/f"), Some("write the file again")));
        assert!(!cluster.exists(&path("/f")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_changes_while_lost_chunks_are_written_again_is_not_put() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    let directory = tempfile::tempdir().expect("directory");
    let local = directory.path().join("local");
    std::fs::write(&local, content(3 << 20)).expect("write");
    cluster.table.losses.lock().expect("lock").push_back(vec![1]);
    let changed = local.clone();
    let progress = Progress::with_listener(move |event| {
        if matches!(event, Event::Retried { .. }) {
            std::fs::write(&changed, content((3 << 20) + 1)).expect("grow");
        }
    });
    let source = Source::File(local.clone());
    let (file, options, cancel) = (path("/f"), PutOptions::default(), CancellationToken::new());
    let error = client.put(source, &file, options, &progress, &cancel).await.expect_err("it changed");
    assert_eq!((error.code, error.path.as_deref()), (ErrorCode::LocalIo, local.to_str()), "{error:?}");
    assert!(progress.retries() == 1 && !cluster.exists(&path("/f")));
}

//! Daemons are restarted under a load of puts, gets, mkdirs and deletes, and no call fails.

use dfs_client::{CancellationToken, Client, Progress, PutOptions, Source};
use dfs_tests::{Cluster, Spec, content};
use dfs_types::DfsPath;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::runtime::Runtime;

/// The number of restarts in the test suite; `DFS_TEST_ROUNDS` sets more.
const ROUNDS: u64 = 4;
const CLIENTS: u64 = 4;
/// The interval of rounds in which the file of a client has several chunks.
const LONG_EVERY: u64 = 8;

fn path(text: &str) -> DfsPath {
    DfsPath::parse(text).expect("valid path")
}

/// Clients that work until they are stopped.
struct Load {
    runtime: Runtime,
    stop: Arc<AtomicBool>,
    /// The number of calls that each client has made so far.
    made: Vec<Arc<AtomicU64>>,
    clients: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

/// Puts a file, gets it back, creates a directory, deletes both. Returns the failures.
async fn work(client: Client, number: u64, stop: Arc<AtomicBool>, made: Arc<AtomicU64>) -> Vec<String> {
    let mut failed = Vec::new();
    for round in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let (file, directory) = (path(&format!("/f-{number}-{round}")), path(&format!("/d-{number}-{round}")));
        let length = if round % LONG_EVERY == 0 { 2_500_000 } else { 20_000 };
        let bytes = content::bytes(number << 32 | round, length);
        let source = Source::Bytes(bytes.clone().into());
        let (progress, cancel) = (Progress::new(), CancellationToken::new());
        let mut note = |what: &str, result: Result<(), dfs_types::Error>| {
            made.fetch_add(1, Ordering::Relaxed);
            failed.extend(result.err().map(|error| format!("{what}, client {number}, round {round}: {error:?}")));
        };
        note("put", client.put(source, &file, PutOptions::default(), &progress, &cancel).await.map(drop));
        note("mkdir", client.mkdir(&directory, false).await);
        let read = client.read_range(&file, 0, length as u64).await;
        note("get", read.map(|read| assert!(read == bytes, "{file}: other bytes than were put")));
        note("delete", client.delete(&file, false).await.map(drop));
        note("delete", client.delete(&directory, false).await.map(drop));
    }
    failed
}

impl Load {
    fn start(cluster: &Cluster) -> Self {
        let (runtime, stop) = (Runtime::new().expect("runtime"), Arc::new(AtomicBool::new(false)));
        let (mut made, mut clients) = (Vec::new(), Vec::new());
        for number in 0..CLIENTS {
            let client = runtime.block_on(cluster.client());
            let count = Arc::new(AtomicU64::new(0));
            clients.push(runtime.spawn(work(client, number, stop.clone(), count.clone())));
            made.push(count);
        }
        Self { runtime, stop, made, clients }
    }

    /// Waits until every client has made `calls` more calls, so that each disturbance affects each
    /// kind of call.
    fn wait_for_calls(&self, cluster: &Cluster, calls: u64) {
        let before: Vec<u64> = self.made.iter().map(|made| made.load(Ordering::Relaxed)).collect();
        cluster.wait_for("calls of every client", || {
            self.made.iter().zip(&before).all(|(made, before)| made.load(Ordering::Relaxed) >= before + calls)
        });
    }

    /// Ends the load, which must not have had a failure.
    fn end(self, what: &str) {
        self.stop.store(true, Ordering::Relaxed);
        let mut failed = Vec::new();
        for client in self.clients {
            failed.extend(self.runtime.block_on(client).expect("no panic"));
        }
        let made: u64 = self.made.iter().map(|made| made.load(Ordering::Relaxed)).sum();
        assert!(failed.is_empty(), "{what}: {} of {made} calls failed:\n{}", failed.len(), failed.join("\n"));
        eprintln!("{what}: none of {made} calls failed");
    }
}

fn rounds() -> u64 {
    std::env::var("DFS_TEST_ROUNDS").map_or(ROUNDS, |text| text.parse().expect("DFS_TEST_ROUNDS is a number"))
}

#[test]
fn no_call_fails_while_the_master_is_restarted() {
    let cluster = Cluster::start(Spec::default());
    let load = Load::start(&cluster);
    for round in 0..rounds() {
        load.wait_for_calls(&cluster, 7);
        if round % 2 == 0 {
            cluster.kill("master-1");
            cluster.start_daemon("master-1");
        } else {
            cluster.dfsd_ok(&["restart", "master-1"]);
        }
    }
    load.wait_for_calls(&cluster, 7);
    load.end("restarts of the master");
}

#[test]
fn no_call_fails_while_all_daemons_are_restarted_in_turn() {
    let cluster = Cluster::start(Spec::default());
    let load = Load::start(&cluster);
    for id in ["datanode-1", "master-1", "datanode-2", "datanode-3"] {
        load.wait_for_calls(&cluster, 7);
        cluster.dfsd_ok(&["restart", id]);
    }
    load.wait_for_calls(&cluster, 7);
    load.end("restarts of all daemons");
}

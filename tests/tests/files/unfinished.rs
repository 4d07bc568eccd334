//! Writes that are not committed: their space is free again within seconds, and the chunks of a
//! killed client are reported.

use dfs_client::{CancellationToken, Progress, PutOptions, Source};
use dfs_tests::{Cluster, Spec, content};
use dfs_types::{DfsPath, ErrorCode};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, Read, Write};
use std::process::{Child, Stdio};

/// The capacity of each datanode in bytes.
const CAPACITY: &str = "96MiB";
/// More than half of it and less than all.
const FILE_BYTES: usize = 80 << 20;
const HALF_BYTES: usize = 40 << 20;
/// The used space of a cluster without files, which datanodes need for themselves.
const EMPTY_BYTES: u64 = 4 << 20;

fn small() -> Spec {
    Spec::default().set("DFS_DATANODE_CAPACITY", CAPACITY).set("DFS_DATANODE_RESERVE", "0B")
}

/// Returns the bytes used on all datanodes together.
fn used(cluster: &Cluster) -> u64 {
    cluster.json(&["df"])["used"].as_u64().expect("bytes")
}

fn wait_until_empty(cluster: &Cluster, after: &str) {
    cluster.wait_for(&format!("the space of {after}"), || used(cluster) < EMPTY_BYTES);
}

/// Starts a put whose source delivers half of it and then waits until three replicas of that half
/// exist.
fn half_put(cluster: &Cluster, args: &[&str]) -> Child {
    let mut put = cluster.shell_command().args(args).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("put");
    put.stdin.as_mut().expect("piped").write_all(&content::bytes(1, HALF_BYTES)).expect("write");
    // The amount that the writer may still hold, in memory and in flight.
    let sent = 3 * (HALF_BYTES as u64 - (8 << 20));
    cluster.wait_for("half of a put", || used(cluster) >= sent);
    put
}

fn end(mut put: Child, signal: Signal) -> Option<i32> {
    // Its source does not end before the put does.
    let source = put.stdin.take();
    kill_process(Pid::from_raw(put.id() as i32).expect("a pid"), signal).expect("signal");
    let status = put.wait().expect("ended");
    drop(source);
    status.code()
}

/// Delivers this many bytes, and then fails.
struct Broken(usize);

impl Read for Broken {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = into.len().min(self.0);
        self.0 -= count;
        if count == 0 { Err(io::Error::other("the source is broken")) } else { Ok(count) }
    }
}

#[test]
fn a_put_that_fails_frees_its_space_at_once() {
    let cluster = Cluster::start(small());
    for signal in [Signal::INT, Signal::INT, Signal::TERM] {
        let put = half_put(&cluster, &["put", "-", "/half"]);
        assert_eq!(end(put, signal), Some(130), "{signal:?}");
        wait_until_empty(&cluster, "an interrupted put");
    }
    // A signal also ends a job in the background.
    let put = half_put(&cluster, &["-c", "put /dev/stdin /half &"]);
    assert_eq!(end(put, Signal::TERM), Some(130));
    wait_until_empty(&cluster, "an interrupted job");

    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let path = DfsPath::parse("/broken").expect("valid");
    let error = runtime.block_on(async {
        let (progress, cancel) = (Progress::new(), CancellationToken::new());
        let source = Source::Reader(Box::new(Broken(HALF_BYTES)));
        cluster.client().await.put(source, &path, PutOptions::default(), &progress, &cancel).await
    });
    assert_eq!(error.expect_err("broken").code, ErrorCode::LocalIo);
    wait_until_empty(&cluster, "a put whose source broke");

    let mut full =
        cluster.shell_command().args(["put", "-", "/full"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let full = full.as_mut().expect("put");
    // It may end before it has read everything.
    let _ = full.stdin.take().expect("piped").write_all(&content::bytes(2, 110 << 20));
    assert_ne!(full.wait().expect("ended").code(), Some(0), "110 MiB do not fit");
    wait_until_empty(&cluster, "a put that found no place");

    let local = cluster.scratch().join("whole");
    std::fs::write(&local, content::bytes(3, FILE_BYTES)).expect("write");
    cluster.ok(&["put", local.to_str().expect("UTF-8"), "/whole"]);
}

#[test]
fn the_chunks_of_a_killed_client_are_reported_with_the_time_of_their_deletion() {
    let cluster = Cluster::start(small().set("DFS_MASTER_WRITE_TIMEOUT", "24s"));
    let put = half_put(&cluster, &["put", "-", "/half"]);
    cluster.wait_for("a count of the write", || cluster.json(&["status"])["unfinished"]["writes"] == 1);
    let held = cluster.json(&["status"])["unfinished"].clone();
    assert_eq!(
        (&held["silent"], &held["until"]),
        (&0.into(), &serde_json::Value::Null),
        "its client renews it: {held}"
    );
    assert_eq!(end(put, Signal::KILL), None);
    cluster.wait_for("a silent write", || cluster.json(&["df"])["unfinished"]["silent"] == 1);
    let status = cluster.json(&["status"]);
    let (held, now) = (&status["unfinished"], status["taken_at"].as_u64().expect("milliseconds"));
    // The last chunk may still be in transfer when the client is killed.
    let bytes = held["bytes"].as_u64().expect("bytes");
    assert!((3 * (HALF_BYTES as u64 - (8 << 20))..=3 * HALF_BYTES as u64).contains(&bytes), "{held}");
    let until = held["until"].as_u64().expect("a moment");
    assert!(until.saturating_sub(now) <= 24_000, "{status}");
    for told in [cluster.ok(&["status"]), cluster.ok(&["df", "-h"])] {
        assert!(told.contains("unfinished writes hold 1") && told.contains(" MiB until "), "{told}");
    }
    wait_until_empty(&cluster, "a killed client");
    assert_eq!(cluster.json(&["status"])["unfinished"]["writes"], 0);
}

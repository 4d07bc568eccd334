//! Writes that come to nothing: what they hold is free again within seconds, and what a killed client leaves is told.

use dfs_client::{CancellationToken, Progress, PutOptions, Source};
use dfs_tests::{Cluster, Spec, content};
use dfs_types::{DfsPath, ErrorCode};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, Read, Write};
use std::process::{Child, Stdio};

/// Each datanode takes so many bytes.
const CAPACITY: &str = "96MiB";
/// More than a half of it and less than the whole.
const FILE_BYTES: usize = 80 << 20;
const HALF_BYTES: usize = 40 << 20;
/// What is left of a cluster without files: nothing but what datanodes keep for themselves.
const EMPTY_BYTES: u64 = 4 << 20;

fn small() -> Spec {
    Spec::default().set("DFS_DATANODE_CAPACITY", CAPACITY).set("DFS_DATANODE_RESERVE", "0B")
}

/// Bytes used on all datanodes together.
fn used(cluster: &Cluster) -> u64 {
    cluster.json(&["df"])["used"].as_u64().expect("bytes")
}

fn wait_until_empty(cluster: &Cluster, after: &str) {
    cluster.wait_for(&format!("the space of {after}"), || used(cluster) < EMPTY_BYTES);
}

/// A put whose source has given a half of it and then waits; three replicas of that half are there.
fn half_put(cluster: &Cluster, args: &[&str]) -> Child {
    let mut put = cluster.shell_command().args(args).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("put");
    put.stdin.as_mut().expect("piped").write_all(&content::bytes(1, HALF_BYTES)).expect("write");
    // What the writer may still keep back, in memory and in flight.
    let sent = 3 * (HALF_BYTES as u64 - (8 << 20));
    cluster.wait_for("half of a put", || used(cluster) >= sent);
    put
}

fn end(mut put: Child, signal: Signal) -> Option<i32> {
    // Its source does not end before it does.
    let source = put.stdin.take();
    kill_process(Pid::from_raw(put.id() as i32).expect("a pid"), signal).expect("signal");
    let status = put.wait().expect("ended");
    drop(source);
    status.code()
}

/// Gives so many bytes, and then fails.
struct Broken(usize);

impl Read for Broken {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = into.len().min(self.0);
        self.0 -= count;
        if count == 0 { Err(io::Error::other("the source is broken")) } else { Ok(count) }
    }
}

#[test]
fn a_put_that_ends_badly_gives_its_space_back_at_once() {
    let cluster = Cluster::start(small());
    for signal in [Signal::INT, Signal::INT, Signal::TERM] {
        let put = half_put(&cluster, &["put", "-", "/half"]);
        assert_eq!(end(put, signal), Some(130), "{signal:?}");
        wait_until_empty(&cluster, "an interrupted put");
    }
    // A signal ends a job in the background as well.
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
    // It may end before it has read all.
    let _ = full.stdin.take().expect("piped").write_all(&content::bytes(2, 110 << 20));
    assert_ne!(full.wait().expect("ended").code(), Some(0), "110 MiB do not fit");
    wait_until_empty(&cluster, "a put that found no place");

    let local = cluster.scratch().join("whole");
    std::fs::write(&local, content::bytes(3, FILE_BYTES)).expect("write");
    cluster.ok(&["put", local.to_str().expect("UTF-8"), "/whole"]);
}

#[test]
fn what_a_killed_client_leaves_is_told_with_the_moment_at_which_it_goes() {
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
    // The last chunk may be on its way still when the client is killed.
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

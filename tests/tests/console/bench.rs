//! A bench ends when it is told to, and leaves nothing.

use dfs_client::AttributeChange;
use dfs_tests::{Cluster, Spec};
use dfs_types::{DfsPath, Timestamp};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Benches that take longer than anybody waits.
const LONG: [&[&str]; 4] = [
    &["write", "--size", "256MiB", "--files", "10000"],
    &["read", "--size", "256MiB", "--files", "10000"],
    &["small", "--files", "10000000"],
    &["meta", "--duration", "1h"],
];
/// How long a bench that was told to end is waited for; it should take a fifth of a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// Returns the directories of benches in the DFS.
fn scratches(cluster: &Cluster) -> Vec<String> {
    let all = cluster.ok(&["ls", "-a", "/"]);
    all.lines().map(str::to_owned).filter(|name| name.starts_with(".bench-")).collect()
}

/// Returns the number of directories of benches on the measured disk.
fn raw(cluster: &Cluster) -> usize {
    let data = cluster.home().join("data");
    let is_raw = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".dfs-bench-"));
    std::fs::read_dir(data).expect("readable").filter(|entry| is_raw(&entry.as_ref().expect("readable").path())).count()
}

fn begin(cluster: &Cluster, args: &[&str]) -> Child {
    let mut command = cluster.shell_command();
    command.arg("bench").args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("start")
}

fn end(cluster: &Cluster, mut child: Child, signals: &[Signal]) -> (Output, Duration) {
    let pid = Pid::from_child(&child);
    let start = Instant::now();
    for signal in signals {
        kill_process(pid, *signal).expect("signal");
    }
    while child.try_wait().expect("look").is_none() {
        if start.elapsed() > PATIENCE {
            child.kill().expect("kill");
            panic!("{signals:?} did not end it: {:?} {:?}", child.wait_with_output(), scratches(cluster));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = start.elapsed();
    (child.wait_with_output().expect("read"), took)
}

#[test]
fn an_interrupted_bench_says_so_and_leaves_nothing() {
    let cluster = Cluster::start(Spec::default());
    for args in LONG {
        for (signals, code) in [
            (&[Signal::INT][..], 130),
            (&[Signal::TERM], 130),
            (&[Signal::HUP], 129),
            (&[Signal::INT, Signal::INT], 130),
        ] {
            let child = begin(&cluster, args);
            cluster.wait_for("the directory of the bench", || !scratches(&cluster).is_empty());
            let (said, took) = end(&cluster, child, signals);
            eprintln!("{args:?} {signals:?}: {took:?}");
            let error = String::from_utf8_lossy(&said.stderr);
            assert_eq!(said.status.code(), Some(code), "{args:?} {signals:?}: {error}");
            assert_eq!(String::from_utf8_lossy(&said.stdout), "", "{args:?} {signals:?}");
            assert_eq!(error, "bench: interrupted\n", "{args:?} {signals:?}");
            assert_eq!((scratches(&cluster), raw(&cluster)), (Vec::new(), 0), "{args:?} {signals:?}");
        }
    }
}

#[test]
fn what_a_killed_bench_has_left_is_named_and_after_an_hour_deleted() {
    const SHORT: [&str; 4] = ["bench", "meta", "--duration", "1ms"];
    let cluster = Cluster::start(Spec::default());
    let child = begin(&cluster, LONG[3]);
    let mut left = Vec::new();
    cluster.wait_for("the directory of the bench", || {
        left = scratches(&cluster);
        !left.is_empty() && raw(&cluster) == 1
    });
    end(&cluster, child, &[Signal::KILL]);
    cluster.ok(&["mkdir", "/.bench-mine"]);
    let path = format!("/{}", left[0]);
    let said = cluster.shell(&SHORT);
    assert_eq!(
        said.stderr,
        format!("bench: {path} is of a bench that runs or was killed; one that is left is deleted after 1 h\n")
    );
    assert_eq!((scratches(&cluster).len(), raw(&cluster)), (2, 0), "the local directory is of no running bench");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let change = AttributeChange { modified: Some(Timestamp(now - 3_700_000)), ..AttributeChange::default() };
        let client = cluster.client().await;
        client.set_attributes(&DfsPath::parse(&path).expect("a path"), change).await.expect("set");
    });
    let said = cluster.shell(&SHORT);
    assert_eq!(said.stderr, format!("bench: deleted {path}, which a killed bench had left\n"));
    assert_eq!(scratches(&cluster), [".bench-mine"]);
}

#[test]
fn a_disk_is_not_filled_by_measuring_it() {
    let cluster = Cluster::start(Spec::default());
    // More than any disk has is to stay free.
    for what in ["write", "read", "small", "meta"] {
        let mut command = cluster.shell_command();
        command.env("DFS_DATANODE_RESERVE", "1PiB").args(["bench", what, "--size", "1MiB", "--files", "1"]);
        let output = command.args(["--duration", "1ms"]).output().expect("run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains(": measuring this disk takes "), "{said}");
        assert!(said.contains("\n  hint: make room on that disk, or measure with a smaller --size\n"), "{said}");
        assert_eq!((scratches(&cluster), raw(&cluster)), (Vec::new(), 0));
    }
}

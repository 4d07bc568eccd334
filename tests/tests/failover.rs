//! One datanode dies or falls silent in the middle of things.

use dfs_tests::{Cluster, Spec, content};
use std::path::Path;

const FILE_BYTES: usize = 64 << 20;

fn same(a: &Path, b: &Path) -> bool {
    std::fs::read(a).expect("read") == std::fs::read(b).expect("read")
}

fn healthy(cluster: &Cluster) -> bool {
    let status = cluster.json(&["status"]);
    let short = |key: &str| status["replication"][key].as_u64();
    [short("missing"), short("endangered"), short("under")] == [Some(0); 3]
}

/// Runs a transfer and, when the datanode has begun to work on it, does something to the datanode.
fn disturb(cluster: &Cluster, args: &[&str], fault: impl FnOnce()) -> std::process::ExitStatus {
    let mut transfer = cluster.shell_command().args(args).spawn().expect("start");
    // Anything between the first and the last byte will do; the moment is drawn.
    std::thread::sleep(std::time::Duration::from_millis(fastrand::u64(20..150)));
    fault();
    transfer.wait().expect("transfer ends")
}

#[test]
fn a_datanode_dies_during_a_put_and_during_a_get() {
    fastrand::seed(dfs_tests::seed());
    let cluster = Cluster::start(Spec::default().datanodes(4));
    let (local, back) = (cluster.scratch().join("in"), cluster.scratch().join("out"));
    std::fs::write(&local, content::bytes(1, FILE_BYTES)).expect("write");
    let (from, to) = (local.to_str().expect("UTF-8"), back.to_str().expect("UTF-8"));
    let status = disturb(&cluster, &["put", from, "/big"], || cluster.kill("datanode-2"));
    assert!(status.success(), "put");
    let status = disturb(&cluster, &["get", "/big", to], || cluster.kill("datanode-3"));
    assert!(status.success(), "get");
    assert!(same(&local, &back));
    cluster.start_daemon("datanode-3");
    cluster.wait_for("three copies of each chunk again", || healthy(&cluster));
}

#[test]
fn a_datanode_falls_silent_during_a_put_and_during_a_get() {
    fastrand::seed(dfs_tests::seed());
    let cluster = Cluster::start(Spec::default());
    let (local, back) = (cluster.scratch().join("in"), cluster.scratch().join("out"));
    std::fs::write(&local, content::bytes(2, FILE_BYTES)).expect("write");
    let (from, to) = (local.to_str().expect("UTF-8"), back.to_str().expect("UTF-8"));
    let status = disturb(&cluster, &["put", from, "/big"], || cluster.freeze("datanode-1"));
    assert!(status.success(), "put");
    let status = disturb(&cluster, &["get", "/big", to], || ());
    assert!(status.success(), "get");
    assert!(same(&local, &back));
    cluster.thaw("datanode-1");
    cluster.wait_for("three copies of each chunk again", || healthy(&cluster));
}

#[test]
fn too_few_datanodes_refuse_a_put() {
    let cluster = Cluster::start(Spec::default());
    cluster.kill("datanode-3");
    let local = cluster.scratch().join("in");
    std::fs::write(&local, b"x").expect("write");
    let local = local.to_str().expect("UTF-8");
    cluster.wait_for("the master to notice", || {
        let nodes = cluster.json(&["nodes"]);
        nodes.as_array().is_some_and(|nodes| nodes.iter().filter(|node| node["state"] == "live").count() == 2)
    });
    let said = cluster.shell(&["put", local, "/x"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.stderr.contains("replication 3"), "{said:?}");
    assert_eq!(cluster.shell(&["stat", "/x"]).code, 1, "nothing was written");
    cluster.ok(&["put", "--rep", "2", local, "/x"]);
    cluster.start_daemon("datanode-3");
    cluster.ok(&["put", local, "/y"]);
}

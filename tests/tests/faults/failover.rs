//! One datanode is killed or stops responding during transfers.

use dfs_tests::middle::file_bytes;
use dfs_tests::{Cluster, Spec, content};
use rustix::process::Signal;

/// The maximum number of rounds until a fault has occurred during a put and another one during a
/// get.
const ROUNDS_MAX: u32 = 20;

/// Puts a file and gets it, with `signal` to a datanode in the middle of each, and restores the
/// datanode; until both occurred. In between it waits for all replicas: after a write that loses a
/// datanode, a chunk may be on just those two.
fn strike(cluster: &Cluster, victims: [&str; 2], signal: Signal, mend: impl Fn()) {
    fastrand::seed(dfs_tests::seed());
    let (local, back) = (cluster.scratch().join("in"), cluster.scratch().join("out"));
    content::write(fastrand::u64(..), file_bytes(), &local);
    let mend_and_wait = || {
        mend();
        cluster.wait_for("three copies of each chunk again", || cluster.is_healthy());
    };
    let (mut puts, mut gets) = (0, 0);
    for _ in 0..ROUNDS_MAX {
        let [first, second] = victims.map(|id| cluster.daemon(id));
        let put = cluster.disturb_put(&local, "/big", victims[0], || first.signal(signal));
        assert!(put.status.success(), "put: {put:?}");
        mend_and_wait();
        let get = cluster.disturb_get("/big", &local, &back, || second.signal(signal));
        assert!(get.status.success(), "get: {get:?}");
        assert!(content::is_same(&local, &back));
        mend_and_wait();
        puts += u32::from(put.hit);
        gets += u32::from(get.hit);
        if puts > 0 && gets > 0 {
            return;
        }
        cluster.ok(&["rm", "/big"]);
        std::fs::remove_file(&back).expect("remove");
    }
    panic!("{puts} of {ROUNDS_MAX} faults hit a put, {gets} a get: nothing was tested; DFS_TEST_FILE is too small");
}

#[test]
fn a_datanode_is_killed_during_a_put_and_during_a_get() {
    let cluster = Cluster::start(Spec::default().datanodes(4));
    strike(&cluster, ["datanode-2", "datanode-3"], Signal::KILL, || cluster.start_all());
}

#[test]
fn datanodes_stop_responding_one_during_a_put_another_during_a_get() {
    let cluster = Cluster::start(Spec::default());
    strike(&cluster, ["datanode-1", "datanode-2"], Signal::STOP, || {
        cluster.thaw("datanode-1");
        cluster.thaw("datanode-2");
    });
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

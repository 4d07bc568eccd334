//! Many unauthenticated callers that send nothing do not block others.

use dfs_tests::crowd::Crowd;
use dfs_tests::{Cluster, Spec, content};
use std::net::SocketAddr;

fn addresses(cluster: &Cluster) -> Vec<SocketAddr> {
    cluster.daemons().iter().map(|daemon| daemon.address.parse().expect("address")).collect()
}

#[test]
fn puts_and_gets_succeed_with_many_silent_callers() {
    let cluster = Cluster::start(Spec::default());
    let (local, back) = (cluster.scratch().join("file"), cluster.scratch().join("back"));
    content::write(1, 3_000_000, &local);
    let path = |path: &std::path::Path| path.to_str().expect("a path").to_owned();
    let crowd = Crowd::gather(&addresses(&cluster), 500, 200);
    let mut rounds = 0;
    // Until thousands have connected and been closed: more than any limit on their number.
    cluster.wait_for("6000 callers have come", || {
        let remote = format!("/file-{rounds}");
        cluster.ok(&["put", &path(&local), &remote]);
        cluster.ok(&["get", "-f", &remote, &path(&back)]);
        assert!(content::is_same(&local, &back));
        rounds += 1;
        crowd.made() >= 6_000
    });
    assert_eq!(cluster.ok(&["--json", "nodes"]).matches("\"live\"").count(), 3, "a datanode was given up");
    drop(crowd);
    assert!(cluster.logs().contains("unauthenticated callers were disconnected"), "{}", cluster.logs());
}

#[test]
fn a_stop_is_processed_at_once_with_many_callers() {
    let cluster = Cluster::start(Spec::default());
    let crowd = Crowd::gather(&addresses(&cluster), 600, 0);
    cluster.dfsd_ok(&["stop", "datanode-1"]);
    let log = cluster.logs();
    // A daemon that does not process it is killed after 15 s, and logs nothing then.
    assert!(log.contains("datanode-1 ended"), "it was killed: {log}");
    drop(crowd);
}

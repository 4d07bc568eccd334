//! The network between a datanode and some of the others is cut: silently, with every connection
//! open.

use dfs_tests::middle::file_bytes;
use dfs_tests::network::{Route, Routes, Way};
use dfs_tests::{Cluster, Spec, content};
use std::sync::Arc;

const VICTIM: &str = "datanode-1";
/// The maximum number of rounds until a cut occurs during a transfer. A transfer that ends before
/// is short.
const ROUNDS_MAX: u32 = 50;

/// Cuts a route in the middle of a put and of a get. Both succeed while it is cut, and the cluster
/// recovers afterwards.
fn cut(way: Way, route: impl Fn(&Routes) -> Arc<Route>, gets_meet_it: bool) {
    fastrand::seed(dfs_tests::seed());
    let cluster = Cluster::start(Spec::default());
    let remote = cluster.behind_forwarders(VICTIM);
    let route = route(&remote.routes);
    let (local, back) = (cluster.scratch().join("in"), cluster.scratch().join("out"));
    content::write(fastrand::u64(..), file_bytes(), &local);
    let heal = || {
        route.set(Way::Open);
        cluster.wait_for("the datanode to be back, with three copies of each chunk", || {
            let nodes = cluster.json(&["nodes"]);
            let live = |node: &serde_json::Value| node["state"] == "live";
            nodes.as_array().is_some_and(|nodes| nodes.iter().all(live)) && cluster.is_healthy()
        });
    };
    let met = (0..ROUNDS_MAX).any(|_| {
        let _ = cluster.shell(&["rm", "/big"]);
        let before = route.struck();
        let put = cluster.disturb_put(&local, "/big", VICTIM, || route.set(way));
        assert!(put.status.success(), "put: {put:?}");
        heal();
        put.hit && route.struck() > before
    });
    assert!(met, "of {ROUNDS_MAX} cuts none was met by a put: nothing was tested");
    let met = (0..ROUNDS_MAX).any(|_| {
        let before = route.struck();
        let get = cluster.disturb_get("/big", &local, &back, || route.set(way));
        assert!(get.status.success(), "get: {get:?}");
        assert!(content::is_same(&local, &back));
        std::fs::remove_file(&back).expect("remove");
        let struck = route.struck() > before;
        heal();
        get.hit && (struck || !gets_meet_it)
    });
    assert!(met, "of {ROUNDS_MAX} cuts none was met by a get: nothing was tested");
}

#[test]
fn from_the_master_held() {
    cut(Way::Held, |routes| routes.masters.clone(), false);
}

#[test]
fn from_the_master_swallowed() {
    cut(Way::Swallowed, |routes| routes.masters.clone(), false);
}

#[test]
fn from_clients_held() {
    cut(Way::Held, |routes| routes.clients.clone(), true);
}

#[test]
fn from_clients_swallowed() {
    cut(Way::Swallowed, |routes| routes.clients.clone(), true);
}

#[test]
fn from_peers_held() {
    cut(Way::Held, |routes| routes.peers.clone(), false);
}

#[test]
fn from_peers_swallowed() {
    cut(Way::Swallowed, |routes| routes.peers.clone(), false);
}

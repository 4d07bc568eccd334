//! Commands that wait for something impossible end, with the reason and a hint.

use dfs_client::AdminState;
use dfs_tests::cluster::Said;
use dfs_tests::{Cluster, Spec, content};
use dfs_types::DfsPath;
use serde_json::Value;

fn put(cluster: &Cluster, bytes: usize, name: &str) -> Said {
    put_with(cluster, bytes, name, &[])
}

fn put_with(cluster: &Cluster, bytes: usize, name: &str, options: &[&str]) -> Said {
    let local = cluster.scratch().join("local");
    std::fs::write(&local, content::bytes(1, bytes)).expect("write");
    cluster.shell(&[&["put"], options, &[local.to_str().expect("UTF-8"), name]].concat())
}

fn sentences(cluster: &Cluster) -> Vec<String> {
    let status = cluster.json(&["status"]);
    let list = status["findings"].as_array().expect("a list");
    let text = |finding: &Value, field: &str| finding[field].as_str().expect("a text").to_owned();
    let whole = |finding| [text(finding, "what"), text(finding, "impact")].join(": ");
    list.iter().map(|finding| whole(finding).trim_end_matches(": ").to_owned()).collect()
}

#[test]
fn more_replicas_than_datanodes_are_accepted_with_a_warning_and_not_waited_for() {
    let cluster = Cluster::start(Spec::default().replication(2));
    assert_eq!(put(&cluster, 3 << 20, "/f").code, 0);
    let said = cluster.shell(&["setrep", "9", "/f"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stderr.contains("warning: 9 replicas are wanted, but only 3 datanodes are in service"), "{said:?}");
    let reason = "3 chunks need up to 9 replicas, only 3 datanodes are in service";
    cluster.wait_for("health that names it", || sentences(&cluster).iter().any(|what| what == reason));
    cluster.wait_for("the copies that can be made", || cluster.json(&["status"])["replication"]["copying"] == 0);
    for waiting in [&["setrep", "-w", "9", "/f"][..], &["replication", "--watch"]] {
        let said = cluster.shell(waiting);
        assert_eq!(said.code, 6, "{waiting:?}: {said:?}");
        assert!(said.stderr.contains(reason) && said.stderr.contains("hint: setrep to fewer replicas"), "{said:?}");
    }
    // A new file is refused.
    let local = cluster.scratch().join("local");
    let said = cluster.shell(&["put", "--rep", "9", local.to_str().expect("UTF-8"), "/g"]);
    assert_eq!(said.code, 6, "{said:?}");
    let said = cluster.shell(&["setrep", "-w", "3", "/f"]);
    assert_eq!((said.code, said.stderr.contains("warning")), (0, false), "{said:?}");
    cluster.wait_for("a healthy cluster", || cluster.json(&["status"])["health"] == "healthy");
}

/// Returns the datanodes that have a replica of the first chunk of a file, and those that have
/// none.
fn holders(cluster: &Cluster, name: &str) -> (Vec<String>, Vec<String>) {
    let chunks = cluster.json(&["locate", name]);
    let replicas = chunks[0]["replicas"].as_array().expect("replicas");
    let holds = |id: &String| replicas.iter().any(|replica: &Value| replica["node"] == id.as_str());
    (1..=3).map(|number| format!("datanode-{number}")).partition(holds)
}

#[test]
fn an_impossible_drain_is_not_waited_for_and_a_drained_datanode_stays_drained() {
    let cluster = Cluster::start(Spec::default().replication(2).set("DFS_MASTER_REPAIR_STREAMS", "1"));
    // A writer that knows the chunk size plans all chunks at once, so that all are on the same two
    // datanodes.
    assert_eq!(put_with(&cluster, 12 << 20, "/f", &["--chunk-size", "1MiB"]).code, 0);
    let (holding, _) = holders(&cluster, "/f");
    // More replicas are wanted before the first chunk is copied: copies are ordered with the next
    // heartbeats.
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let (node, path) = (holding[0].parse().expect("an id"), DfsPath::parse("/f").expect("valid"));
    runtime.block_on(async {
        let client = cluster.client().await;
        client.set_admin_state(node, AdminState::Draining).await.expect("drains");
        client.set_replication(&path, 3).await.expect("set");
    });
    let said = cluster.shell(&["node", "drain", "--wait", "--yes", &holding[0]]);
    assert_eq!(said.code, 6, "{said:?}");
    let reason = "12 chunks stay on it; 12 chunks need up to 3 replicas, only 2 datanodes are in service";
    assert!(said.stderr.contains(reason), "{said:?}");
    cluster.ok(&["setrep", "2", "/f"]);
    cluster.ok(&["node", "drain", "--wait", "--yes", &holding[0]]);

    cluster.ok(&["setrep", "3", "/f"]);
    cluster.wait_for("one more count", || cluster.json(&["status"])["replication"]["blocked"]["too_few"] == 12);
    let node = cluster.json(&["node", "show", &holding[0]]);
    assert_eq!(node["drained"], true, "{node}");
}

#[test]
fn a_file_that_does_not_fit_is_refused_before_anything_is_sent() {
    let cluster =
        Cluster::start(Spec::default().set("DFS_DATANODE_CAPACITY", "96MiB").set("DFS_DATANODE_RESERVE", "0B"));
    let said = put(&cluster, 120 << 20, "/large");
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.stderr.contains("120 MiB in 3 replicas do not fit: there is room for only 9"), "{said:?}");
    assert!(!said.stderr.contains("tries"), "{said:?}");
    let df = cluster.json(&["df"]);
    assert!(df["used"].as_u64().expect("bytes") < 1 << 20, "nothing was sent: {df}");
    assert_eq!(df["room_replicas"], 3);
    let (room, free) = (df["room"].as_u64().expect("bytes"), df["free"].as_u64().expect("bytes"));
    assert!(room <= free / 3 && room > 90 << 20, "{df}");
    assert!(cluster.ok(&["df", "-h"]).contains("\nroom for 9"), "{}", cluster.ok(&["df", "-h"]));

    assert_eq!(put(&cluster, 84 << 20, "/most").code, 0);
    cluster.wait_for("a finding about space", || {
        let found = sentences(&cluster);
        found.iter().any(|what| what.contains("of the space is left") && what.contains("room for"))
    });
    assert_eq!(cluster.json(&["status"])["health"], "degraded");
}

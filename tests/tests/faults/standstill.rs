//! The master, or the whole machine, is suspended for a while, or starts: no datanode is declared
//! dead because of that, and no chunk is reported as lost before the datanodes had time to report.

use dfs_tests::{Cluster, Spec, content};
use serde_json::Value;
use std::time::Duration;

/// Longer than the time without a heartbeat after which datanodes are declared dead, which is 3 s
/// in these clusters.
const STANDSTILL: Duration = Duration::from_secs(5);
/// The time for which the cluster is observed afterwards.
const LOOKS: usize = 40;

const ALL: [&str; 4] = ["master-1", "datanode-1", "datanode-2", "datanode-3"];

fn fill(cluster: &Cluster) {
    let local = cluster.scratch().join("in");
    std::fs::write(&local, content::bytes(7, 3 << 20)).expect("write");
    for number in 0..4 {
        cluster.ok(&["put", local.to_str().expect("UTF-8"), &format!("/f{number}")]);
    }
    cluster.wait_for("all copies", || cluster.is_healthy());
}

fn events(cluster: &Cluster) -> Vec<String> {
    let document = cluster.json(&["events"]);
    document.as_array().expect("a list").iter().map(|event| event["text"].as_str().expect("text").to_owned()).collect()
}

/// Checks that no problem is reported in a healthy cluster whose master has not received heartbeats
/// recently.
fn look(cluster: &Cluster) -> Value {
    let status = cluster.json(&["status"]);
    let health = status["health"].as_str().expect("a word");
    let findings = status["findings"].to_string();
    assert_ne!(health, "critical", "{status}");
    for wrong in
        ["no datanode is live", "no live replica", "one replica left", "under-replicated", "is dead", "are dead"]
    {
        assert!(!findings.contains(wrong), "{wrong}: {status}");
    }
    if status["nodes_reported"].as_u64() < status["nodes_expected"].as_u64() {
        assert_eq!(health, "degraded", "{status}");
        assert!(findings.contains("waiting: "), "{status}");
    }
    let fsck = cluster.shell(&["fsck"]);
    assert!([0, 6].contains(&fsck.code), "{fsck:?}");
    assert!(fsck.code == 0 || fsck.stderr.contains("datanodes have reported"), "{fsck:?}");
    status
}

/// Returns true if all datanodes have reported, and the chunks were counted since.
fn is_settled(status: &Value) -> bool {
    let findings = status["findings"].as_array().expect("a list");
    let unknown = |finding: &Value| ["waiting", "safe_mode", "not_counted"].iter().any(|kind| finding["kind"] == *kind);
    status["nodes_live"] == 3 && status["nodes_reported"] == 3 && !findings.iter().any(unknown)
}

/// Checks that no datanode was declared dead, and that nothing was copied or deleted.
fn nothing_was_done(cluster: &Cluster, before: usize) {
    for text in events(cluster).iter().skip(before) {
        assert!(!text.contains("dead"), "{text}");
        assert!(!text.contains("copies are being made") && !text.contains("repair"), "{text}");
    }
    let nodes = cluster.json(&["nodes"]);
    for node in nodes.as_array().expect("a list") {
        assert_eq!((&node["state"], &node["chunks"]), (&"live".into(), &12.into()), "{node}");
    }
}

fn stand_still(ids: &[&str]) {
    let cluster = Cluster::start(Spec::default());
    fill(&cluster);
    let before = events(&cluster).len();
    // Determined before, because `daemons` runs a command.
    let daemons: Vec<_> = cluster.daemons().into_iter().filter(|daemon| ids.contains(&daemon.id.as_str())).collect();
    assert_eq!(daemons.len(), ids.len());
    daemons.iter().for_each(|daemon| daemon.signal(rustix::process::Signal::STOP));
    std::thread::sleep(STANDSTILL);
    daemons.iter().for_each(|daemon| daemon.signal(rustix::process::Signal::CONT));
    (0..LOOKS).for_each(|_| drop(look(&cluster)));
    cluster.wait_for("all have reported", || is_settled(&look(&cluster)));
    assert!(events(&cluster).iter().any(|text| text.contains("was suspended for")), "{:?}", events(&cluster));
    nothing_was_done(&cluster, before);
}

#[test]
fn a_master_that_was_suspended_declares_no_datanode_dead() {
    stand_still(&["master-1"]);
}

#[test]
fn a_machine_that_was_suspended_resumes_without_a_loss() {
    stand_still(&ALL);
}

#[test]
fn a_master_that_has_just_started_waits_for_the_datanodes() {
    let cluster = Cluster::start(Spec::default());
    fill(&cluster);
    for _ in 0..3 {
        cluster.kill("master-1");
        cluster.start_daemon("master-1");
        (0..LOOKS / 4).for_each(|_| drop(look(&cluster)));
        cluster.wait_for("all have reported", || is_settled(&look(&cluster)));
    }
    // A missing datanode is waited for, and then named.
    cluster.kill("datanode-3");
    cluster.dfsd_ok(&["restart", "master-1"]);
    let finding = |status: &Value, text: &str| status["findings"].to_string().contains(text);
    cluster.wait_for("datanode-3 to be missed", || {
        finding(&cluster.json(&["status"]), "datanode-3 has not registered since the master started")
    });
    cluster.start_daemon("datanode-3");
    cluster.wait_for("all have reported", || is_settled(&cluster.json(&["status"])));
}

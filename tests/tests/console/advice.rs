//! Follows the advice of the program: each command of a finding that a command can fix is run on a
//! cluster with that fault, and fixes it.

use dfs_tests::{Cluster, Spec, content};
use serde_json::Value;

fn with_files(spec: Spec) -> Cluster {
    let cluster = Cluster::start(spec);
    std::fs::write(cluster.home().join("x"), content::bytes(1, 3 << 20)).expect("written");
    cluster.ok(&["put", "x", "/x"]);
    cluster
}

/// The marks of a finding: its kinds, the beginning of its fact, and the end.
type Sought<'s> = (&'s [&'s str], &'s str, &'s str);

fn finding(cluster: &Cluster, (kinds, begin, end): Sought<'_>) -> Option<Value> {
    let status = cluster.json(&["status"]);
    let findings = status["findings"].as_array().expect("a list");
    let is_it = |finding: &&Value| {
        let text = |key: &str| finding[key].as_str().expect("a text");
        kinds.contains(&text("kind")) && text("what").starts_with(begin) && text("what").ends_with(end)
    };
    findings.iter().find(is_it).cloned()
}

/// Waits for a finding, which must advise this command; runs it, and waits until the finding is
/// gone.
#[track_caller]
fn follow(cluster: &Cluster, sought: Sought<'_>, run: &str) {
    let mut found = None;
    cluster.wait_for(&format!("{sought:?}"), || {
        found = finding(cluster, sought);
        found.is_some()
    });
    let found = found.expect("waited for");
    assert_eq!(found["run"], run, "{found}");
    cluster.ok(&["-c", run]);
    cluster.wait_for(&format!("no {sought:?}"), || finding(cluster, sought).is_none());
}

/// As [`follow`], for datanodes that are not live, and whose processes are in this state; then the
/// cluster is healthy.
#[track_caller]
fn bring_back(cluster: &Cluster, nodes: &str, processes: &str, run: &str) {
    follow(cluster, (&["datanode_stale", "datanode_dead"], &format!("{nodes} "), processes), run);
    cluster.wait_for("a healthy cluster", || cluster.json(&["status"])["health"] == "healthy");
}

#[test]
fn what_is_advised_for_datanodes_brings_them_back() {
    let cluster = with_files(Spec::default().datanodes(4).replication(2));
    cluster.kill("datanode-2");
    bring_back(&cluster, "datanode-2", "(its process has crashed)", "dfsd start datanode-2");
    cluster.dfsd_ok(&["stop", "datanode-3"]);
    bring_back(&cluster, "datanode-3", "(its process was stopped)", "dfsd start datanode-3");
    cluster.freeze("datanode-1");
    bring_back(&cluster, "datanode-1", "(its process is suspended)", "dfsd restart datanode-1");
    cluster.freeze("datanode-1");
    cluster.freeze("datanode-4");
    bring_back(&cluster, "datanode-1 and datanode-4", "(their processes are suspended)", "dfsd restart");
    // `dfsd up` refuses while one of them is suspended.
    cluster.freeze("datanode-1");
    cluster.kill("datanode-2");
    bring_back(&cluster, "datanode-1 and datanode-2", "", "dfsd restart");
    cluster.kill("datanode-2");
    cluster.kill("datanode-3");
    let dead = "datanode-2 and datanode-3 are dead";
    bring_back(&cluster, dead, "(their processes have crashed)", "dfsd up");
    for id in ["datanode-1", "datanode-2", "datanode-3", "datanode-4"] {
        cluster.kill(id);
    }
    follow(&cluster, (&["no_datanode"], "no datanode is live", ""), "dfsd up");
    // A master that has just started does not know when the datanode was seen last.
    cluster.kill("datanode-2");
    cluster.dfsd_ok(&["restart", "master-1"]);
    follow(&cluster, (&["datanode_absent"], "datanode-2 has not registered", ""), "dfsd start datanode-2");
    cluster.ok(&["get", "/x", "back"]);
}

/// Returns the hint of a command that no master answers.
#[track_caller]
fn hint(cluster: &Cluster, what: &str) -> String {
    let said = cluster.shell(&["status"]);
    assert!(said.code == 3 && said.stderr.contains(what), "{said:?}");
    said.stderr.lines().find_map(|line| line.strip_prefix("  hint: ")).expect("a hint").to_owned()
}

#[test]
fn what_is_advised_for_masters_brings_them_back() {
    let cluster = with_files(Spec::default());
    let master = |what: &str, run: &str| {
        assert_eq!(hint(&cluster, what), run);
        cluster.ok(&["-c", run]);
        cluster.ok(&["status"]);
    };
    cluster.kill("master-1");
    master("no master answers: master-1 has crashed", "dfsd start master-1");
    cluster.dfsd_ok(&["stop", "master-1"]);
    master("no master answers: master-1 was stopped", "dfsd start master-1");
    cluster.freeze("master-1");
    master("no master answers: master-1 is suspended", "dfsd restart master-1");
    cluster.kill("datanode-3");
    cluster.kill("master-1");
    master("no master answers: master-1 has crashed", "dfsd up");
    cluster.dfsd_ok(&["down"]);
    master("no cluster runs here", "dfsd up");
    cluster.ok(&["-c", "safemode enter --reason moving"]);
    follow(&cluster, (&["safe_mode"], "safe mode, entered by ", ""), "safemode leave");
    cluster.ok(&["put", "-f", "x", "/x"]);
    for (subject, run) in [
        ("/", "ls -lh /"),
        ("/x", "locate /x"),
        ("datanode-1", "node show datanode-1"),
        ("master-1", "masters"),
        (cluster.json(&["locate", "/x"])[0]["chunk"].as_str().expect("an id"), "info /x"),
    ] {
        assert_eq!(cluster.json(&["why", subject])["run"], run);
        cluster.ok(&["-c", run]);
    }
}

/// Returns the number of replicas of each chunk that are not on the drained datanode.
fn replicas_in_service(cluster: &Cluster, path: &str, drained: &str) -> Vec<usize> {
    let located = cluster.json(&["locate", path]);
    let counted = |chunk: &Value| {
        let replicas = chunk["replicas"].as_array().expect("a list");
        replicas.iter().filter(|replica| replica["node"] != drained).count()
    };
    located.as_array().expect("a list").iter().map(counted).collect()
}

#[test]
fn what_is_advised_for_drains_ends_them() {
    let cluster = with_files(Spec::default().datanodes(3).replication(3));
    let refused = cluster.shell(&["node", "drain", "--yes", "datanode-3"]);
    let advice = refused.stderr.split('`').nth(1).expect("a command in the hint");
    assert_eq!((refused.code, advice), (6, "dfsd up --datanodes 4"), "{refused:?}");
    cluster.ok(&["-c", advice]);
    cluster.ok(&["node", "drain", "--yes", "datanode-3"]);
    cluster.ok(&["node", "drain", "--wait", "datanode-3"]);
    // More replicas than datanodes in service: a drained one does not count.
    cluster.ok(&["setrep", "4", "/x"]);
    follow(&cluster, (&["too_many_replicas_wanted"], "3 chunks need up to 4 replicas", ""), "dfsd up --datanodes 5");
    cluster.ok(&["setrep", "-w", "4", "/x"]);
    assert_eq!(replicas_in_service(&cluster, "/x", "datanode-3"), [4, 4, 4]);
    cluster.ok(&["setrep", "-w", "3", "/x"]);
    assert_eq!(replicas_in_service(&cluster, "/x", "datanode-3"), [3, 3, 3]);
    follow(&cluster, (&["drained"], "datanode-3 is drained", ""), "dfsd stop datanode-3");
    // What was stopped on purpose is not started again with what has crashed.
    cluster.ok(&["setrep", "-w", "1", "/x"]);
    let located = cluster.json(&["locate", "/x"]).to_string();
    let is_idle = |id: &&str| !located.contains(&format!("\"{id}\""));
    let idle = ["datanode-1", "datanode-2", "datanode-4", "datanode-5"].into_iter().find(is_idle).expect("one of four");
    cluster.kill(idle);
    bring_back(&cluster, idle, "(its process has crashed)", &format!("dfsd start {idle}"));
    assert_eq!(cluster.daemon("datanode-3").pid, None);
    let gone: Sought<'_> = (&["drained_dead"], "datanode-3 is dead and was drained before", "");
    let found = finding(&cluster, gone).expect("a finding");
    assert_eq!(found["run"], "node forget datanode-3");
    let asked = cluster.shell(&["-c", "node forget datanode-3"]);
    assert!(asked.code == 2 && asked.stderr.contains("hint: --yes confirms it"), "{asked:?}");
    cluster.ok(&["-c", "node forget datanode-3 --yes"]);
    assert_eq!(finding(&cluster, gone), None);
    cluster.dfsd_ok(&["remove", "datanode-3", "--yes"]);
    cluster.wait_for("a healthy cluster", || cluster.json(&["status"])["health"] == "healthy");
}

#[test]
fn what_is_advised_for_a_full_cluster_makes_room() {
    let cluster = Cluster::start(Spec::default().datanodes(1).replication(1));
    cluster.dfsd_ok(&["down", "--purge", "--yes"]);
    let small = ["--replication", "3", "--chunk-size", "1MiB", "--capacity", "8MiB"];
    cluster.dfsd_ok(&[&["up", "--datanodes", "3"], &small[..]].concat());
    std::fs::write(cluster.home().join("x"), content::bytes(1, 7 << 20)).expect("written");
    cluster.ok(&["put", "x", "/x"]);
    let refused = cluster.shell(&["put", "x", "/y"]);
    assert!(refused.code == 6 && refused.stderr.contains("do not fit"), "{refused:?}");
    // All three are full once their heartbeats have said so, and a file has three replicas.
    let (full, six) = ((&["low_space"][..], "", ""), "dfsd up --datanodes 6");
    cluster.wait_for("three full datanodes", || finding(&cluster, full).is_some_and(|found| found["run"] == six));
    follow(&cluster, full, six);
    cluster.ok(&["put", "x", "/y"]);
}

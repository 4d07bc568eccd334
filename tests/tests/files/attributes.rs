//! Attributes, searches, sums, replicas and safe mode through the real programs.

use dfs_tests::{Cluster, Spec, content};
use serde_json::Value;

fn put(cluster: &Cluster, remote: &str, bytes: usize) {
    let local = cluster.scratch().join("in");
    std::fs::write(&local, content::bytes(7, bytes)).expect("write");
    cluster.ok(&["put", local.to_str().expect("UTF-8"), remote]);
}

fn stat(cluster: &Cluster, remote: &str) -> Value {
    cluster.json(&["stat", remote])[0].clone()
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

/// Many small checks on one cluster, because starting one takes longer than all of them.
#[test]
fn the_master_answers_questions_about_names() {
    let cluster = Cluster::start(Spec::default());
    cluster.ok(&["mkdir", "-p", "/data/2026/Reports", "/other"]);
    put(&cluster, "/data/a.csv", 100);
    put(&cluster, "/data/big.bin", 3 << 20);
    put(&cluster, "/data/2026/x.csv", 2000);
    put(&cluster, "/data/2026/Reports/july report.pdf", 10);
    modes_and_owners(&cluster);
    touching(&cluster);
    finding(&cluster);
    sums(&cluster);
    healthy(&cluster);
    safe_mode(&cluster);
}

fn modes_and_owners(cluster: &Cluster) {
    let mode = |path: &str| stat(cluster, path)["mode"].as_str().unwrap_or_default().to_owned();
    cluster.ok(&["chmod", "640", "/data/a.csv"]);
    assert_eq!(mode("/data/a.csv"), "0640");
    cluster.ok(&["chmod", "u+x,o=r", "/data/a.csv"]);
    assert_eq!(mode("/data/a.csv"), "0744");
    cluster.ok(&["chmod", "-x", "/data/a.csv"]);
    assert_eq!(mode("/data/a.csv"), "0644");
    cluster.ok(&["chmod", "-R", "700", "/data/2026"]);
    assert_eq!((mode("/data/2026"), mode("/data/2026/Reports/july report.pdf")), ("0700".into(), "0700".into()));
    cluster.ok(&["chmod", "-R", "a-x,a+rX", "/data/2026"]);
    assert_eq!((mode("/data/2026"), mode("/data/2026/x.csv")), ("0755".into(), "0644".into()));
    assert_eq!(cluster.shell(&["chmod", "u+q", "/data"]).code, 2);
    let said = cluster.shell(&["chmod", "644", "/none", "/data/a.csv"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.starts_with("chmod: /none: "), "{said:?}");

    cluster.ok(&["chown", "-R", "ann:staff", "/data/2026"]);
    let x = stat(cluster, "/data/2026/x.csv");
    assert_eq!((x["owner"].as_str(), x["group"].as_str()), (Some("ann"), Some("staff")));
    cluster.ok(&["chown", ":other", "/data/2026/x.csv"]);
    assert_eq!(stat(cluster, "/data/2026/x.csv")["owner"], "ann");
    assert_eq!(cluster.shell(&["chown", "no/body", "/data"]).code, 1);
    let changed = cluster.json(&["chown", "-R", "ann", "/data/2026"]);
    assert_eq!(changed["changed"][0]["entries"], 4, "{changed}");
}

fn touching(cluster: &Cluster) {
    let made = cluster.json(&["touch", "/other/new", "/data/a.csv"]);
    assert_eq!(made, serde_json::json!({"made": ["/other/new"], "set": ["/data/a.csv"]}));
    assert_eq!(stat(cluster, "/other/new")["size"], 0);
    let a = stat(cluster, "/data/a.csv");
    assert!(a["modified_ms"].as_u64() > a["created_ms"].as_u64(), "{a}");
    cluster.ok(&["touch", "-c", "/other/never"]);
    assert_eq!(cluster.shell(&["stat", "/other/never"]).code, 1);
    assert_eq!(cluster.shell(&["touch", "/none/new"]).code, 1);
}

fn finding(cluster: &Cluster) {
    for (args, expected) in [
        (vec!["find", "/data", "-name", "*.csv"], vec!["/data/2026/x.csv", "/data/a.csv"]),
        (vec!["find", "/data", "-name", "*.csv", "-size", "+1k"], vec!["/data/2026/x.csv"]),
        (vec!["find", "/data", "--type", "d"], vec!["/data", "/data/2026", "/data/2026/Reports"]),
        (vec!["find", "/data", "-size", "-100"], vec!["/data/2026/Reports/july report.pdf"]),
        (vec!["find", "/data/a.csv"], vec!["/data/a.csv"]),
        (vec!["find", "/data", "-mtime", "+1"], vec![]),
        (vec!["find", "/other", "-type", "f", "-mtime", "-1"], vec!["/other/new"]),
        (vec!["find", "-under-replicated"], vec![]),
        (vec!["search", "REPORT"], vec!["/data/2026/Reports", "/data/2026/Reports/july report.pdf"]),
        (vec!["search", "x", "/data/2026"], vec!["/data/2026/x.csv"]),
    ] {
        assert_eq!(lines(&cluster.ok(&args)), expected, "{args:?}");
        let document = cluster.json(&args);
        let paths: Vec<_> = document.as_array().expect("an array").iter().map(|found| &found["path"]).collect();
        assert_eq!(paths, expected, "{args:?}");
    }
    assert_eq!(lines(&cluster.ok(&["-c", "cd /data; find -name x.csv"])), ["/data/2026/x.csv"]);
    for args in [vec!["find", "-size", "x"], vec!["find", "-type", "q"], vec!["find", "-frobnicate"], vec!["search"]] {
        assert_eq!(cluster.shell(&args).code, 2, "{args:?}");
    }
    assert_eq!(cluster.shell(&["find", "/none"]).code, 1);
}

fn sums(cluster: &Cluster) {
    let text = cluster.ok(&["du", "/data"]);
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["2010", "6030", "/data/2026"], "{text}");
    let big = (3u64 << 20).to_string();
    assert_eq!(rows[2][..1], [big], "{text}");
    assert_eq!(lines(&cluster.ok(&["du", "-s", "-h", "/data/big.bin"])).len(), 1);
    let sum = cluster.json(&["du", "-s", "/data"]);
    assert_eq!((&sum[0]["size"], &sum[0]["space"]), (&(3_147_838).into(), &(9_443_514).into()));
    let counted = cluster.json(&["count", "/data", "/data/a.csv"]);
    assert_eq!((&counted[0]["directories"], &counted[0]["files"]), (&3.into(), &4.into()));
    assert_eq!((&counted[1]["directories"], &counted[1]["bytes"]), (&0.into(), &100.into()));
    let tree = cluster.ok(&["tree", "/data"]);
    let expected = "/data\n├── 2026\n│   ├── Reports\n│   │   └── july report.pdf\n│   └── x.csv\n├── a.csv\n└── big.bin\n\n\
                    2 directories, 4 files\n";
    assert_eq!(tree, expected);
    assert_eq!(lines(&cluster.ok(&["tree", "-L", "1", "/data"])).len(), 6);
    assert_eq!(cluster.json(&["tree", "/data"]).as_array().map(Vec::len), Some(7));
    let space = cluster.json(&["df"]);
    assert_eq!(space["files"], 3_147_838, "{space}");
    assert_eq!(space["reserved"], 9_443_514, "{space}");
    assert!(space["capacity"].as_u64() > space["used"].as_u64(), "{space}");
    assert!(cluster.ok(&["df", "-h"]).contains('%'));
}

fn healthy(cluster: &Cluster) {
    let text = cluster.ok(&["fsck", "/data"]);
    assert!(text.contains("4 files") && text.contains("every chunk has all its replicas"), "{text}");
    let document = cluster.json(&["fsck"]);
    assert_eq!(document["files"], serde_json::json!([]));
    assert_eq!((&document["totals"]["healthy"], &document["totals"]["files"]), (&true.into(), &5.into()));
    assert_eq!(cluster.shell(&["fsck", "/none"]).code, 1);
}

fn safe_mode(cluster: &Cluster) {
    assert_eq!(cluster.ok(&["safemode", "get"]), "safe mode is off\n");
    let entered = cluster.json(&["safemode", "enter", "--reason", "moving house"]);
    assert_eq!((&entered["on"], &entered["reason"]), (&true.into(), &"moving house".into()));
    let status = cluster.ok(&["status"]);
    assert!(status.contains("moving house") && status.contains("safemode leave"), "{status}");
    for args in
        [vec!["mkdir", "/held"], vec!["touch", "/held"], vec!["chmod", "600", "/data"], vec!["rm", "/data/a.csv"]]
    {
        let said = cluster.shell(&args);
        assert_eq!(said.code, 6, "{args:?}: {said:?}");
        assert!(said.stderr.contains("moving house") && said.stderr.contains("hint: safemode leave"), "{said:?}");
    }
    assert!(!cluster.ok(&["cat", "/data/a.csv"]).is_empty(), "reading goes on");
    assert_eq!(cluster.ok(&["safemode", "leave"]), "safe mode is off\n");
    cluster.ok(&["mkdir", "/held"]);
}

/// Returns the number of replicas of each chunk of a file, as shown by `locate`.
fn copies(cluster: &Cluster, path: &str) -> Vec<usize> {
    let chunks = cluster.json(&["locate", path]);
    let of = |chunk: &Value| chunk["replicas"].as_array().map_or(0, Vec::len);
    chunks.as_array().expect("chunks").iter().map(of).collect()
}

#[test]
fn replicas_are_added_and_deleted() {
    let cluster = Cluster::start(Spec::default().datanodes(4));
    cluster.ok(&["mkdir", "-p", "/d/deep"]);
    put(&cluster, "/d/f", 2_500_000);
    put(&cluster, "/d/deep/g", 10);
    cluster.ok(&["setrep", "-w", "4", "/d/f"]);
    assert_eq!(copies(&cluster, "/d/f"), [4, 4, 4]);
    assert_eq!(stat(&cluster, "/d/f")["space"], 10_000_000);
    cluster.ok(&["setrep", "-w", "1", "/d/f"]);
    assert_eq!(copies(&cluster, "/d/f"), [1, 1, 1]);
    cluster.wait_for("the files of the removed copies to go", || {
        let files = |id: u32| cluster.chunk_files(&format!("datanode-{id}")).len();
        (1..=4).map(files).sum::<usize>() == 3 + 3
    });
    let repair = || {
        let jobs = cluster.json(&["jobs", "--cluster"]);
        let job = jobs.as_array().expect("a list").iter().find(|job| job["name"] == "repair");
        job.expect("a job of every master").clone()
    };
    cluster.wait_for("the copies and the removals to be counted", || repair()["done"] == 3 + 9);
    cluster.wait_for("nothing left", || repair()["state"] == "idle" && repair()["total"] == 3 + 9);
    let said = cluster.shell(&["setrep", "2", "/d"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(cluster.json(&["setrep", "-R", "-w", "2", "/d"])["files"], 2);
    assert_eq!((copies(&cluster, "/d/f"), copies(&cluster, "/d/deep/g")), (vec![2, 2, 2], vec![2]));
    let said = cluster.shell(&["setrep", "-w", "5", "/d/deep/g"]);
    assert_eq!(said.code, 6, "more copies than datanodes: {said:?}");
    assert_eq!(cluster.shell(&["setrep", "0", "/d/f"]).code, 2);

    cluster.wait_for("a copy without a place", || repair()["state"] == "waiting");
    // It still wants five replicas; then its datanodes are stopped.
    let said = cluster.shell(&["fsck"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stdout.contains("/d/deep/g: 1 of 1 chunk under-replicated"), "{said:?}");
    assert_eq!(cluster.ok(&["find", "/", "-under-replicated"]), "/d/deep/g\n");
    for id in 1..=4 {
        cluster.kill(&format!("datanode-{id}"));
    }
    cluster.wait_for("the datanodes to be missed", || cluster.json(&["status"])["nodes_live"] == 0);
    let said = cluster.shell(&["fsck", "/d"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert_eq!(lines(&said.stdout).len(), 4, "{said:?}");
    let said = cluster.shell(&["--json", "fsck", "/d"]);
    let document: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!((said.code, &document["totals"]["chunks_missing"]), (5, &4.into()));
    assert!(said.stderr.contains("no_healthy_replica"), "{said:?}");
}

#[test]
fn shared_chunks_have_as_many_replicas_as_the_highest_replication_of_their_files() {
    let cluster = Cluster::start(Spec::default().replication(2).datanodes(3));
    put(&cluster, "/f", 2_500_000);
    cluster.ok(&["cp", "/f", "/g"]);
    cluster.ok(&["setrep", "-w", "3", "/g"]);
    let said = cluster.shell(&["setrep", "-w", "1", "/f"]);
    assert_eq!(said.code, 0, "{said:?}");
    let expected = "setrep: /f keeps more than 1 replica: another file that shares its chunks needs 3";
    assert!(said.stderr.contains(expected), "{said:?}");
    assert_eq!((copies(&cluster, "/f"), copies(&cluster, "/g")), (vec![3; 3], vec![3; 3]));
    // More replicas than the cluster can provide are wanted of the other file; this one has enough.
    cluster.ok(&["setrep", "5", "/g"]);
    cluster.ok(&["mkdir", "/d"]);
    (0..40).for_each(|number| drop(cluster.ok(&["cp", "/f", &format!("/d/{number}")])));
    let said = cluster.shell(&["setrep", "-R", "-w", "2", "/d", "/f"]);
    assert_eq!(said.code, 0, "{said:?}");
    let expected =
        "setrep: 41 files keep more than 2 replicas, as /d/0: other files that share their chunks need up to 5";
    assert!(said.stderr.contains(expected), "{said:?}");
    cluster.ok(&["rm", "-r", "--yes", "/d"]);
    cluster.ok(&["setrep", "1", "/f"]);

    // No file wants more than one replica any more.
    cluster.ok(&["rm", "/g"]);
    cluster.wait_for("the copies that nobody wants to go", || copies(&cluster, "/f") == [1; 3]);
    cluster.ok(&["cp", "/f", "/h"]);
    cluster.ok(&["setrep", "9", "/h"]);
    cluster.wait_for("too few datanodes", || cluster.json(&["status"])["replication"]["blocked"]["too_few"] == 3);
    cluster.ok(&["rm", "/h"]);
    cluster.wait_for("a healthy cluster", || cluster.json(&["status"])["health"] == "healthy");
}

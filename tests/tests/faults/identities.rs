//! Wrong identities: two processes with one identity, a clock that is ahead, a credential that is
//! not accepted.

use dfs_daemon::authority::{Authority, draw_cluster_id};
use dfs_tests::process::Process;
use dfs_tests::{Cluster, Spec, content};
use dfs_types::Principal;
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::SystemTime;

fn events(cluster: &Cluster, text: &str) -> usize {
    let document = cluster.json(&["events"]);
    let texts = document.as_array().expect("a list").iter().map(|event| event["text"].as_str().expect("text"));
    texts.filter(|event| event.contains(text)).count()
}

fn node(cluster: &Cluster, id: &str) -> Value {
    let nodes = cluster.json(&["nodes"]);
    nodes.as_array().expect("a list").iter().find(|node| node["id"] == id).cloned().unwrap_or_default()
}

#[test]
fn of_two_processes_with_one_identity_one_is_kept_and_an_event_reports_it() {
    let cluster = Cluster::start(Spec::default());
    let there = cluster.daemon("datanode-2").address;
    let (data, log) = (cluster.scratch().join("twin"), cluster.scratch().join("twin.log"));
    let credential = cluster.scratch().join("copied.pem");
    std::fs::copy(cluster.home().join("credentials/datanode-2.pem"), &credential).expect("copy the credential");
    let mut command = cluster.dfsd_command();
    command.args(["datanode", "--id", "datanode-2", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data);
    command.arg("--credential").arg(&credential).args(["--masters", &cluster.daemon("master-1").address]);
    let output = std::fs::File::create(&log).expect("make a log");
    command.stdout(Stdio::null()).stderr(output);
    let _twin = Process(command.spawn().expect("start the twin"));
    cluster.wait_for("the two to be told", || events(&cluster, "two processes use the identity of datanode-2") > 0);
    // Many attempts of the second process later.
    let said = || std::fs::read_to_string(&log).expect("read the log");
    cluster.wait_for("the twin to say why", || said().contains("another process uses the identity of datanode-2"));
    for _ in 0..20 {
        assert_eq!(node(&cluster, "datanode-2")["address"], there.as_str());
    }
    assert_eq!(events(&cluster, "two processes use the identity of datanode-2"), 1);
    assert_eq!(events(&cluster, "registered again"), 0, "nobody registered twice");
    cluster.kill("datanode-2");
    cluster.wait_for("the twin to be taken", || {
        let node = node(&cluster, "datanode-2");
        node["state"] == "live" && node["address"] != there.as_str()
    });
}

const FAKETIME: [&str; 2] =
    ["/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"];

/// Returns the path of `faketime`, if installed; `DFS_TEST_REQUIRE=faketime` makes a missing one a
/// failure.
fn faketime() -> Option<&'static str> {
    let found = FAKETIME.into_iter().find(|path| Path::new(path).exists());
    let obstacle = found.is_none().then(|| "faketime is not installed: apt-get install faketime".to_owned());
    if dfs_tests::requirement::holds("faketime", obstacle) { found } else { None }
}

#[test]
fn a_datanode_whose_clock_is_ahead_blocks_no_write() {
    let Some(library) = faketime() else { return };
    let cluster = Cluster::start(Spec::default().replication(2));
    cluster.dfsd_ok(&["stop", "datanode-1"]);
    let mut command = cluster.dfsd_command();
    command.env("LD_PRELOAD", library).env("FAKETIME", "+20m").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let started = command.args(["start", "datanode-1"]).output().expect("run dfsd");
    assert!(started.status.success(), "{started:?}");
    cluster.wait_for("the clock to be seen", || node(&cluster, "datanode-1")["clock_ahead"] == true);
    let (local, back) = (cluster.scratch().join("in"), cluster.scratch().join("out"));
    std::fs::write(&local, content::bytes(3, 2_500_000)).expect("write");
    for number in 0..5 {
        let name = format!("/f{number}");
        cluster.ok(&["put", local.to_str().expect("UTF-8"), &name]);
        cluster.ok(&["get", "-f", &name, back.to_str().expect("UTF-8")]);
    }
    assert_eq!(node(&cluster, "datanode-1")["chunks"], 0, "it gets no chunks");
    let status = cluster.json(&["status"])["findings"].to_string();
    assert!(status.contains("the clock of datanode-1 ("), "{status}");
    assert!(cluster.ok(&["why", "datanode-1"]).contains("Set its clock"));
}

#[test]
fn a_credential_that_is_not_accepted_is_named() {
    let cluster = Cluster::start(Spec::default());
    let authority = Authority::create(draw_cluster_id().expect("random"), SystemTime::now()).expect("authority");
    let credential = authority.issue(&Principal::User("ann".to_owned()), SystemTime::now()).expect("issue");
    let file = cluster.scratch().join("ann.pem");
    std::fs::write(&file, credential).expect("write");
    let mut command = cluster.shell_command();
    let said = command.env("DFS_CLIENT_CREDENTIAL", &file).args(["ls", "/"]).output().expect("run");
    let text = String::from_utf8_lossy(&said.stderr);
    let from = "from environment DFS_CLIENT_CREDENTIAL, is of another cluster (";
    let hint = format!("the credential {}, {from}", file.display());
    assert!(!said.status.success() && text.contains(&hint), "{text}");
    assert!(text.contains("without it, that of the local cluster is used"), "{text}");
}

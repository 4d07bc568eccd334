//! What an operator types in an incident: what is wrong is said, with since when and what to type, and what is typed
//! then helps.

use dfs_tests::terminal::{Terminal, key};
use dfs_tests::{Cluster, Spec, content};
use serde_json::Value;

/// A file of three chunks, on three datanodes.
fn with_a_file(spec: Spec) -> Cluster {
    let cluster = Cluster::start(spec);
    let local = cluster.scratch().join("in");
    std::fs::write(&local, content::bytes(1, 3 << 20)).expect("write");
    cluster.ok(&["mkdir", "/data"]);
    cluster.ok(&["put", local.to_str().expect("UTF-8"), "/data/big.bin"]);
    cluster
}

fn sentences(status: &Value) -> Vec<String> {
    let list = status["findings"].as_array().expect("a list");
    let text = |finding: &Value, field: &str| finding[field].as_str().expect("a text").to_owned();
    let whole = |finding| [text(finding, "what"), text(finding, "impact")].join(": ");
    list.iter().map(|finding| whole(finding).trim_end_matches(": ").to_owned()).collect()
}

#[test]
fn a_datanode_that_dies_is_told_from_first_to_last() {
    let cluster = with_a_file(Spec::default());
    cluster.wait_for("a healthy cluster", || cluster.json(&["status"])["health"] == "healthy");
    let text = cluster.ok(&["status"]);
    assert!(text.starts_with("health      · healthy: ") && !text.contains("  run "), "{text}");
    the_space_of_one_disk_counts_once(&cluster);
    nothing_is_wrong_for_why_and_doctor(&cluster);

    cluster.kill("datanode-2");
    cluster
        .wait_for("a datanode that does not report", || cluster.json(&["status"])["silent"] != serde_json::json!([]));
    assert_ne!(cluster.json(&["status"])["health"], "healthy");
    cluster.wait_for("a dead datanode", || cluster.json(&["status"])["nodes_dead"] == 1);
    let status = cluster.json(&["status"]);
    assert_eq!((&status["health"], &status["silent"][0]), (&"critical".into(), &"datanode-2".into()));
    let dead = &status["findings"][0];
    assert_eq!(dead["what"], "datanode-2 is dead (its process has crashed)", "{status}");
    assert!(dead["since_ms"].as_u64().expect("known") >= 3_000, "{status}");
    assert_eq!((&dead["kind"], &dead["run"]), (&"datanode_dead".into(), &"dfsd start datanode-2".into()));
    // With three datanodes, three replicas need each of them.
    let refused = "files with 3 replicas cannot be written: only 2 datanodes are live and in service";
    assert_eq!(sentences(&status)[1], refused);
    let under = &status["findings"][2];
    assert_eq!(sentences(&status)[2], "3 chunks are under-replicated, in 1 file: all can be read");
    assert_eq!((&under["because"], &under["run"]), (&dead["what"], &dead["run"]));
    let text = cluster.ok(&["status"]);
    assert!(
        text.contains("not reporting: datanode-2\n") && text.contains("  run       dfsd start datanode-2\n"),
        "{text}"
    );
    why_names_the_dead_one(&cluster);
    the_events_tell_of_it(&cluster);
    the_doctor_finds_it_too(&cluster);

    // What it said to type is typed right here.
    assert_eq!(cluster.ok(&["-c", dead["run"].as_str().expect("a line")]), "datanode-2 started\n");
    let refused = cluster.shell(&["dfsd", "stop", "datanode-77"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.starts_with("dfsd: datanode-77: no such daemon\n  hint: its daemons are "),
        "{}",
        refused.stderr
    );
    let watched = cluster.ok(&["replication", "--watch"]);
    assert!(
        watched.ends_with(
            "0 missing, 0 with one replica left, 0 under-replicated, 0 over-replicated, 0 being re-replicated\n"
        ),
        "{watched}"
    );
    cluster.wait_for("a healthy cluster", || cluster.json(&["status"])["health"] == "healthy");
}

/// Three datanodes on one disk each report all that is free there.
fn the_space_of_one_disk_counts_once(cluster: &Cluster) {
    let nodes = cluster.json(&["nodes"]);
    let nodes = nodes.as_array().expect("a list");
    let most = nodes.iter().map(|node| node["free"].as_u64().expect("a number")).max().expect("three");
    let disks: Vec<&Value> = nodes.iter().map(|node| &node["directories"][0]["disk"]).collect();
    assert!(disks[0].is_string() && disks.iter().all(|disk| *disk == disks[0]), "{disks:?}");
    let status = cluster.json(&["status"]);
    let free = status["free"].as_u64().expect("a number");
    // Others write to the disk meanwhile, but not as much as there is.
    assert!(free < most + most / 2, "{free} free in all, {most} on one");
    assert!(status["capacity"].as_u64() >= status["used"].as_u64());
    assert!(cluster.ok(&["nodes"]).contains("these 3 share one disk"));
}

fn nothing_is_wrong_for_why_and_doctor(cluster: &Cluster) {
    for (subject, says) in [
        ("/data/big.bin", "Every chunk has all its replicas"),
        ("/data", "Every chunk in the cluster has all its replicas"),
        ("datanode-1", "is live"),
        ("master-1", "leader in term"),
    ] {
        let why = cluster.json(&["why", subject]);
        assert_eq!(why["healthy"], true, "{why}");
        assert!(why["sentences"].to_string().contains(says), "{why}");
        assert!(cluster.ok(&["why", subject]).contains("\n  run: "), "{why}");
    }
    let chunk = cluster.json(&["locate", "/data/big.bin"])[1]["chunk"].as_str().expect("an id").to_owned();
    let why = cluster.ok(&["why", &chunk]);
    assert!(why.contains("is a chunk of /data/big.bin") && why.contains("it has all its replicas"), "{why}");
    let said = cluster.shell(&["why", "00000000deadbeef"]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.starts_with("why: 00000000deadbeef: no file references this chunk\n  hint: "), "{said:?}");
    let doctor = cluster.shell(&["--json", "doctor"]);
    let checks: Value = serde_json::from_str(&doctor.stdout).expect("JSON");
    // The disk of the machine that runs this may be nearly full; nothing else may be amiss.
    let amiss = |check: &&Value| check["verdict"] != "ok" && check["area"] != "machine";
    let amiss: Vec<_> = checks["checks"].as_array().expect("a list").iter().filter(amiss).collect();
    assert!(amiss.is_empty(), "{amiss:?}");
    assert_eq!(doctor.code, i32::from(checks["healthy"] != true));
}

fn why_names_the_dead_one(cluster: &Cluster) {
    let why = cluster.ok(&["why", "/data/big.bin"]);
    for part in [
        "3 chunks have fewer live replicas",
        "It can be read whole.",
        "datanode-2 is dead",
        "run: dfsd start datanode-2",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    let why = cluster.ok(&["why", "datanode-2"]);
    assert!(why.starts_with("! datanode-2 is dead") && why.ends_with("run: dfsd start datanode-2\n"), "{why}");
    let shown = cluster.ok(&["node", "show", "datanode-2"]);
    assert!(shown.contains("✗ dead"), "{shown}");
    let seen = cluster.ok(&["heatmap"]);
    assert!(seen.starts_with("127.0.0.1  ") && seen.contains("s✗") && seen.contains("fill level: mean "), "{seen}");
    let seen = cluster.json(&["heatmap", "--lens", "risk"]);
    assert_eq!((&seen[1]["state"], &seen[0]["under_replicated"]), (&"dead".into(), &3.into()), "{seen}");
    let shown = cluster.ok(&["node", "show", "datanode-1"]);
    assert!(shown.contains("! 3 chunks here with fewer live replicas than wanted\n"), "{shown}");
}

fn the_events_tell_of_it(cluster: &Cluster) {
    let errors = || cluster.ok(&["events", "--severity", "error"]);
    // The master looks every second, and tells together what happens together.
    cluster.wait_for("an event", || !errors().is_empty());
    let told = errors();
    assert!(
        told.contains("  ✗ datanode-2 declared dead: no heartbeat for ") && told.ends_with("lost a replica\n"),
        "{told}"
    );
    let events = cluster.json(&["events", "-n", "100"]);
    let events = events.as_array().expect("a list");
    let place = |text: &str| {
        let found = events.iter().position(|event| event["text"].as_str().expect("a text").starts_with(text));
        found.unwrap_or_else(|| panic!("{text}: {events:?}"))
    };
    let order =
        ["master-1 started", "master-1 became the leader", "registered at", "lost the connection", "declared dead"]
            .map(place);
    assert!(order.is_sorted(), "the newest last: {events:?}");
    assert_eq!(cluster.json(&["events", "-n", "1"]).as_array().map(Vec::len), Some(1));
    let followed = cluster.shell(&["--json", "events", "-f"]);
    assert_eq!(followed.code, 2, "without an end it is no document: {followed:?}");
}

fn the_doctor_finds_it_too(cluster: &Cluster) {
    let said = cluster.shell(&["doctor"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.stdout.contains("! finding: datanode-2 is dead (its process has crashed): ")
            && said.stdout.contains("fix: dfsd start datanode-2"),
        "{said:?}"
    );
    assert_eq!(said.stderr, "");
}

#[test]
fn with_the_masters_gone_there_is_still_an_answer() {
    let cluster = Cluster::start(Spec::default());
    let masters = cluster.json(&["masters"]);
    assert_eq!((&masters["leader"], &masters["masters"][0]["lag"]), (&"master-1".into(), &0.into()));
    assert!(masters["masters"][0]["round_trip_ms"].as_f64().expect("it answers") > 0.0);
    cluster.kill("master-1");
    let said = cluster.shell(&["doctor"]);
    assert_eq!(said.code, 1, "{said:?}");
    for part in ["✗ masters: no master answers: master-1 has crashed", "fix: dfsd start master-1", "✗ 1 problem"] {
        assert!(said.stdout.contains(part), "{part}: {said:?}");
    }
    let version = cluster.ok(&["version"]);
    assert!(version.contains("cluster     not reached: "), "{version}");
    cluster.dfsd_ok(&["start", "master-1"]);
    cluster.wait_for("a healthy cluster", || cluster.json(&["status"])["health"] == "healthy");
    settings_and_credentials(&cluster);
}

fn settings_and_credentials(cluster: &Cluster) {
    let config = cluster.json(&["config", "show", "master.dead"]);
    let setting = &config["settings"][0];
    assert_eq!((&setting["key"], &setting["value"]), (&"master.dead_after".into(), &"\"3s\"".into()));
    assert_eq!(setting["source"], "environment DFS_MASTER_DEAD_AFTER");
    // A key that is misspelled, and a credential that others can read.
    let file = cluster.scratch().join("odd.toml");
    std::fs::write(&file, "[client]\nrpc_timeuot = \"3s\"\n").expect("write");
    let said = cluster.shell(&["--config", file.to_str().expect("UTF-8"), "doctor"]);
    assert!(
        said.code == 1 && said.stdout.contains("odd.toml:2: unknown key client.rpc_timeuot; did you mean"),
        "{said:?}"
    );
    use std::os::unix::fs::PermissionsExt;
    let mode = |mode| std::fs::set_permissions(cluster.credential(), std::fs::Permissions::from_mode(mode));
    mode(0o644).expect("set mode");
    let said = cluster.shell(&["doctor"]);
    assert!(said.code == 1 && said.stdout.contains("0644: others on this machine can use the key"), "{said:?}");
    assert!(
        said.stdout.contains(&format!("fix: on this machine: chmod 600 {}", cluster.credential().display())),
        "{said:?}"
    );
}

#[test]
fn lost_chunks_are_told_as_lost() {
    let cluster = with_a_file(Spec::default().datanodes(1).replication(1));
    cluster.kill("datanode-1");
    cluster.wait_for("missing chunks", || cluster.json(&["status"])["replication"]["missing"] == 3);
    let status = cluster.json(&["status"]);
    assert_eq!(status["health"], "critical");
    let sentences = sentences(&status);
    assert!(
        sentences
            .iter()
            .any(|what| what == "3 chunks have no live replica, in 1 file: their files cannot be read whole"),
        "{sentences:?}"
    );
    assert!(sentences.iter().any(|what| what.starts_with("no datanode is live")), "{sentences:?}");
    // An overdue datanode may still answer, a dead one is not counted on.
    let why = || cluster.json(&["why", "/data/big.bin"]);
    let early = why();
    assert!(
        early["healthy"] == false && !early["sentences"].to_string().contains("\"It can be read whole.\""),
        "{early}"
    );
    cluster.wait_for("a dead datanode", || cluster.json(&["status"])["nodes_dead"] == 1);
    let why = why();
    assert!(why["sentences"].to_string().contains("it cannot be read whole"), "{why}");
}

#[test]
fn on_a_terminal_rounds_take_each_others_place_and_states_have_colours() {
    let cluster = Cluster::start(Spec::default());
    cluster.ok(&["mkdir", "-p", "/data/directory"]);
    cluster.wait_for("a healthy cluster", || cluster.json(&["status"])["health"] == "healthy");
    let mut terminal = Terminal::run(cluster.shell_command(), 30, 90);
    terminal.prompt("/");
    terminal.line("watch -n 0.1 echo round");
    terminal
        .wait("several rounds", |terminal| String::from_utf8_lossy(terminal.written()).matches("\nround").count() > 3);
    assert_eq!(terminal.text().matches("round").count(), 2, "head and round:\n{}", terminal.text());
    terminal.press(key::CTRL_C);
    terminal.prompt("/");
    terminal.line("status");
    terminal.see("· healthy");
    let colour = |terminal: &Terminal, text: &str| terminal.cell_of(text).expect(text).fgcolor();
    assert_eq!(colour(&terminal, "· healthy"), GREEN);
    terminal.line("ls /data");
    terminal.wait("the directory", |terminal| terminal.cell_of("directory").is_some_and(|cell| cell.fgcolor() == BLUE));
    cluster.kill("datanode-3");
    cluster.wait_for("a dead datanode", || cluster.json(&["status"])["nodes_dead"] == 1);
    terminal.line("nodes");
    terminal.see("✗ dead");
    assert_eq!(colour(&terminal, "✗ dead"), RED);
    terminal.send(key::CTRL_D);
    assert!(terminal.end().success());
}

/// The terminal's own colours, by their numbers in ECMA-48.
const RED: vt100::Color = vt100::Color::Idx(1);
const GREEN: vt100::Color = vt100::Color::Idx(2);
const BLUE: vt100::Color = vt100::Color::Idx(4);

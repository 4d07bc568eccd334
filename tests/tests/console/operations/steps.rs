//! The sections of the page, in an order in which each finds the cluster that it needs: four
//! datanodes, all of them running.

use super::page::OTHERS;
use super::walk::Walk;
use dfs_tests::process::Process;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

const UP: &str = "dfsd up --datanodes 4 --replication 3 --chunk-size 1MiB --capacity 1GiB";

/// *Start, stop, inspect*: a cluster is deleted, and another one created.
pub(super) fn begins_anew(walk: &mut Walk) {
    walk.refused("dfsd down --purge", 2, "--yes");
    assert!(walk.cluster.home().join("data").exists());
    walk.ok("dfsd down --purge --yes");
    for gone in ["data/master-1", "data/datanode-1", "credentials/authority.pem", "state/cluster.json"] {
        assert!(!walk.cluster.home().join(gone).exists(), "{gone}");
    }
    walk.refused("ls /", 3, "hint: dfsd up");
    walk.ok(UP);
    assert!(walk.ok("dfsd up").contains("already running"));
    walk.until_healthy();
    walk.ok("put x /x");
}

/// *What `dfsd up` creates, and where*.
pub(super) fn says_where_everything_is(walk: &mut Walk) {
    let home = walk.cluster.home().to_owned();
    let id = "datanode-4";
    for file in [
        "credentials/authority.pem",
        "credentials/master-1.pem",
        &format!("credentials/{id}.pem"),
        "data/master-1",
        &format!("data/{id}"),
        "state/cluster.json",
        &format!("state/{id}.toml"),
        &format!("state/{id}.directories.json"),
        &format!("logs/{id}.log"),
        &format!("run/{id}.json"),
    ] {
        let others = std::fs::metadata(home.join(file)).expect(file).permissions().mode() & 0o077;
        assert_eq!(others, 0, "{file}: only the owner can read it");
    }
    assert!(walk.cluster.credential().exists() && !home.join("state/cluster.stopped").exists());
    let places = walk.ok("dfsd status -v");
    assert!(places.contains("data/datanode-4\n") && places.contains("logs/datanode-4.log\n"), "{places}");
    assert!(walk.ok("dfsd status --json").contains("\"id\":\"datanode-4\""));
    assert!(walk.ok("nodes -v").contains("data/datanode-4"));
}

/// *Start, stop, inspect*: what only looks.
pub(super) fn shows_its_state(walk: &mut Walk) {
    assert!(walk.ok("dfsd logs").contains("master-1"));
    assert!(!walk.ok("dfsd logs master-1").is_empty());
    walk.follows("dfsd logs datanode-2 -f", "datanode-2");
    assert!(walk.ok("events").contains("became the leader"));
    walk.follows("events -f", "became the leader");
    assert!(walk.ok("status").contains("· healthy"));
    let doctor = walk.cluster.shell(&["doctor"]);
    walk.lines.push("doctor".to_owned());
    assert!([0, 1].contains(&doctor.code) && doctor.stdout.contains("cluster"), "{doctor:?}");
    let chunk = walk.cluster.json(&["locate", "/x"])[0]["chunk"].as_str().expect("an id").to_owned();
    for (subject, text) in [("/x", "is a file"), (&chunk, "is a chunk of /x"), ("datanode-1", "is live")] {
        assert!(walk.ok(&format!("why {subject}")).contains(text), "{subject}");
    }
    for line in ["df", "help", "version", "config show", "dfsd config show", "nodes", "fsck", "fsck /x"] {
        assert!(!walk.ok(line).is_empty(), "{line}");
    }
    assert_eq!(walk.ok("find / -under-replicated"), "");
    walk.ok("get -f /x back");
    assert!(walk.ok("replication --watch").contains("0 missing"));
    walk.ok("getrange -f /x 0 4 piece");
    assert_eq!(std::fs::metadata(walk.cluster.home().join("piece")).expect("written").len(), 4);
    walk.ok("cp /x /y");
    walk.ok("setrep -w 2 /y");
    walk.ok("rm /y");
}

/// *Nothing may change for a while*; a restart of the leader ends it, and delays calls only.
pub(super) fn refuses_changes_in_safe_mode(walk: &mut Walk) {
    walk.ok("safemode enter --reason moving");
    walk.refused("put -f x /x", 6, "moving");
    walk.ok("get -f /x back");
    walk.ok("safemode leave");
    walk.ok("put -f x /x");
    walk.ok("safemode enter --reason racks");
    let read = walk.command("get -f /x back").stderr(Stdio::null()).spawn().expect("run dfs-shell");
    walk.ok("dfsd restart master-1");
    let read = read.wait_with_output().expect("it ends");
    assert!(read.status.success(), "a call waits for the restart");
    walk.ok("put -f x /x");
    let rest: String = walk.ok("dfsd restart");
    assert_eq!(rest.lines().count(), 5, "{rest}");
    walk.until_healthy();
}

/// *A daemon was killed*, and *Start, stop, inspect*.
pub(super) fn stops_and_starts(walk: &mut Walk) {
    walk.ok("dfsd stop datanode-1");
    assert_eq!(walk.state("datanode-1"), "stopped");
    assert_eq!(walk.ok("dfsd start datanode-1"), "datanode-1 started\n");
    walk.cluster.kill("datanode-2");
    assert_eq!(walk.state("datanode-2"), "crashed");
    walk.ok("dfsd up");
    assert_eq!(walk.state("datanode-2"), "running");
    walk.cluster.kill("master-1");
    walk.refused("status", 3, "no master answers: master-1 has crashed\n  hint: dfsd start master-1");
    walk.ok("dfsd start master-1");
    walk.ok("dfsd down");
    assert!(walk.cluster.home().join("state/cluster.stopped").exists());
    walk.refused("put -f x /x", 3, "hint: dfsd up");
    walk.prompt("started again, with 1 file", "dfsd status", "datanode-4");
    walk.ok("get -f /x back");
    walk.until_healthy();
}

/// `dfsd start` and `dfsd up` do not wait for a daemon that is suspended.
pub(super) fn restarts_what_hangs(walk: &mut Walk) {
    walk.cluster.freeze("datanode-1");
    for line in ["dfsd start datanode-1", "dfsd up"] {
        walk.refused(line, 1, "but suspended\n  hint: dfsd restart datanode-1");
    }
    walk.ok("dfsd restart datanode-1");
    assert_eq!(walk.state("datanode-1"), "running");
}

/// *Credentials*: what to do about a lost file.
pub(super) fn issues_lost_credentials_again(walk: &mut Walk) {
    let credentials = walk.cluster.home().join("credentials");
    let (authority, aside) = (credentials.join("authority.pem"), credentials.join("aside.pem"));
    std::fs::rename(&authority, &aside).expect("moved");
    walk.ok("dfsd restart datanode-1");
    let refused = walk.cluster.dfsd(&["up", "--datanodes", "5"]);
    assert!(refused.code != 0 && refused.stderr.contains("authority"), "{refused:?}");
    assert_eq!(walk.cluster.daemons().len(), 5, "no datanode was added");
    walk.ok("dfsd up");
    std::fs::rename(&aside, &authority).expect("moved");

    for id in ["datanode-1", "master-1"] {
        let credential = credentials.join(format!("{id}.pem"));
        std::fs::write(&credential, "corrupt").expect("written");
        std::fs::remove_file(&credential).expect("removed");
        walk.ok(&format!("dfsd restart {id}"));
        assert!(credential.exists(), "{id}");
    }

    let pids = |walk: &Walk| walk.cluster.daemons().into_iter().map(|daemon| daemon.pid).collect::<Vec<_>>();
    let before = pids(walk);
    std::fs::remove_file(walk.cluster.credential()).expect("removed");
    std::fs::remove_file(walk.cluster.home().join("state/cluster.json")).expect("removed");
    walk.ok(UP);
    assert_eq!(pids(walk), before, "the running daemons are adopted");
    walk.ok("get -f /x back");
    walk.until_healthy();
}

/// *A datanode is dead*, *Which files are affected?*, and *A command with `--wait` ends early*.
pub(super) fn lives_without_a_datanode(walk: &mut Walk) {
    walk.ok("put --rep 4 x /four");
    walk.ok("put --rep 1 x /one");
    let located = walk.cluster.json(&["locate", "/one"]);
    let holder = located[0]["replicas"][0]["node"].as_str().expect("a datanode").to_owned();
    walk.cluster.kill(&holder);
    walk.until("nodes_dead", 1);
    walk.refused("fsck /one", 5, "/one");
    walk.run("fsck /four", 1);
    assert_eq!(walk.ok("find /four -under-replicated"), "/four\n");
    walk.ok("get -f /four back");
    walk.run("setrep -w 4 /four", 6);
    walk.run("replication --watch", 6);
    walk.ok("rm /one");
    walk.refused("get /one back", 1, "no such file");
    walk.ok(&format!("dfsd start {holder}"));
    walk.until_healthy();
}

/// *A datanode is dead* whose disk is lost, and *mount its disk*.
pub(super) fn replaces_a_lost_disk(walk: &mut Walk) {
    walk.ok("dfsd stop datanode-3");
    let data = walk.cluster.daemon("datanode-3").data_dir;
    let aside = data.with_extension("aside");
    std::fs::rename(&data, &aside).expect("moved");
    walk.refused("dfsd start datanode-3", 1, "mount its disk");
    walk.ok("dfsd start datanode-3 --accept-empty");
    assert_eq!(walk.ok("get -f /four back"), "");
    walk.ok("replication --watch");
    walk.until_healthy();
    assert!(!walk.cluster.chunk_files("datanode-3").is_empty(), "its chunks were made anew");
}

/// *A datanode is to be taken out of service*: the drain.
pub(super) fn drains_a_datanode(walk: &mut Walk) {
    walk.refused("node drain datanode-4 --wait --yes", 6, "`dfsd up --datanodes 5` adds what is missing");
    walk.ok("rm /four");
    let asked = walk.run("node drain datanode-4 --wait", 2);
    assert!(asked.stderr.contains("drain datanode-4: "), "{asked:?}");
    walk.ok("node drain datanode-4 --yes");
    walk.ok("node resume datanode-4");
    assert_eq!(walk.node("datanode-4").expect("listed")["drained"], false);
    walk.ok("node drain datanode-4 --wait --yes");
    assert_eq!(walk.node("datanode-4").expect("listed")["drained"], true);
    walk.ok("put -f x /x");
    // It stays drained when the master or the datanode is restarted.
    walk.ok("dfsd restart master-1");
    walk.ok("dfsd restart datanode-4");
    let drained = |walk: &Walk| walk.node("datanode-4").is_some_and(|node| node["drained"] == true);
    walk.cluster.wait_for("drained as before", || drained(walk));
    walk.ok("dfsd stop datanode-4");
    walk.until("nodes_dead", 1);
    assert!(walk.cluster.is_healthy());
}

/// *A datanode is to be taken out of service*: afterwards.
pub(super) fn forgets_and_removes_it(walk: &mut Walk) {
    walk.ok("node forget datanode-4 --yes");
    assert_eq!(walk.node("datanode-4"), None);
    walk.ok("dfsd start datanode-4");
    assert_eq!(walk.node("datanode-4").expect("accepted again")["drained"], false);
    walk.refused("dfsd remove datanode-4 --yes", 6, "it is not drained");
    walk.ok("node drain datanode-4 --wait --yes");
    let data = walk.cluster.daemon("datanode-4").data_dir;
    walk.refused("dfsd remove datanode-4", 2, "--yes");
    assert!(data.exists());
    walk.ok("dfsd remove datanode-4 --yes");
    assert!(!data.exists());
    walk.ok("dfsd up --datanodes 4");
    assert_eq!(walk.state("datanode-5"), "running");
    walk.until_healthy();
}

/// *In the foreground, for service managers and containers*, and `--accept-empty` there.
pub(super) fn runs_in_the_foreground(walk: &mut Walk) {
    let (datanode, master) = (walk.cluster.daemon("datanode-5"), walk.cluster.daemon("master-1"));
    walk.ok("dfsd stop datanode-5");
    std::fs::remove_dir_all(&datanode.data_dir).expect("removed");
    let home = walk.cluster.home().to_owned();
    let credential = |id: &str| home.join(format!("credentials/{id}.pem")).display().to_string();
    let line = format!(
        "dfsd datanode --credential {} --data-dir {} --masters {} --listen 127.0.0.1:0 --log-file {} --accept-empty",
        credential("datanode-5"),
        datanode.data_dir.display(),
        master.address,
        home.join("foreground.log").display()
    );
    let runs = foreground(walk, &line);
    walk.cluster.wait_for("a datanode in the foreground", || {
        walk.node("datanode-5").is_some_and(|node| node["state"] == "live" && node["address"] != datanode.address)
    });
    drop(runs);

    // A new cluster, of one master.
    walk.ok("dfsd down");
    let line = format!(
        "dfsd master --credential {} --data-dir {} --listen {} --superuser {}",
        credential("master-1"),
        home.join("another").display(),
        master.address,
        superuser(walk)
    );
    let runs = foreground(walk, &line);
    let ask = ["--masters", &master.address, "masters"];
    walk.cluster.wait_for("a master in the foreground", || walk.cluster.shell(&ask).code == 0);
    drop(runs);
}

/// Starts a line of `dfsd` that runs until it is ended.
fn foreground(walk: &mut Walk, line: &str) -> Process {
    walk.lines.push(line.to_owned());
    Process(walk.command(line).stderr(Stdio::null()).spawn().expect("run dfsd"))
}

fn superuser(walk: &Walk) -> String {
    let credential = walk.cluster.credential();
    let name = credential.file_stem().expect("a name").to_string_lossy().into_owned();
    name.trim_start_matches("user-").to_owned()
}

/// The commands of other programs, as far as a test may run them.
pub(super) fn asks_other_programs(walk: &Walk) {
    for (line, _) in OTHERS.iter().filter(|(_, why_not)| why_not.is_none()) {
        let line = line.replace("DIR", &walk.cluster.home().display().to_string());
        let program = line.split(' ').next().unwrap_or_default();
        let there = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().expect("run sh");
        if there.status.success() {
            let output = Command::new("sh").args(["-c", &line]).output().expect("run sh");
            assert!(output.status.success() && !output.stdout.is_empty(), "{line}: {output:?}");
        }
    }
}

//! The local cluster when its daemons do not run as they should: every command says so at once, and names what helps.

use dfs_tests::cluster::Said;
use dfs_tests::stranger::{Manner, Stranger};
use dfs_tests::{Cluster, Spec};
use serde_json::Value;
use std::time::{Duration, Instant};

/// A command of a cluster that is known not to answer ends within this time.
const SOON: Duration = Duration::from_secs(2);
/// Such a command, with the start of its program on a busy machine.
const SOON_MAX: Duration = Duration::from_secs(4);

/// Runs a command that must end soon.
#[track_caller]
fn soon(cluster: &Cluster, args: &[&str]) -> Said {
    let begun = Instant::now();
    let said = cluster.shell(args);
    assert!(begun.elapsed() < SOON_MAX, "{args:?} took {:?}, more than {SOON:?}: {said:?}", begun.elapsed());
    said
}

#[test]
fn with_the_master_dead_every_command_names_the_cause() {
    let cluster = Cluster::start(Spec::default());
    std::fs::write(cluster.home().join("x"), "x").expect("write");
    cluster.kill("master-1");
    for command in [&["status"][..], &["top", "--once"], &["nodes"], &["masters"], &["why", "datanode-1"]] {
        let said = soon(&cluster, command);
        let text = format!("{}: no master answers: master-1 has crashed\n  hint: dfsd start master-1\n", command[0]);
        assert_eq!((said.code, said.stderr), (3, text), "{command:?}");
    }
    for command in [&["ls", "/"][..], &["put", "x", "/x"], &["fsck"], &["-c", "cd /a"]] {
        let said = soon(&cluster, command);
        assert_eq!(said.code, 3, "{said:?}");
        assert!(said.stderr.contains("no master answers: master-1 has crashed\n  hint: dfsd start master-1\n"), "{said:?}");
    }
    let said = soon(&cluster, &["--json", "status"]);
    let error: Value = serde_json::from_str(&said.stderr).expect("an error document");
    let error = &error["error"];
    assert_eq!((said.stdout.as_str(), &error["code"]), ("", &"unreachable".into()));
    assert_eq!(
        (&error["message"], &error["hint"]),
        (&"no master answers: master-1 has crashed".into(), &"dfsd start master-1".into())
    );
    // What it says to do helps.
    cluster.ok(&["-c", "dfsd start master-1; status"]);

    cluster.freeze("master-1");
    let said = soon(&cluster, &["status"]);
    let text = "status: no master answers: master-1 is suspended\n  hint: dfsd restart master-1\n";
    assert!(said.code == 3 && said.stderr.ends_with(text), "{said:?}");
    cluster.ok(&["-c", "dfsd restart master-1; status"]);

    cluster.dfsd_ok(&["stop", "master-1"]);
    let said = soon(&cluster, &["status"]);
    assert_eq!(said.stderr, "status: no master answers: master-1 was stopped\n  hint: dfsd start master-1\n");
    cluster.dfsd_ok(&["start", "master-1"]);
    a_restart_fails_no_command(&cluster);
}

/// While the master is being restarted, commands wait for it.
fn a_restart_fails_no_command(cluster: &Cluster) {
    let mut restart = cluster.dfsd_command().args(["restart", "master-1"]).spawn().expect("start dfsd");
    let mut commands = 0;
    while restart.try_wait().expect("wait").is_none() {
        cluster.ok(&["stat", "/"]);
        commands += 1;
    }
    assert!(commands > 0);
}

#[test]
fn masters_elsewhere_are_not_waited_for_by_those_who_look() {
    let cluster = Cluster::start(Spec::default());
    let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("an address");
    let silent = Stranger::start(Manner::Listens);
    for (address, why) in [(gone, "connection refused"), (silent.address, "")] {
        let masters = address.to_string();
        for command in [&["status"][..], &["top", "--once"]] {
            let said = soon(&cluster, &[&["--masters", &masters], command].concat());
            assert_eq!(said.code, 3, "{said:?}");
            let begin = format!("{}: no master answers: {masters}: ", command[0]);
            let last = said.stderr.lines().find(|line| line.starts_with(&begin));
            assert!(last.is_some_and(|line| line.contains(why)), "{said:?}");
            assert!(said.stderr.ends_with("\n  hint: doctor finds out why\n"), "{said:?}");
        }
        let said = soon(&cluster, &["--masters", &masters, "doctor"]);
        assert!(said.code == 1 && said.stdout.contains(&masters), "{said:?}");
    }
    let said = cluster.shell(&["--masters", &gone.to_string(), "--timeout", "3s", "ls", "/"]);
    assert!(said.code == 3 && said.stderr.contains("deadline 3s"), "{said:?}");
}

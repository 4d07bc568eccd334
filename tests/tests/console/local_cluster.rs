//! The local cluster when its daemons do not run as they should: every command says so at once, and names what helps.

use dfs_daemon::authority::{Authority, VALIDITY};
use dfs_daemon::local::run_file::{ProcessKey, RunFile};
use dfs_tests::cluster::Said;
use dfs_tests::process::Process;
use dfs_tests::stranger::{Manner, Stranger};
use dfs_tests::terminal::{Terminal, key};
use dfs_tests::{Cluster, Spec, content};
use dfs_types::Principal;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

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
        assert!(
            said.stderr.contains("no master answers: master-1 has crashed\n  hint: dfsd start master-1\n"),
            "{said:?}"
        );
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
    assert!(said.stderr.contains("ls: waiting for "), "{said:?}");
}

#[test]
fn a_credential_that_does_not_fit_is_named_and_one_that_others_can_read_too() {
    let cluster = Cluster::start(Spec::default().datanodes(1).replication(1));
    let other = Cluster::start(Spec::default().datanodes(1).replication(1));
    let masters = other.daemon("master-1").address;
    let said = soon(&cluster, &["--masters", &masters, "ls", "/"]);
    assert_eq!(said.code, 4, "{said:?}");
    let what = "the other end belongs to another cluster than the credential";
    let credential = cluster.credential();
    let hint =
        format!("  hint: the credential {}, from the local cluster, is of another cluster (", credential.display());
    assert!(said.stderr.contains(what) && said.stderr.contains(&hint), "{said:?}");
    let said = soon(&cluster, &["--masters", &masters, "doctor"]);
    assert!(said.stdout.contains(what) && said.stdout.contains("is of another cluster ("), "{said:?}");

    // One that was issued long ago.
    let pem = std::fs::read(cluster.home().join("credentials/authority.pem")).expect("read");
    let authority = Authority::from_pem(&pem).expect("an authority");
    let long_ago = SystemTime::now() - 2 * VALIDITY;
    let issued = authority.issue(&Principal::User("root".into()), long_ago).expect("issued");
    let expired = cluster.home().join("expired.pem");
    std::fs::write(&expired, issued).expect("written");
    std::fs::set_permissions(&expired, std::fs::Permissions::from_mode(0o644)).expect("set");
    let with = |masters: Option<&str>, words: &[&str]| {
        let mut command = cluster.shell_command();
        command.env("DFS_CLIENT_CREDENTIAL", &expired).args(masters.iter().flat_map(|masters| ["--masters", masters]));
        let output = command.args(words).output().expect("run");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let own = cluster.daemon("master-1").address;
    let (code, said) = with(Some(&own), &["-c", "-ls /; ls /"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("the credential has expired, or a clock is wrong"), "{said}");
    let place = expired.display();
    assert!(said.contains(&format!("hint: date shows the clock; if it is right, have {place} issued anew")), "{said}");
    // Once, however often it is used.
    let warning =
        format!("warning: the credential {place} can be read by others\n  hint: on this machine: chmod 600 {place}\n");
    assert_eq!(said.matches(&warning).count(), 1, "{said}");
    std::fs::set_permissions(&expired, std::fs::Permissions::from_mode(0o600)).expect("set");
    let (_, said) = with(Some(&own), &["ls", "/"]);
    assert!(!said.contains("warning"), "{said}");
}

/// Runs `dfsd`, which must end soon.
#[track_caller]
fn dfsd_soon(cluster: &Cluster, args: &[&str]) -> Said {
    let begun = Instant::now();
    let said = cluster.dfsd(args);
    assert!(begun.elapsed() < SOON_MAX, "{args:?} took {:?}, more than {SOON:?}: {said:?}", begun.elapsed());
    said
}

#[track_caller]
fn is_refused(said: &Said, id: &str, pid: u32, how: &str) {
    let text = format!("dfsd: {id} is running (process {pid}) but {how}\n  hint: dfsd restart {id}\n");
    assert_eq!((said.code, &said.stderr), (1, &text), "{said:?}");
}

#[test]
fn a_daemon_that_runs_and_does_not_serve_is_told_from_one_that_is_down() {
    let cluster = Cluster::start(Spec::default());
    let pid = |id: &str| u32::try_from(cluster.daemon(id).pid.expect("it runs")).expect("a pid");
    for id in ["datanode-1", "master-1"] {
        cluster.freeze(id);
        let state = |text: &str| text.lines().find(|line| line.starts_with(id)).map(str::to_owned).unwrap_or_default();
        assert!(state(&cluster.dfsd_ok(&["status"])).contains("suspended"));
        let document: Value = serde_json::from_str(&cluster.dfsd_ok(&["status", "--json"])).expect("JSON");
        let states: Vec<&str> = document["daemons"].as_array().expect("daemons").iter().map(state_of).collect();
        assert_eq!(states.iter().filter(|state| **state == "suspended").count(), 1, "{states:?}");
        for command in [&["start", id][..], &["up"]] {
            is_refused(&dfsd_soon(&cluster, command), id, pid(id), "suspended");
        }
        if id == "master-1" {
            // Nobody waits for a master that cannot answer.
            cluster.kill("datanode-2");
            is_refused(&dfsd_soon(&cluster, &["start", "datanode-2"]), id, pid(id), "suspended");
        }
        assert_eq!(dfsd_soon(&cluster, &["restart", id]).code, 0);
    }
    cluster.start_all();

    // One that hangs without being suspended: a process that takes connections and says nothing.
    cluster.kill("datanode-3");
    let hangs = Stranger::start(Manner::Listens);
    let process = Process(std::process::Command::new("sleep").arg("600").spawn().expect("run sleep"));
    let run_file = cluster.home().join("run/datanode-3.json");
    let key = ProcessKey::of(process.0.id()).expect("its key");
    RunFile { process: key, address: Some(hangs.address) }.write(&run_file).expect("written");
    is_refused(&dfsd_soon(&cluster, &["start", "datanode-3"]), "datanode-3", process.0.id(), "does not answer");
    std::fs::remove_file(run_file).expect("removed");

    // Who waits for a while is told what for.
    let lock = std::fs::File::open(cluster.home().join("state/cluster.lock")).expect("open");
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("lock");
    let started = cluster.dfsd_command().args(["start", "datanode-3"]).stderr(Stdio::piped()).spawn().expect("start");
    std::thread::sleep(Duration::from_millis(1500));
    drop(lock);
    let output = started.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("dfsd: waiting for another program that starts or stops the local cluster\n"), "{said}");
}

fn state_of(daemon: &Value) -> &str {
    daemon["state"].as_str().expect("a state")
}

/// At a terminal, until it ends; gives the exit code and what was seen.
fn at_a_terminal(cluster: &Cluster, words: &[&str]) -> (Option<i32>, String) {
    let mut command = cluster.shell_command();
    command.args(words);
    let mut terminal = Terminal::run(command, 24, 120);
    let code = terminal.end().code();
    (code, terminal.text())
}

#[test]
fn a_cluster_is_started_by_the_prompt_and_by_nobody_who_only_looks() {
    let cluster = Cluster::start(Spec::default());
    cluster.dfsd_ok(&["down", "--purge", "--yes"]);
    for directory in ["state", "config"] {
        let _ = std::fs::remove_dir_all(cluster.home().join(directory));
    }
    std::fs::write(cluster.home().join("x"), "x").expect("write");
    // Off a terminal nothing is made, whatever is typed.
    let nothing = |words: &[&str]| {
        let said = cluster.shell(words);
        assert_eq!(said.code, 3, "{words:?}: {said:?}");
        assert!(said.stderr.contains("no cluster runs here\n  hint: dfsd up\n"), "{words:?}: {said:?}");
        assert!(!cluster.home().join("state").exists() && !cluster.home().join("data").exists(), "{words:?}");
    };
    for words in [&["status"][..], &["ls", "/"], &["top", "--once"], &["put", "x", "/x"], &["-c", "mkdir /a"]] {
        nothing(words);
    }
    assert_eq!(cluster.shell(&["doctor"]).code, 1);
    let bare = cluster.shell_command().env_clear().env("HOME", cluster.home()).args(["ls", "/"]).output().expect("run");
    assert_eq!(bare.status.code(), Some(3));
    assert!(!cluster.home().join(".local").exists());
    // At a terminal what only looks starts none, either.
    let (code, text) = at_a_terminal(&cluster, &["ls", "/"]);
    assert!(code == Some(3) && text.contains("no cluster runs here"), "{text}");
    let (code, text) = at_a_terminal(&cluster, &["put", "x", "/x"]);
    assert!(code == Some(0) && text.contains("started a local cluster: 1 master, 3 datanodes"), "{text}");

    cluster.dfsd_ok(&["down"]);
    let (code, text) = at_a_terminal(&cluster, &["put", "-f", "x", "/x"]);
    assert!(code == Some(3) && text.contains("no cluster runs here"), "it was stopped on purpose: {text}");
    let mut terminal = Terminal::run(cluster.shell_command(), 24, 120);
    terminal.prompt("/");
    terminal.see("the local cluster is started again, with 1 file: 1 master, 3 datanodes");
    terminal.send(key::CTRL_D);
    assert!(terminal.end().success());

    // After a crash or a reboot it is not the same as after `dfsd down`.
    cluster.kill_all();
    for words in [&["status"][..], &["ls", "/"], &["put", "-f", "x", "/x"]] {
        let said = soon(&cluster, words);
        let text = "the local cluster has crashed: 1 master and 3 datanodes\n  hint: dfsd up\n";
        assert!(said.code == 3 && said.stderr.ends_with(text), "{said:?}");
    }
    the_doctor_has_one_problem(&cluster, "the local cluster has crashed: 1 master and 3 datanodes", "dfsd up");
    let (code, text) = at_a_terminal(&cluster, &["put", "-f", "x", "/x"]);
    assert!(code == Some(0) && text.contains("started again, with 1 file"), "{text}");
}

/// The problems that doctor has beside those of the machine that runs this.
fn problems(cluster: &Cluster) -> Vec<Value> {
    let said = soon(cluster, &["--json", "doctor"]);
    let document: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let checks = document["checks"].as_array().expect("checks");
    let counts = |check: &&Value| check["verdict"] != "ok" && check["because"].is_null();
    let all: Vec<&Value> = checks.iter().filter(counts).collect();
    assert_eq!(document["problems"], all.len());
    all.into_iter().filter(|check| check["area"] != "machine").cloned().collect()
}

#[track_caller]
fn the_doctor_has_one_problem(cluster: &Cluster, why: &str, fix: &str) {
    let problems = problems(cluster);
    let whys: Vec<&str> = problems.iter().map(|check| check["why"].as_str().expect("a text")).collect();
    assert!(whys.len() == 1 && whys[0].starts_with(why), "{problems:?}");
    assert_eq!(problems[0]["fix"], fix);
}

#[test]
fn the_doctor_tells_of_each_problem_once() {
    let cluster = Cluster::start(Spec::default().datanodes(4).replication(2));
    let local = cluster.home().join("x");
    std::fs::write(&local, content::bytes(1, 5 << 20)).expect("write");
    cluster.ok(&["put", "x", "/x"]);
    cluster.wait_for("a healthy cluster", || cluster.json(&["status"])["health"] == "healthy");
    assert_eq!(problems(&cluster), Vec::<Value>::new());
    cluster.kill("datanode-2");
    // The master may not have noticed yet, or miss a heartbeat.
    let early = problems(&cluster);
    assert!(early.len() == 1 && early[0]["fix"] == "dfsd start datanode-2", "{early:?}");
    assert!(early[0]["why"].as_str().is_some_and(|why| why.contains("crashed")), "{early:?}");
    cluster.wait_for("a dead datanode", || cluster.json(&["status"])["nodes_dead"] == 1);
    the_doctor_has_one_problem(&cluster, "datanode-2 is dead (its process has crashed)", "dfsd start datanode-2");
    let text = cluster.shell(&["doctor"]).stdout;
    assert_eq!(text.matches("fix: dfsd").count(), 1, "{text}");
    let line = text.lines().skip_while(|line| !line.contains("datanode-2 is dead")).take(6).collect::<String>();
    assert!(line.contains("connection refused") && line.contains("datanode-2.log"), "{text}");
    cluster.kill("datanode-3");
    cluster.wait_for("two dead datanodes", || cluster.json(&["status"])["nodes_dead"] == 2);
    the_doctor_has_one_problem(
        &cluster,
        "datanode-2 and datanode-3 are dead (their processes have crashed)",
        "dfsd up",
    );
    cluster.kill("master-1");
    the_doctor_has_one_problem(&cluster, "no master answers: master-1 has crashed", "dfsd up");
    cluster.start_all();
    cluster.freeze("master-1");
    the_doctor_has_one_problem(&cluster, "no master answers: master-1 is suspended", "dfsd restart master-1");
    cluster.dfsd_ok(&["restart", "master-1"]);
}

#[test]
fn a_slip_in_the_settings_stops_nobody_from_looking_and_stopping() {
    let cluster = Cluster::start(Spec::default());
    std::fs::create_dir_all(cluster.home().join("config")).expect("made");
    let file = cluster.home().join("config/dfs.toml");
    for (text, place) in [("\nnosuch = 1\n", "dfs.toml:2: unknown key nosuch"), ("= no TOML", "dfs.toml:1")] {
        std::fs::write(&file, text).expect("write");
        for command in
            [&["status"][..], &["status", "--json"], &["logs"], &["stop", "datanode-1"], &["config", "show"], &["down"]]
        {
            let said = cluster.dfsd(command);
            assert_eq!(said.code, 0, "{command:?}: {said:?}");
            assert_eq!(said.stderr.matches("dfsd: warning: ").count(), 1, "{command:?}: {said:?}");
            assert!(said.stderr.contains(place), "{command:?}: {said:?}");
        }
        for command in [&["up"][..], &["start", "datanode-1"], &["restart"]] {
            let said = cluster.dfsd(command);
            assert!(said.code == 2 && said.stderr.contains(place), "{command:?}: {said:?}");
        }
        let said = cluster.shell(&["ls", "/"]);
        assert!(said.code == 2 && said.stderr.contains(place), "{said:?}");
        let said = cluster.shell(&["config", "show"]);
        assert!(
            said.code == 0 && said.stderr.starts_with("config: warning: ") && said.stderr.contains(place),
            "{said:?}"
        );
        for command in ["help", "version"] {
            assert_eq!(cluster.shell(&[command]).code, 0, "{command}");
        }
        let said = cluster.shell(&["doctor"]);
        assert!(said.code == 1 && said.stdout.contains(place), "{said:?}");
        assert!(said.stdout.contains(&cluster.home().join("data/master-1").display().to_string()), "{said:?}");
        std::fs::remove_file(&file).expect("removed");
        cluster.start_all();
    }
}

#[test]
fn a_datanode_is_removed_when_it_is_drained() {
    let cluster = Cluster::start(Spec::default().datanodes(4).replication(2));
    std::fs::write(cluster.home().join("x"), content::bytes(1, 3 << 20)).expect("write");
    cluster.ok(&["put", "x", "/x"]);
    let said = cluster.dfsd(&["up", "--datanodes", "2"]);
    let text = "dfsd: there are 4 datanodes already\n  hint: to remove one: node drain --wait datanode-4, then dfsd remove datanode-4\n";
    assert_eq!((said.code, said.stderr.as_str()), (1, text));
    assert!(cluster.dfsd_ok(&["up", "--datanodes", "4"]).contains("already running"));
    let said = cluster.dfsd(&["remove", "datanode-4", "--yes"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.stderr.contains("datanode-4: it is not drained, and holds "), "{said:?}");
    let hint = said.stderr.lines().last().and_then(|line| line.strip_prefix("  hint: ")).expect("a hint");
    cluster.ok(&["-c", &format!("{hint} --yes")]);
    let said = cluster.dfsd(&["remove", "datanode-4"]);
    assert!(said.code == 2 && said.stderr.ends_with("  hint: add --yes to confirm\n"), "{said:?}");
    let data = cluster.daemon("datanode-4").data_dir;
    assert!(data.exists());
    cluster.dfsd_ok(&["remove", "datanode-4", "--yes"]);
    assert!(!data.exists() && cluster.dfsd(&["start", "datanode-4"]).code == 1);
    // The masters have forgotten it: one that starts does not wait for it.
    assert!(!cluster.ok(&["nodes"]).contains("datanode-4"));
    let said = cluster.shell(&["node", "--yes", "forget", "datanode-9"]);
    assert_eq!((said.code, said.stderr.lines().next()), (1, Some("node: datanode-9: no such datanode")));
    cluster.dfsd_ok(&["restart", "master-1"]);
    cluster.wait_for("a status", || cluster.shell(&["status"]).code == 0);
    assert_eq!(cluster.json(&["status"])["nodes_expected"], 3, "{}", cluster.ok(&["status"]));
    cluster.ok(&["get", "/x", "back"]);
    assert_eq!(cluster.dfsd(&["remove", "master-1", "--yes"]).code, 1);
    cluster.dfsd_ok(&["up", "--datanodes", "4"]);
    let ids: Vec<String> = cluster.daemons().into_iter().map(|daemon| daemon.id).collect();
    assert_eq!(ids[1..], ["datanode-1", "datanode-2", "datanode-3", "datanode-5"]);
}

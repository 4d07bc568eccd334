//! The dashboard records the answers of masters, and replays them without a cluster.

use dfs_client::recording::{Recorder, When};
use dfs_client::view::{ClusterView, ViewVersion};
use dfs_client::{ClusterStatus, NodeStatus};
use dfs_tests::terminal::Terminal;
use dfs_tests::{Cluster, Spec, programs};
use dfs_types::{ClusterId, DatanodeId, Timestamp};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

const LINES: u16 = 40;
const CELLS: u16 = 120;

/// Returns a `dfs-shell` command in a home without a cluster or a credential.
fn nowhere(home: &TempDir, arguments: &[&str]) -> Command {
    let mut command = programs::dfs_shell();
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DFS_")) {
        command.env_remove(name);
    }
    command.env("DFS_HOME", home.path()).current_dir(home.path()).args(["--no-start", "top"]).args(arguments);
    command
}

/// Returns the exit code, the output and the messages.
fn ran(mut command: Command) -> (i32, String, String) {
    let output = command.stdin(Stdio::null()).output().expect("runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn frame(home: &TempDir, arguments: &[&str]) -> String {
    let (code, frame, said) = ran(nowhere(home, &[&["--once", "--size", "120x40"], arguments].concat()));
    assert_eq!(code, 0, "{said}");
    frame
}

fn name(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn home() -> TempDir {
    TempDir::with_prefix("dfs-test-").expect("temporary directory")
}

/// Writes a recording of fourteen minutes, one view each second, of a cluster that has as many
/// files as seconds have passed.
fn fourteen_minutes(home: &TempDir) -> PathBuf {
    let path = home.path().join("calm.rec");
    let began = Timestamp(1_795_293_064_000);
    let mut recorder = Recorder::begin(std::fs::File::create(&path).expect("create"), began).expect("begins");
    for second in 0..=840 {
        let taken_at = Timestamp(began.0 + second * 1000);
        let status = ClusterStatus { files: second, ..ClusterStatus::empty(ClusterId([1; 16]), taken_at) };
        let version = |seq| ViewVersion { epoch: 1, seq };
        let since = (second % 60 != 0).then(|| version(second - 1));
        let nodes = vec![NodeStatus::new(DatanodeId(7), ([127, 0, 0, 1], 7100).into())];
        let (copies, gone, events, curve) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let log = Default::default();
        let view = ClusterView { version: version(second), since, status, copies, log, nodes, gone, events, curve };
        let when = When { asked_ms: second * 1000, came_ms: second * 1000 };
        recorder.view(when, since.is_none(), &view.encode().expect("encodes")).expect("is written");
    }
    path
}

#[test]
fn a_recording_is_shown_when_the_cluster_is_gone() {
    let cluster = Cluster::start(Spec::default());
    let file = cluster.scratch().join("night.rec");
    let mut command = cluster.shell_command();
    command.args(["top", "--view", "overview", "--record", name(&file)]);
    let mut terminal = Terminal::run(command, LINES, CELLS);
    terminal.see("· healthy");
    terminal.see("recorded");
    cluster.kill("datanode-2");
    // This is known a moment before the master has recorded the event.
    terminal.see("datanode-2 is dead");
    terminal.press("7");
    terminal.see("declared dead: no heartbeat for ");
    cluster.kill_all();
    terminal.see("LOST for ");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
    assert_eq!(std::fs::metadata(&file).expect("is there").permissions().mode() & 0o777, 0o600);

    let home = home();
    let state_of = |at: &[&str], view: &str| frame(&home, &[&["--replay", name(&file), "--view", view], at].concat());
    let begin = state_of(&["--at", "0:00"], "nodes");
    let line = begin.lines().find(|line| line.contains("datanode-2")).unwrap_or_default();
    assert!(line.contains("live"), "{begin}");
    assert!(begin.starts_with("recording · 20") && begin.contains(" UTC · 0:00 of "), "{begin}");
    let end = state_of(&[], "nodes");
    let line = end.lines().find(|line| line.contains("datanode-2")).unwrap_or_default();
    assert!(line.contains("dead"), "{end}");
    assert!(end.contains(", end │ LOST for "), "{end}");
    assert!(state_of(&[], "events").contains("declared dead"));
    assert!(state_of(&[], "files").contains("there is no cluster to ask"));

    // A recorder that was killed leaves a torn tail.
    let bytes = std::fs::read(&file).expect("read");
    std::fs::write(&file, &bytes[..bytes.len() - 5]).expect("write");
    assert!(state_of(&[], "nodes").contains("datanode-2"));
}

#[test]
fn keys_move_through_a_recording() {
    let home = home();
    let file = fourteen_minutes(&home);
    let command = nowhere(&home, &["--replay", name(&file), "--at", "2:10", "--view", "overview"]);
    let mut terminal = Terminal::run(command, LINES, CELLS);
    terminal.see(" of 14:00");
    terminal.press(" ");
    terminal.see("of 14:00, stopped");
    let places = [
        ("(", "recording · 2026-11-21 20:31:04 UTC · 0:00 of 14:00, stopped"),
        (".", "0:10 of 14:00, stopped"),
        (">", "1:10 of 14:00, stopped"),
        (",", "1:00 of 14:00, stopped"),
        ("<", "20:31:04 UTC · 0:00 of 14:00, stopped"),
        (")", "20:45:04 UTC · 14:00 of 14:00, end"),
        ("<", "13:00 of 14:00, stopped"),
        ("+", "13:00 of 14:00, stopped"),
        ("(", "0:00 of 14:00, stopped"),
        (" ", " of 14:00 ×2"),
        ("--", " of 14:00 ×1/2"),
    ];
    for (keys, place) in places {
        terminal.press(keys);
        terminal.see(place);
    }
    terminal.wait("time goes on", |terminal| !terminal.text().contains(" 0:00 of "));
    terminal.press("?");
    terminal.see("ten seconds back");
    terminal.press("x:mkdir /a\r");
    terminal.see("a recording: not run: mkdir /a");
    terminal.press("5");
    terminal.see("there is no cluster to ask");
    terminal.press("2");
    terminal.see("datanode-7");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
    assert!(terminal.is_given_back(), "{terminal:?}");
}

#[test]
fn files_that_cannot_be_replayed_are_reported() {
    let home = home();
    let good = fourteen_minutes(&home);
    let good = name(&good);
    let write = |name: &str, bytes: &[u8]| std::fs::write(home.path().join(name), bytes).expect("write");
    let bytes = std::fs::read(good).expect("read");
    write("empty", b"");
    write("text", b"It was a dark and stormy night; the rain fell in torrents.");
    write("head", &bytes[..32]);
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    write("damaged", &damaged);
    for (arguments, code, what) in [
        (vec!["--once", "--replay", "nothing"], 1, "nothing"),
        (vec!["--once", "--replay", "."], 1, "a recording is a file"),
        (vec!["--once", "--replay", "/dev/null"], 1, "a recording is a file"),
        (vec!["--once", "--replay", "empty"], 1, "the file is empty"),
        (vec!["--once", "--replay", "text"], 1, "not a recording of dfs-top"),
        (vec!["--once", "--replay", "head"], 1, "it ended before the first view"),
        (vec!["--once", "--replay", "damaged"], 0, "the recording is corrupt at byte "),
        (vec!["--once", "--replay", good, "--at", "15:00"], 0, "the recording ends at 14:00: this is its end"),
        (vec!["--once", "--replay", good, "--at", "2:99"], 2, "2:10, 1:02:10, 90s"),
        (vec!["--once", "--at", "2:10"], 2, "--replay"),
        (vec!["--once", "--replay", good, "--record", "x"], 2, "cannot be used with"),
        (vec!["--replay", good], 2, "the dashboard needs a terminal"),
    ] {
        let said = ran(nowhere(&home, &arguments));
        assert!(said.0 == code && said.2.contains(what), "{arguments:?}: {said:?}");
    }
    assert!(frame(&home, &["--replay", good, "--at", "2:10"]).contains(" UTC · 2:10 of 14:00 │"));
}

#[test]
fn one_moment_is_recorded() {
    let cluster = Cluster::start(Spec::default());
    let file = cluster.scratch().join("now.rec");
    let record = ["top", "--once", "--record", name(&file)];
    assert!(cluster.ok(&record).contains("recorded"));
    let said = cluster.shell(&record);
    assert!(
        said.code == 1 && said.stderr.contains("already exists") && said.stderr.contains("-f replaces it"),
        "{said:?}"
    );
    cluster.ok(&[&record[..], &["-f"]].concat());
    let there = frame(&home(), &["--replay", name(&file), "--view", "nodes"]);
    assert!((1..=3).all(|id| there.contains(&format!("datanode-{id}"))), "{there}");
}

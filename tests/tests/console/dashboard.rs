//! The dashboard on a terminal, with a real cluster.

use dfs_tests::terminal::{Terminal, key};
use dfs_tests::{Cluster, Spec};
use rustix::process::Signal;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

const LINES: u16 = 40;
const CELLS: u16 = 120;

fn top(cluster: &Cluster, arguments: &[&str]) -> Terminal {
    let mut command = cluster.shell_command();
    command.arg("top").args(arguments);
    Terminal::run(command, LINES, CELLS)
}

fn file(cluster: &Cluster, mib: usize) -> PathBuf {
    let path = cluster.scratch().join("file");
    std::fs::write(&path, vec![7; mib << 20]).expect("write");
    path
}

/// Repair is slowed down, so that it can be observed.
#[test]
fn a_datanode_dies_and_its_chunks_are_re_replicated() {
    let cluster = Cluster::start(Spec::default().datanodes(4).set("DFS_MASTER_REPAIR_STREAMS", "1"));
    let file = file(&cluster, 160);
    cluster.ok(&["put", file.to_str().expect("UTF-8"), "/file"]);
    cluster.wait_for("a healthy cluster", || cluster.json(&["status"])["health"] == "healthy");
    let mut terminal = top(&cluster, &["--view", "overview"]);
    terminal.see("· healthy");
    terminal.see("160 MiB");
    cluster.kill("datanode-2");
    let killed = Instant::now();
    terminal.see("datanode-2 is dead");
    eprintln!("shown as dead after {:?}", killed.elapsed());
    terminal.press(":replication\r");
    terminal.see("done in           about ");
    eprintln!("repair with its ETA after {:?}", killed.elapsed());
    terminal.see("none: every chunk has all its replicas");
    cluster.dfsd_ok(&["start", "datanode-2"]);
    terminal.press(":overview\r");
    terminal.see("· healthy");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

/// A dashboard that is opened later shows the earlier activity, because the master keeps it.
#[test]
fn a_frame_has_the_earlier_curves() {
    let cluster = Cluster::start(Spec::default());
    let file = file(&cluster, 3);
    // Each of these is a separate process without earlier data.
    let frame = || cluster.ok(&["top", "--once", "--view", "overview", "--size", "80x24"]);
    let drawn = |name: &str| {
        let frame = frame();
        let line = frame.lines().find(|line| line.starts_with(name)).expect(name);
        !line.contains("not known") && line.contains("/s") && line.contains(|letter| ('▁'..='█').contains(&letter))
    };
    let mut puts = 0;
    cluster.wait_for("what was written and changed is in the curves", || {
        // If a datanode misses heartbeats on a busy machine, the state of one file is unknown.
        puts += 1;
        cluster.ok(&["put", file.to_str().expect("UTF-8"), &format!("/{puts}")]);
        drawn("written (all replicas)") && drawn("namespace changes")
    });
}

#[test]
fn however_it_ends_the_terminal_is_restored() {
    let cluster = Cluster::start(Spec::default());
    let top = || {
        let mut command = cluster.shell_command();
        command.arg("top");
        command
    };
    let ended = |command: Command, end: &dyn Fn(&mut Terminal)| {
        let mut terminal = Terminal::run(command, LINES, CELLS);
        terminal.see("dfs ");
        terminal.see("help");
        assert!(!terminal.is_given_back() && terminal.is_raw());
        end(&mut terminal);
        let status = terminal.end();
        assert!(terminal.is_given_back(), "{terminal:?}");
        (status.code(), String::from_utf8_lossy(terminal.written()).into_owned())
    };
    assert_eq!(ended(top(), &|terminal| terminal.press("q")).0, Some(0));
    assert_eq!(ended(top(), &|terminal| terminal.press(key::CTRL_C)).0, Some(0));
    assert_eq!(ended(top(), &|terminal| terminal.signal(Signal::TERM)).0, Some(130));
    // A line that is begun is completed by the world behind the dashboard, which panics.
    let mut panicking = Command::new(env!("CARGO_BIN_EXE_panicking-dashboard"));
    panicking.arg(cluster.credential()).arg(cluster.daemon("master-1").address);
    let (code, text) = ended(panicking, &|terminal| terminal.press(":"));
    assert!(code != Some(0) && text.contains("a planted panic"), "{code:?} {text}");
}

/// A terminal that is closed ends every program with the code of SIGHUP, and without a panic.
#[test]
fn a_closed_terminal_ends_the_programs() {
    let cluster = Cluster::start(Spec::default());
    let started = |command: Command, seen: &str, line: &str| {
        let mut terminal = Terminal::run(command, LINES, CELLS);
        terminal.see(seen);
        if !line.is_empty() {
            terminal.press(line);
            terminal.see(line.trim_end());
        }
        terminal.close().code()
    };
    for (command, seen, line) in [
        (cluster.top_command(), "healthy", ""),
        (cluster.shell_command(), "dfs:/", ""),
        (cluster.shell_command(), "dfs:/", "sleep 1h\r"),
        (cluster.shell_command(), "dfs:/", "sleep 1h &\r"),
    ] {
        assert_eq!(started(command, seen, line), Some(129), "{line:?}");
    }
}

/// The cluster stops and starts: the last view stays in the meantime, and is shown as outdated.
#[test]
fn the_last_view_stays() {
    let cluster = Cluster::start(Spec::default());
    let mut terminal = top(&cluster, &["--read-only"]);
    terminal.see("· healthy");
    terminal.see("read-only");
    cluster.kill_all();
    terminal.see("LOST for ");
    terminal.see("the figures are of");
    terminal.press(":mkdir /a\r");
    terminal.see("failed: mkdir: refused: mkdir changes something");
    cluster.start_all();
    terminal.see("· healthy");
    // Windows of any size, quickly.
    for (lines, cells) in [(1, 1), (16, 60), (3, 200), (60, 200), (24, 80)] {
        terminal.resize(lines, cells);
    }
    terminal.see("as of");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

/// A master that crashes while somebody looks is named, with the command that helps; Enter types it, and Enter runs it.
#[test]
fn a_master_that_crashes_is_started_again() {
    let cluster = Cluster::start(Spec::default());
    let mut terminal = top(&cluster, &["--view", "overview"]);
    terminal.see("· healthy");
    cluster.kill("master-1");
    terminal.see("no master answers: master-1 has crashed");
    terminal.see("run: dfsd start master-1");
    terminal.see("datanode-3");
    terminal.press(key::ENTER);
    terminal.see(":dfsd start master-1");
    terminal.press(key::ENTER);
    terminal.see("· healthy");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn frames_are_printed() {
    let cluster = Cluster::start(Spec::default());
    let plain = cluster.ok(&["top", "--once", "--size", "80x24", "--view", "masters"]);
    assert!(plain.lines().count() == 24 && plain.contains("master-1     leader"), "{plain}");
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    assert!(cluster.ok(&["top", "--once", "--ansi"]).contains("\u{1b}[0;1m"));
    for (arguments, what) in [
        (["top", "--once", "--view=x"], "the views are overview"),
        (["top", "--once", "--size=0x1"], "COLUMNSxLINES"),
        (["top", "--refresh=1ms", "--once"], "250ms to 5s"),
    ] {
        let said = cluster.shell(&arguments);
        assert!(said.code == 2 && said.stderr.contains(what), "{said:?}");
    }
    let said = cluster.shell(&["top"]);
    assert!(said.code == 2 && said.stderr.contains("the dashboard needs a terminal"), "{said:?}");
    cluster.kill("master-1");
    let said = cluster.shell(&["--timeout", "1s", "top", "--once"]);
    assert!(said.code == 3 && !said.stderr.is_empty(), "{said:?}");
    for part in ["no master answers", "run: ", "meanwhile: "] {
        assert!(said.stdout.contains(part), "{part}: {said:?}");
    }
}

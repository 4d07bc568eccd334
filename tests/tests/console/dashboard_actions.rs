//! Every action of every view, tried once through the real `dfs-top`.

use dfs_tests::terminal::{Terminal, key};
use dfs_tests::{Cluster, Spec, programs};
use std::path::Path;
use std::time::Duration;

const LINES: u16 = 50;
const CELLS: u16 = 140;

/// The effect of an action.
#[derive(Debug, Clone, Copy)]
enum Effect {
    /// This is seen on the screen.
    Shows(&'static str),
    /// This line of the shell is run, and ends well.
    Runs(&'static str),
    /// This line of the shell is run, and ends well or with a finding.
    Looks(&'static str),
    /// A question is asked before this line of the shell, answered with yes, and the line ends well.
    Asks(&'static str),
    /// The view looks otherwise, in words that do not matter here; nothing fails.
    Turns,
}

use Effect::{Asks, Looks, Runs, Shows, Turns};

/// The view, the keys that are pressed there one after the other, and the effect.
const ACTIONS: &[(&str, &str, Effect)] = &[
    ("overview", "z", Shows("minutes")),
    ("nodes", "s", Turns),
    ("nodes", "S", Turns),
    ("nodes", "/datanode-1\r", Shows("datanode-1")),
    ("nodes", "w", Runs("why datanode-1")),
    ("nodes", "i", Runs("node show datanode-1")),
    ("nodes", "d", Looks("doctor")),
    ("nodes", "D", Asks("node --yes drain datanode-1")),
    ("nodes", "R", Runs("node resume datanode-1")),
    ("nodes", "\r", Shows(" INFO ")),
    ("nodes", key::UP, Turns),
    ("nodes", key::ESCAPE, Shows("datanode-1")),
    ("nodes", key::ESCAPE, Shows("datanode-3")),
    ("heatmap", "l", Turns),
    ("heatmap", "L", Turns),
    ("heatmap", "g", Turns),
    ("heatmap", "g", Turns),
    ("heatmap", key::HOME, Turns),
    ("heatmap", "D", Asks("node --yes drain datanode-1")),
    ("heatmap", "R", Runs("node resume datanode-1")),
    ("heatmap", "f", Shows("photos")),
    ("heatmap", "h", Turns),
    ("heatmap", "h", Turns),
    ("heatmap", "r", Shows("photos")),
    ("heatmap", "\r", Turns),
    ("heatmap", "\x7f", Shows("photos")),
    ("heatmap", "f", Shows("datanode-3")),
    ("replication", key::DOWN, Turns),
    ("replication", "\r", Runs("find / -under-replicated")),
    ("files", "/notes\r", Shows("> notes")),
    ("files", "v", Shows("a few words")),
    ("files", key::ESCAPE, Turns),
    ("files", "i", Shows("info of /notes")),
    ("files", key::ESCAPE, Turns),
    ("files", "d", Runs("get /notes HERE")),
    ("files", "rx\r", Runs("mv /notes /notesx")),
    ("files", "csetrep 1 /notesx", Turns),
    ("files", key::ESCAPE, Turns),
    ("files", "nnew\r", Runs("mkdir /new")),
    ("files", key::DELETE, Asks("rm /notesx")),
    ("files", key::ESCAPE, Shows("photos/")),
    ("files", "*", Shows("2 of 2 entries marked")),
    ("files", "*", Turns),
    ("files", " ", Shows("1 of 2 entries marked")),
    ("files", key::ESCAPE, Shows("2 entries")),
    ("files", "s", Turns),
    ("files", key::HOME, Turns),
    ("files", "\r", Turns),
    ("files", "\x7f", Shows("photos/")),
    ("files", key::TAB, Turns),
    ("files", "/local\r", Shows("> local")),
    ("files", "u", Runs("put HERE/local /")),
    // It is there now, also in the other pane.
    ("files", key::HOME, Shows("  local ")),
    ("files", "u", Asks("put -f HERE/local /")),
    ("files", "\x1b[18~f7\r", Runs("mkdir /f7")),
    ("masters", "y", Shows("copied 127.0.0.1:")),
    ("events", "/put back\r", Shows("put back in service")),
    ("events", "\r", Runs("why datanode-1")),
    ("events", key::ESCAPE, Turns),
    ("events", "s", Turns),
    ("events", key::END, Turns),
    ("commands", "\r", Shows(":why datanode-1")),
    ("commands", key::ESCAPE, Turns),
    ("commands", "x", Shows("why datanode-1")),
    ("overview", "?", Shows("ctrl-z")),
    ("overview", key::ESCAPE, Turns),
    ("overview", ":pwd\r", Runs("pwd")),
    ("overview", key::TAB, Shows("datanode-3")),
    ("overview", "p", Shows("FROZEN")),
    ("overview", "p", Turns),
    ("overview", "+", Shows("0.50 s")),
    ("overview", "-", Shows("1.00 s")),
    ("overview", "t", Shows("light")),
    ("overview", "t", Shows("mono")),
    ("overview", "t", Shows("dark")),
    ("overview", "m", Turns),
    ("overview", "m", Turns),
    ("overview", "\x0c", Turns),
];

fn cluster() -> Cluster {
    let cluster = Cluster::start(Spec::default().replication(2));
    let scratch = cluster.scratch();
    let file = |name: &str, text: &str| {
        let path = scratch.join(name);
        std::fs::write(&path, text).expect("write");
        path.to_str().expect("UTF-8").to_owned()
    };
    cluster.ok(&["put", &file("notes", "a few words\n"), "/notes"]);
    cluster.ok(&["mkdir", "/photos"]);
    cluster.ok(&["put", &file("picture", &"x".repeat(1 << 20)), "/photos/picture"]);
    for name in ["notes", "picture"] {
        std::fs::remove_file(scratch.join(name)).expect("remove");
    }
    file("local", "of this machine\n");
    cluster
}

fn top(cluster: &Cluster, here: &Path) -> Terminal {
    let mut command = cluster.top_command();
    command.current_dir(here);
    Terminal::run(command, LINES, CELLS)
}

/// Waits in the view of commands for the line to end in one of these ways, and goes back.
fn ended(terminal: &mut Terminal, line: &str, view: &str, ways: &[&str]) {
    terminal.press(":commands\r");
    terminal.wait(&format!("{line} has ended: {ways:?}"), |terminal| {
        let text = terminal.text();
        let row = text.lines().find(|row| row.trim_end().ends_with(line) && !row.starts_with("──"));
        row.is_some_and(|row| ways.iter().any(|way| row.contains(way)))
    });
    terminal.press(&format!(":{view}\r"));
}

#[test]
fn every_action_of_every_view() {
    let cluster = cluster();
    let here = cluster.scratch();
    let mut terminal = top(&cluster, &here);
    terminal.see("· healthy");
    let mut at = "overview";
    for (view, keys, effect) in ACTIONS {
        eprintln!("{view}: {keys:?}");
        if *view != at {
            terminal.press(&format!(":{view}\r"));
            at = view;
        }
        // They are offered once the picture shows how the datanode is.
        match *keys {
            "D" => terminal.see("D drain"),
            "R" => terminal.see("R resume"),
            _ => {}
        }
        terminal.press(keys);
        if *keys == key::ESCAPE {
            // With a key right behind it, it would be taken for another key.
            terminal.rest(Duration::from_millis(200));
        }
        let here = |text: &str| text.replace("HERE", here.to_str().expect("UTF-8"));
        match effect {
            Shows(text) => terminal.see(&here(text)),
            Runs(line) => ended(&mut terminal, &here(line), view, &["done"]),
            Looks(line) => ended(&mut terminal, line, view, &["done", "failed 1"]),
            Asks(line) => {
                terminal.see(" n  Cancel ");
                terminal.press("y");
                ended(&mut terminal, &here(line), view, &["done"]);
            }
            Turns => {}
        }
        assert!(!terminal.text().contains("no such"), "{view} {keys:?}: {terminal:?}");
    }
    assert!(here.join("notes").exists(), "downloaded");
    let names = cluster.ok(&["ls", "/"]);
    assert_eq!(names.lines().collect::<Vec<_>>(), ["f7", "local", "new", "photos"]);
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

/// What the overview advises is done from there: the program starts itself as a daemon.
#[test]
fn a_killed_datanode_is_started_from_the_findings() {
    let cluster = Cluster::start(Spec::default());
    let mut terminal = top(&cluster, &cluster.scratch());
    terminal.see("· healthy");
    cluster.kill("datanode-2");
    terminal.see("dfsd start datanode-2");
    terminal.press(key::ENTER);
    terminal.see_line(":dfsd start datanode-2");
    terminal.press(key::ENTER);
    cluster.wait_for("the datanode runs", || cluster.daemon("datanode-2").pid.is_some());
    terminal.see("· healthy");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

/// Each program is `dfsd` where it is told so, whatever the file is called.
#[test]
fn every_program_acts_as_daemon() {
    let directory = tempfile::tempdir().expect("a directory");
    for command in [programs::dfs_shell(), programs::dfs_top()] {
        let link = directory.path().join("renamed");
        std::os::unix::fs::symlink(command.get_program(), &link).expect("a link");
        for program in [Path::new(command.get_program()), &link] {
            let output = std::process::Command::new(program).args(["__dfsd", "--version"]).output().expect("run");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert_eq!(text, format!("dfsd {}\n", env!("CARGO_PKG_VERSION")), "{program:?}: {output:?}");
        }
        std::fs::remove_file(link).expect("remove");
    }
}

#[test]
fn the_dashboard_speaks_of_itself() {
    let said = |arguments: &[&str]| {
        let output = programs::dfs_top().args(arguments).output().expect("run");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(said(&["--version"]), format!("dfs-top {}\n", env!("CARGO_PKG_VERSION")));
    let help = said(&["--help"]);
    assert!(help.contains("Usage: dfs-top [OPTIONS]") && !help.contains("Usage: dfs-shell"), "{help}");
}

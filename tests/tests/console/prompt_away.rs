//! The prompt while the cluster stops and starts: typing never waits, and the change is reported.

use dfs_tests::terminal::{Terminal, key};
use dfs_tests::{Cluster, Spec};
use std::time::{Duration, Instant};

#[test]
fn the_session_outlives_the_cluster() {
    let cluster = Cluster::start(Spec::default().set("DFS_CLIENT_RPC_TIMEOUT", "2s"));
    cluster.ok(&["mkdir", "/data", "/data/one", "/data/two"]);
    let mut terminal = Terminal::run(cluster.shell_command(), 24, 80);
    terminal.prompt("/");
    terminal.send("ls /data/");
    terminal.send(key::TAB);
    terminal.see("one/  two/");
    terminal.give_up();

    // It stops answering: known entries are still offered, and quickly.
    cluster.freeze("master-1");
    terminal.line("echo still here");
    terminal.send("ls /data/");
    let pressed = Instant::now();
    terminal.send(key::TAB);
    terminal.see("(stale)");
    let held_up = pressed.elapsed();
    terminal.give_up();
    terminal.see("the cluster is away");
    terminal.line("pwd");
    terminal.see_line("dfs:/ (away)>");
    terminal.line("ls /data");
    let gave_up = |line: &str| line.starts_with("ls: /data: ") && line.ends_with(", deadline 2s)");
    terminal.wait("that ls gives up", |terminal| terminal.text().lines().any(gave_up));
    cluster.thaw("master-1");
    terminal.see("dfs: the cluster is back");
    terminal.line("ls /data");
    terminal.prompt("/");
    // The result of the test does not depend on a clock; this output helps to find out why it is
    // slow.
    eprintln!("completion without an answer took {held_up:?}");
    assert!(held_up < Duration::from_secs(10));

    // It stops, and starts again with its data.
    cluster.kill_all();
    terminal.line("ls /data");
    terminal.see("is the cluster running?");
    terminal.send("ls /da");
    terminal.send(key::TAB);
    terminal.give_up();
    cluster.start_all();
    terminal.wait("the cluster is back", |terminal| terminal.text().matches("dfs: the cluster is back").count() >= 2);
    terminal.line("ls -d /data/one");
    terminal.wait("the answer", |terminal| terminal.text().lines().any(|line| line == "/data/one"));
    terminal.prompt("/");
    terminal.send(key::CTRL_D);
    assert_eq!(terminal.end().code(), Some(0));
}

/// A prompt without a reachable cluster is shown at once, and says so.
#[test]
fn the_prompt_does_not_wait_for_the_cluster() {
    let cluster = Cluster::start(Spec::default());
    cluster.freeze("master-1");
    let mut terminal = Terminal::run(cluster.shell_command(), 24, 80);
    terminal.prompt("/");
    terminal.see("the cluster is away");
    terminal.send("ls /");
    terminal.send(key::TAB);
    terminal.see("(the cluster does not answer)");
    terminal.give_up();
    terminal.line("ls /");
    terminal.see("waiting for");
    terminal.press(key::CTRL_C);
    terminal.see("ls: /: interrupted");
    cluster.thaw("master-1");
    terminal.see("the cluster is back");
    terminal.send(key::CTRL_D);
    assert_eq!(terminal.end().code(), Some(0));
}

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
    terminal.see("cluster unreachable");
    terminal.line("pwd");
    terminal.see_line("dfs:/ (unreachable)>");
    terminal.line("ls /data");
    terminal.see("ls: /data: no master answers: master-1 is suspended");
    terminal.see("hint: dfsd restart master-1");
    terminal.see_line("dfs:/ (unreachable)>");
    terminal.send("ls /dta");
    terminal.send(key::LEFT);
    terminal.send(key::LEFT);
    terminal.see_line("dfs:/ (unreachable)> ls /d");
    cluster.thaw("master-1");
    terminal.see("dfs: the cluster is back");
    // The prompt that stands is right at once, and so is what was typed behind it.
    terminal.see_line("dfs:/ (back online)> ls /d");
    assert_eq!(terminal.cursor_line().trim_end(), "dfs:/ (back online)> ls /dta");
    terminal.send("a");
    terminal.enter();
    terminal.prompt("/");
    // The result of the test does not depend on a clock; this output helps to find out why it is
    // slow.
    eprintln!("completion without an answer took {held_up:?}");
    assert!(held_up < Duration::from_secs(10));

    // It stops, and starts again with its data.
    cluster.kill_all();
    terminal.line("ls /data");
    terminal.see("ls: /data: no master answers: master-1 has crashed");
    terminal.see("hint: dfsd up");
    terminal.wait("that it is said", |terminal| terminal.text().matches("dfs: cluster unreachable").count() >= 2);
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

/// After a command that waited for the cluster and succeeded, the prompt no longer says that it is
/// unreachable.
#[test]
fn after_a_command_that_succeeded_the_prompt_is_right() {
    let cluster = Cluster::start(Spec::default());
    cluster.ok(&["mkdir", "/data"]);
    let mut terminal = Terminal::run(cluster.shell_command(), 24, 80);
    terminal.prompt("/");
    cluster.freeze("master-1");
    terminal.line("pwd");
    terminal.see("cluster unreachable");
    terminal.line("pwd");
    terminal.see_line("dfs:/ (unreachable)>");
    terminal.send("ls /");
    // Enter has taken the line; the command waits for the master.
    terminal.press(key::ENTER);
    cluster.thaw("master-1");
    terminal.wait("the answer", |terminal| terminal.text().lines().any(|line| line == "data"));
    terminal.prompt("/");
    assert!(!terminal.cursor_line().contains("unreachable"), "{}", terminal.text());
    terminal.send(key::CTRL_D);
    assert_eq!(terminal.end().code(), Some(0));
}

/// What the prompt says of the cluster is true behind every command that the cluster answered.
#[test]
fn the_mark_follows_what_commands_have_seen() {
    let cluster = Cluster::start(Spec::default().replication(2));
    let file = cluster.scratch().join("f");
    std::fs::write(&file, vec![7; 1 << 20]).expect("write");
    cluster.ok(&["put", file.to_str().expect("UTF-8"), "/f"]);
    let mut terminal = Terminal::run(cluster.shell_command(), 60, 80);
    terminal.prompt("/");
    cluster.kill("master-1");
    terminal.line("ls /");
    terminal.see("cluster unreachable");
    terminal.line("pwd");
    terminal.see_line("dfs:/ (unreachable)>");
    // It is back, at first with chunks that are not reported yet: a trouble, but it answers.
    for line in ["dfsd start master-1", "ls /"] {
        terminal.line(line);
        terminal.prompt("/");
        assert!(!terminal.cursor_line().contains("unreachable"), "{}", terminal.text());
    }
    cluster.wait_for("health", || cluster.is_healthy());
    terminal.line("ls /");
    terminal.see_line("dfs:/>");

    // A chunk without a copy for a while, and with one again.
    let chunks = cluster.json(&["locate", "/f"]);
    let holders: Vec<String> = chunks[0]["replicas"]
        .as_array()
        .expect("replicas")
        .iter()
        .map(|one| one["node"].as_str().expect("a name").to_owned())
        .collect();
    holders.iter().for_each(|node| cluster.kill(node));
    cluster.wait_for("trouble", || !cluster.is_healthy());
    terminal.line("ls /");
    terminal.see("1 chunk has no live replica");
    terminal.line("pwd");
    terminal.see_line("dfs:/ !>");
    holders.iter().for_each(|node| cluster.start_daemon(node));
    cluster.wait_for("health", || cluster.is_healthy());
    terminal.line("ls /");
    terminal.prompt("/");
    assert_eq!(terminal.cursor_line().trim_end(), "dfs:/>", "{}", terminal.text());
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
    terminal.see("cluster unreachable");
    terminal.send("ls /");
    terminal.send(key::TAB);
    terminal.see("(the cluster does not answer)");
    terminal.give_up();
    terminal.line("ls /");
    terminal.press(key::CTRL_C);
    terminal.see("ls: /: interrupted");
    cluster.thaw("master-1");
    terminal.see("the cluster is back");
    terminal.send(key::CTRL_D);
    assert_eq!(terminal.end().code(), Some(0));
}

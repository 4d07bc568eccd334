//! Completion at the prompt.

use super::prompt;
use dfs_tests::Cluster;
use dfs_tests::terminal::{Terminal, key};
use std::os::unix::fs::PermissionsExt;

pub(super) fn completes(cluster: &Cluster) {
    let mut terminal = prompt(cluster, 24, 80);
    // A command, a directory, a file: one candidate each.
    terminal.send("statu");
    terminal.send(key::TAB);
    terminal.see_typed("status");
    terminal.send(key::CTRL_U);
    terminal.send("ls /da");
    terminal.send(key::TAB);
    terminal.see_typed("ls /data/");
    terminal.send("no");
    terminal.send(key::TAB);
    terminal.see_typed("ls /data/notes.txt");
    terminal.send(key::CTRL_U);
    // The common prefix is inserted with its escape; then all candidates are shown.
    terminal.send("ls /data/b");
    terminal.send(key::TAB);
    terminal.wait("the common part", |terminal| terminal.cursor_line().starts_with("dfs:/> ls /data/big\\ fi"));
    terminal.send(key::TAB);
    terminal.see("big file.bin  big fish.bin");
    terminal.send("l");
    terminal.send(key::TAB);
    terminal.see_typed("ls /data/big\\ file.bin");
    terminal.enter();
    terminal.wait("the listing", |terminal| terminal.text().lines().any(|line| line == "/data/big file.bin"));
    // Flags, and datanodes.
    terminal.send("ls --hel");
    terminal.send(key::TAB);
    terminal.see_typed("ls --help");
    terminal.send(key::CTRL_U);
    // A variable, and a local path.
    terminal.line("set weekday=monday");
    terminal.send("echo $wee");
    terminal.send(key::TAB);
    terminal.see_typed("echo $weekday");
    terminal.send(key::CTRL_U);
    std::fs::write(cluster.home().join("local file"), "").expect("write");
    terminal.send("put local");
    terminal.send(key::TAB);
    terminal.wait("a local path", |terminal| terminal.cursor_line().starts_with("dfs:/> put local\\ file "));
    terminal.send(key::CTRL_U);
    terminal.line("exit 3");
    assert_eq!(terminal.end().code(), Some(3));
}

/// Tab shows what fits below the line and goes through it; arrows move, Enter takes, Esc leaves.
pub(super) fn a_menu_below_the_line(cluster: &Cluster) {
    let mut terminal = prompt(cluster, 24, 80);
    let below = |terminal: &Terminal| terminal.text().contains("big file.bin  big fish.bin");
    terminal.send("stat /data/big\\ fi");
    terminal.send(key::TAB);
    terminal.wait("the menu", below);
    terminal.see_typed("stat /data/big\\ fi");
    for (key, typed) in [
        (key::TAB, "stat /data/big\\ file.bin"),
        (key::TAB, "stat /data/big\\ fish.bin"),
        (key::DOWN, "stat /data/big\\ file.bin"),
        (key::UP, "stat /data/big\\ fish.bin"),
        (key::LEFT, "stat /data/big\\ file.bin"),
        (key::RIGHT, "stat /data/big\\ fish.bin"),
        (key::BACK_TAB, "stat /data/big\\ file.bin"),
    ] {
        terminal.send(key);
        terminal.see_typed(typed);
        assert!(below(&terminal), "{terminal:?}");
        let name = if typed.contains("file") { "big file.bin" } else { "big fish.bin" };
        terminal
            .wait("the selected one is marked", |terminal| terminal.cell_of(name).is_some_and(|cell| cell.inverse()));
    }
    // Esc takes back what was put in.
    terminal.send(key::ESCAPE);
    terminal.see_typed("stat /data/big\\ fi");
    terminal.wait("no menu", |terminal| !below(terminal));
    // Enter takes what is selected, and only the next one runs the line.
    terminal.send(key::TAB);
    terminal.wait("the menu", below);
    terminal.send(key::DOWN);
    terminal.see_typed("stat /data/big\\ file.bin");
    terminal.send(key::ENTER);
    terminal.wait("no menu", |terminal| !below(terminal));
    terminal.see_typed("stat /data/big\\ file.bin");
    terminal.enter();
    terminal.see("/data/big file.bin");
    terminal.prompt("/");
    // What is typed, and where the cursor goes, closes it.
    for key in ["s", key::LEFT, key::CTRL_A] {
        terminal.send("ls /data/big\\ fi");
        terminal.send(key::TAB);
        terminal.wait("the menu", below);
        terminal.send(key);
        terminal.wait("no menu", |terminal| !below(terminal));
        terminal.give_up();
    }
    // Ctrl-C takes the menu with the line.
    terminal.send("ls /data/big\\ fi");
    terminal.send(key::TAB);
    terminal.wait("the menu", below);
    terminal.give_up();
    assert!(!below(&terminal), "{terminal:?}");
    // What is selected in a menu that is longer than the screen is on the screen.
    terminal.resize(10, 80);
    terminal.send(key::TAB);
    terminal.see("more");
    terminal.send(key::BACK_TAB);
    terminal.wait("the last one", |terminal| terminal.typed().is_some_and(|typed| !typed.is_empty()));
    let last = terminal.typed().expect("a command");
    terminal.wait("it is in the menu", |terminal| terminal.text().lines().skip(1).any(|line| line.starts_with(&last)));
    terminal.send(key::ESCAPE);
    terminal.prompt("/");
}

/// Each place knows its words, and says what those of commands and flags are for.
pub(super) fn words_of_every_kind(cluster: &Cluster) {
    let programs = cluster.scratch().join("programs");
    std::fs::create_dir_all(&programs).expect("make");
    std::fs::write(programs.join("dfs-test-program"), "#!/bin/sh\n").expect("write");
    std::fs::set_permissions(programs.join("dfs-test-program"), PermissionsExt::from_mode(0o755)).expect("set");
    let mut command = cluster.shell_command();
    let path = std::env::var("PATH").expect("a PATH");
    command.env("PATH", format!("{}:{path}", programs.display()));
    let mut terminal = Terminal::run(command, 40, 100);
    terminal.prompt("/");
    for (typed, completed) in [
        ("dfsd resta", "dfsd restart"),
        ("dfsd stop mas", "dfsd stop master-1"),
        ("dfsd up --datan", "dfsd up --datanodes"),
        ("set keep", "set keep_going="),
        ("set quiet=of", "set quiet=off"),
        ("config show client.cred", "config show client.credential"),
        ("top --view hea", "top --view heatmap"),
        ("jobs can", "jobs cancel"),
        ("!dfs-test-prog", "!dfs-test-program"),
        ("ls | dfs-test-prog", "ls | dfs-test-program"),
        ("ls | grep a | dfs-test-prog", "ls | grep a | dfs-test-program"),
    ] {
        terminal.send(typed);
        terminal.send(key::TAB);
        terminal.see_typed(completed);
        terminal.send(key::CTRL_U);
    }
    terminal.line("sleep 1h &");
    terminal.see("[1] sleep 1h");
    for command in ["fg", "wait", "jobs cancel"] {
        terminal.send(&format!("{command} "));
        terminal.send(key::TAB);
        terminal.see_typed(&format!("{command} 1"));
        terminal.send(key::CTRL_U);
    }
    terminal.line("jobs cancel; wait");
    terminal.see("[1] interrupted sleep 1h");
    terminal.send("mk");
    terminal.send(key::TAB);
    terminal.see_typed("mkdir");
    terminal.send(key::CTRL_U);
    terminal.send("l");
    terminal.send(key::TAB);
    terminal.wait("what commands do", |terminal| {
        terminal.text().lines().any(|line| line.starts_with("ls  ") && line.contains("List"))
    });
    terminal.give_up();
    terminal.send("ls -");
    terminal.send(key::TAB);
    terminal.wait("what flags do", |terminal| {
        terminal.text().lines().any(|line| line.starts_with("--help  ") && line.contains("Show"))
    });
    terminal.give_up();
}

/// The case of letters does not count where nothing fits with it, and directories may be abbreviated.
pub(super) fn paths_that_were_meant(cluster: &Cluster) {
    cluster.ok(&["mkdir", "-p", "/stuff/docs/a", "/stage/doors"]);
    let mut terminal = prompt(cluster, 24, 80);
    for (typed, completed) in [
        ("ls /DA", "ls /data/"),
        ("ls /data/NOTES", "ls /data/notes.txt"),
        ("ls /stu/do", "ls /stuff/docs/"),
        ("ls /ST/DOC/", "ls /stuff/docs/a/"),
        ("STATU", "status"),
    ] {
        terminal.send(typed);
        terminal.send(key::TAB);
        terminal.see_typed(completed);
        terminal.send(key::CTRL_U);
    }
    terminal.send("ls /st/do");
    terminal.send(key::TAB);
    terminal.see("/stage/doors/  /stuff/docs/");
    terminal.send(key::UP);
    terminal.see_typed("ls /stuff/docs/");
    terminal.give_up();
}

pub(super) fn odd_names_are_quoted(cluster: &Cluster) {
    let mut terminal = prompt(cluster, 24, 80);
    terminal.line("cd /odd");
    terminal.prompt("/odd");
    for (typed, completed) in [
        ("se", "semi\\;colon"),
        ("new", "$'new\\nline'"),
        ("'🦀", "'🦀 crab'"),
        ("./-", "./-dash"),
        ("\\$", "\\$dollar"),
        ("\"it", "\"it's\""),
        ("quo", "quo\\\"te"),
    ] {
        terminal.send(&format!("stat {typed}"));
        terminal.send(key::TAB);
        terminal.wait(completed, |terminal| terminal.cursor_line().contains(&format!("stat {completed} ")));
        terminal.enter();
        terminal.prompt("/odd");
        assert!(!terminal.text().contains("no such"), "{typed}: {terminal:?}");
    }
    terminal.send(key::CTRL_D);
    assert_eq!(terminal.end().code(), Some(0));
}

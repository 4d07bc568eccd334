//! Transfers and jobs on a terminal. The sources are pipes, so that a test controls their speed.

use dfs_tests::terminal::{Terminal, key};
use dfs_tests::{Cluster, Spec};
use rustix::process::Signal;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn at_a_terminal() {
    let cluster = Cluster::start(Spec::default());
    lines_follow_the_window(&cluster);
    nothing_of_the_lines_stays(&cluster);
    interrupted(&cluster);
    in_the_background(&cluster);
    put_there_while_it_runs(&cluster);
    left_with_jobs(&cluster);
    hung_up(&cluster);
}

fn prompt(cluster: &Cluster) -> Terminal {
    let mut terminal = Terminal::run(cluster.shell_command(), 24, 80);
    terminal.prompt("/");
    terminal
}

fn pipe(cluster: &Cluster, name: &str) -> PathBuf {
    let path = cluster.scratch().join(name);
    assert!(Command::new("mkfifo").arg(&path).status().expect("run mkfifo").success());
    path
}

/// Waits until the program reads the pipe, and writes this many bytes to it.
fn feed(path: &Path, bytes: usize) -> File {
    let mut pipe = OpenOptions::new().write(true).open(path).expect("open a pipe");
    pipe.write_all(&vec![7; bytes]).expect("feed");
    pipe
}

fn lines_with(terminal: &Terminal, text: &str) -> usize {
    terminal.text().lines().filter(|line| line.contains(text)).count()
}

/// A terminal that is closed ends what runs and what waits for a line; jobs in the background as
/// well.
fn hung_up(cluster: &Cluster) {
    let source = pipe(cluster, "hung");
    for (line, runs) in [("", false), ("put hung /hung", true), ("put hung /hung &", true)] {
        let mut terminal = prompt(cluster);
        terminal.line(&format!("lcd {}", cluster.scratch().display()));
        terminal.prompt("/");
        terminal.line(line);
        let fed = runs.then(|| feed(&source, 3 << 20));
        terminal.signal(Signal::HUP);
        assert_eq!(terminal.end().code(), Some(129), "{line}: {terminal:?}");
        assert!(terminal.is_given_back(), "{line}");
        drop(fed);
    }
    assert_eq!(cluster.shell(&["stat", "/hung"]).code, 1);
}

fn lines_follow_the_window(cluster: &Cluster) {
    let (one, two) = (pipe(cluster, "one"), pipe(cluster, "two"));
    let mut terminal = prompt(cluster);
    terminal.line(&format!("lcd {}", cluster.scratch().display()));
    terminal.prompt("/");
    terminal.line("put one two /");
    let (first, second) = (feed(&one, 3 << 20), feed(&two, 2 << 20));
    terminal.wait("a line for each and one for all", |terminal| {
        let text = terminal.text();
        let lines: Vec<&str> = text.lines().collect();
        matches!(lines.as_slice(), [.., one, two, all]
            if one.starts_with("one ") && two.starts_with("two ") && all.starts_with('[') && all.ends_with("0 of 2 files"))
    });
    // Narrow, and wide again: each line is shown once.
    for (cells, total) in [(20, "MiB"), (80, "0 of 2 files")] {
        terminal.resize(24, cells);
        terminal.wait("the lines at the new width", |terminal| {
            terminal
                .text()
                .lines()
                .next_back()
                .is_some_and(|last| last.contains(total) && last.starts_with('[') == (cells > 60))
                && lines_with(terminal, "one ") == 1
                && lines_with(terminal, "two ") == 1
                && lines_with(terminal, "MiB") <= 3
        });
    }
    drop((first, second));
    terminal.see("put: 2 files, 5.0 MiB in ");
    terminal.prompt("/");
    assert_eq!(lines_with(&terminal, "["), 0, "no bar is left");
}

/// News of the cluster, keys that are pressed meanwhile and a window that changes leave nothing of
/// the lines behind, whatever its width and the name of the file are.
fn nothing_of_the_lines_stays(cluster: &Cluster) {
    for (cells, name) in [
        (40, "left40 short".to_owned()),
        (40, format!("left40w {}", "漢字".repeat(30))),
        (80, format!("left80 {}", "x".repeat(120))),
        (100, format!("left100 {}", "👨‍👩‍👧".repeat(12))),
        (200, "left200 short".to_owned()),
    ] {
        let source = pipe(cluster, &name);
        let pattern = name.split_once(' ').expect("a beginning").0;
        let (shown, has_lines) = (format!("{pattern} "), |terminal: &Terminal| terminal.text().contains("B/s"));
        let mut terminal = Terminal::run(cluster.shell_command(), 50, cells);
        terminal.prompt("/");
        terminal.line(&format!("lcd {}", cluster.scratch().display()));
        terminal.prompt("/");
        // The pattern keeps the name out of the line, so that it is in the progress lines only.
        terminal.line(&format!("put {pattern}?* /{pattern}"));
        let open = feed(&source, 2 << 20);
        terminal.wait("its lines", has_lines);
        // While they are shown, the cluster comes back.
        terminal.press(key::CTRL_Z);
        terminal.prompt("/");
        cluster.freeze("master-1");
        terminal.line("ls");
        terminal.press(key::CTRL_C);
        terminal.see("cluster unreachable");
        terminal.prompt("/");
        terminal.line("fg");
        terminal.wait("its lines again", |terminal| terminal.cursor_line().contains("MiB"));
        cluster.thaw("master-1");
        terminal.see("the cluster is back");
        terminal.wait("its lines below the news", |terminal| terminal.cursor_line().contains("MiB"));
        for keys in ["\r", "pwd\r", "what is typed ahead, and longer than one line of a narrow window\x15"] {
            terminal.press(keys);
            let before = terminal.written().len();
            terminal.wait("them again", |terminal| {
                terminal.written().len() > before && terminal.cursor_line().contains("MiB")
            });
        }
        drop(open);
        terminal.see("[1] done put ");
        terminal.wait("what was typed", |terminal| terminal.text().lines().any(|line| line == "/"));
        terminal.prompt("/");
        let text = terminal.text();
        // Before it went into the background it has said that it reads a FIFO.
        let left: Vec<&str> = text
            .lines()
            .skip_while(|line| !line.starts_with("[1] "))
            .filter(|line| {
                line.contains(&shown) || line.contains("B/s") && !line.contains(" in ") || line.starts_with('[')
            })
            .filter(|line| !line.starts_with("[1] "))
            .collect();
        assert_eq!(left, [""; 0], "{cells} cells, {name}:\n{text}");
    }
}

fn interrupted(cluster: &Cluster) {
    let source = pipe(cluster, "three");
    let mut terminal = prompt(cluster);
    terminal.line(&format!("lcd {}", cluster.scratch().display()));
    terminal.prompt("/");
    terminal.line("put --chunk-size 2048KiB three /");
    let _open = feed(&source, 2 << 20);
    terminal.see("MiB");
    terminal.press(key::CTRL_C);
    terminal.see("put: /three: interrupted");
    terminal.prompt("/");
    assert_eq!(cluster.shell(&["stat", "/three"]).code, 1);
    // Nothing of it is kept, and the line says so; it holds what was typed.
    let said = terminal.text().replace('\n', "");
    assert!(said.contains("; start again with: put --chunk-size 2048KiB three /three"), "{said}");

    // A get without -c keeps nothing either; with it, it does.
    let local = cluster.scratch().join("got");
    std::fs::write(&local, vec![7; 4 << 20]).expect("write");
    cluster.ok(&["put", local.to_str().expect("UTF-8"), "/whole"]);
    let nodes = ["datanode-1", "datanode-2", "datanode-3"];
    for (flags, onward) in [
        ("", "start again with: get -c /whole again (an interrupted get -c resumes)"),
        ("-c ", "continue with: get -c /whole again"),
    ] {
        nodes.iter().for_each(|node| cluster.freeze(node));
        terminal.line(&format!("get {flags}/whole again"));
        terminal.wait("its lines", |terminal| terminal.cursor_line().contains("MiB"));
        terminal.press(key::CTRL_C);
        terminal.wait("how it goes on", |terminal| terminal.text().replace('\n', "").contains(&format!("; {onward}")));
        terminal.prompt("/");
        nodes.iter().for_each(|node| cluster.thaw(node));
    }
}

fn in_the_background(cluster: &Cluster) {
    let source = pipe(cluster, "four");
    let mut terminal = prompt(cluster);
    terminal.line(&format!("put {} /four &", source.display()));
    terminal.see("[1] put ");
    let open = feed(&source, 2 << 20);
    terminal.line("jobs");
    terminal.see("[1] running");
    terminal.line("fg");
    terminal.wait("its lines", |terminal| terminal.text().lines().any(|line| line.ends_with("/s")));
    drop(open);
    terminal.see("[1] done put ");
    // The end of a job is reported before a prompt, and `wait` waits for it.
    terminal.line("cat /none &");
    terminal.see("[1] cat /none");
    terminal.line("wait");
    terminal.wait("its end", |terminal| {
        terminal.text().contains("[1] failed cat /none") && terminal.text().contains("cat: /none: no such file")
    });
}

/// Ctrl-Z gives the prompt back while the transfer goes on, and `fg` brings its lines back.
fn put_there_while_it_runs(cluster: &Cluster) {
    let source = pipe(cluster, "five");
    let has_lines = |terminal: &Terminal| terminal.text().lines().any(|line| line.ends_with("/s"));
    let mut terminal = prompt(cluster);
    terminal.line("bg");
    terminal.see("bg: there are no jobs");
    terminal.prompt("/");
    terminal.line(&format!("put {} /five", source.display()));
    let mut open = feed(&source, 2 << 20);
    terminal.wait("its lines", has_lines);
    terminal.press(key::CTRL_Z);
    terminal.see("[1] put ");
    terminal.prompt("/");
    assert!(!has_lines(&terminal), "{terminal:?}");
    terminal.line("bg");
    terminal.see("[1] running put ");
    terminal.prompt("/");
    for _ in 0..2 {
        terminal.line("fg");
        terminal.wait("its lines", has_lines);
        open.write_all(&[7; 1 << 20]).expect("feed");
        terminal.press(key::CTRL_Z);
        terminal.prompt("/");
        assert!(!has_lines(&terminal), "{terminal:?}");
    }
    // Its names are those of the directory that it was begun in.
    terminal.line("lcd /");
    terminal.see("lcd: job 1 works in this directory");
    terminal.prompt("/");
    // What is not moved is not touched by the key.
    terminal.line("sleep 1h");
    terminal.wait("the command runs", |terminal| !terminal.is_at_prompt());
    terminal.press(key::CTRL_Z);
    terminal.press(key::CTRL_C);
    terminal.see("sleep: interrupted");
    terminal.prompt("/");
    drop(open);
    terminal.line("wait");
    terminal.see("[1] done put ");
    terminal.prompt("/");
    assert_eq!(cluster.json(&["stat", "/five"])[0]["size"], 4 << 20);
    // Without it all is as it was: what a command says and how it ends, also at the second Ctrl-C.
    terminal.line("put /none /six");
    terminal.see("/none: no such file");
    terminal.prompt("/");
    let source = pipe(cluster, "seven");
    terminal.line(&format!("put {} /seven; echo not this", source.display()));
    let _open = feed(&source, 2 << 20);
    terminal.wait("its lines", has_lines);
    terminal.press(key::CTRL_C);
    terminal.see("put: /seven: interrupted");
    terminal.prompt("/");
    assert!(!terminal.text().lines().any(|line| line == "not this"), "{terminal:?}");
    terminal.line("jobs; echo that is all");
    terminal.wait("no jobs", |terminal| terminal.text().lines().any(|line| line == "that is all"));
    assert_eq!(lines_with(&terminal, "[2]"), 0, "{terminal:?}");
}

fn left_with_jobs(cluster: &Cluster) {
    let mut terminal = prompt(cluster);
    terminal.line("sleep 1000 &");
    terminal.see("[1] sleep 1000");
    terminal.prompt("/");
    terminal.line("exit");
    terminal.see("1 job is still running; end and exit? [y/N]");
    terminal.press("n\r");
    terminal.prompt("/");
    terminal.send(key::CTRL_D);
    terminal.wait("the question again", |terminal| lines_with(terminal, "[y/N]") == 2);
    terminal.press("y\r");
    assert_eq!(terminal.end().code(), Some(0));
    assert!(terminal.text().contains("[1] interrupted sleep 1000"), "{}", terminal.text());
}

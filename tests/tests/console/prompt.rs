//! The prompt on a terminal: input through a pseudo-terminal, output checked on a model of its
//! screen.

mod completion;

use completion::{a_menu_below_the_line, completes, odd_names_are_quoted, paths_that_were_meant, words_of_every_kind};
use dfs_tests::terminal::{Terminal, key};
use dfs_tests::{Cluster, Spec};
use std::os::unix::fs::PermissionsExt;

/// Starts a cluster with the names that the tests need.
fn cluster() -> Cluster {
    let cluster = Cluster::start(Spec::default());
    cluster.ok(&["mkdir", "-p", "/data/2026", "/odd"]);
    for name in ["a.csv", "notes.txt", "big file.bin", "big fish.bin"] {
        put(&cluster, &format!("/data/{name}"));
    }
    for name in ["semi;colon", "new\nline", "🦀 crab", "-dash", "$dollar", "it's", "quo\"te"] {
        put(&cluster, &format!("/odd/{name}"));
    }
    cluster
}

fn put(cluster: &Cluster, remote: &str) {
    let local = cluster.scratch().join("file");
    std::fs::write(&local, "some text\n").expect("write");
    cluster.ok(&["put", "-f", local.to_str().expect("UTF-8"), remote]);
}

fn prompt(cluster: &Cluster, lines: u16, cells: u16) -> Terminal {
    let mut terminal = Terminal::run(cluster.shell_command(), lines, cells);
    terminal.prompt("/");
    terminal
}

/// Many small checks on one cluster, because starting one takes longer than all of them.
#[test]
fn at_the_prompt() {
    let cluster = cluster();
    completes(&cluster);
    a_menu_below_the_line(&cluster);
    words_of_every_kind(&cluster);
    paths_that_were_meant(&cluster);
    odd_names_are_quoted(&cluster);
    hints_and_colours(&cluster);
    keys_that_end_things(&cluster);
    history_lasts(&cluster);
    quotes_go_on(&cluster);
    what_was_typed_is_looked_for(&cluster);
    narrow_and_resized(&cluster);
    hostile_input(&cluster);
    aliases_and_shellrc(&cluster);
    a_directory_that_goes(&cluster);
    paged(&cluster);
    output_without_a_newline_stays(&cluster);
}

fn hints_and_colours(cluster: &Cluster) {
    let mut terminal = prompt(cluster, 24, 80);
    // The next argument of the command is shown, but not accepted by the key.
    terminal.send("cp ");
    terminal.send(key::CTRL_U);
    terminal.send("put ");
    terminal.see("LOCAL… REMOTE");
    terminal.send(key::CTRL_U);
    // Earlier input is accepted with the right arrow.
    terminal.line("ls /data/notes.txt");
    terminal.see("/data/notes.txt\n");
    terminal.send("ls /da");
    terminal.wait("the rest in grey", |terminal| terminal.cursor_line().trim_end() == "dfs:/> ls /data/notes.txt");
    terminal.send(key::RIGHT);
    terminal.send(" -l");
    terminal.see_typed("ls /data/notes.txt -l");
    terminal.send(key::CTRL_U);
    // There is no such command; this one exists.
    terminal.send("frobnicate");
    terminal.wait("a red word", |terminal| {
        terminal.cell_of("frobnicate").is_some_and(|cell| cell.fgcolor() == vt100::Color::Idx(1))
    });
    terminal.send(key::CTRL_U);
    terminal.send("stat /data/");
    terminal.send(key::TAB);
    terminal.see("2026/");
    terminal.wait("a bold word", |terminal| terminal.cell_of("stat").is_some_and(|cell| cell.bold()));
    // The directory is known, and there is no such name in it.
    terminal.send("none ");
    terminal.wait("an underlined word", |terminal| terminal.cell_of("/data/none").is_some_and(|cell| cell.underline()));
    terminal.give_up();
    // A path that does not exist is answered with one that does.
    terminal.line("stat /data/a.cvs");
    terminal.see("did you mean /data/a.csv?");
    terminal.line("stat /dtaa/a.csv");
    terminal.wait("the directory above is meant, too", |terminal| {
        terminal.text().matches("did you mean /data/a.csv?").count() == 2
    });
    terminal.prompt("/");
    // A hint disappears when its line is discarded.
    terminal.send("put ");
    terminal.see("LOCAL… REMOTE");
    terminal.give_up();
    terminal.wait("the hint is gone", |terminal| !terminal.text().contains("LOCAL… REMOTE"));
    terminal.prompt("/");
    terminal.send(key::CTRL_D);
    terminal.end();
    let mut command = cluster.shell_command();
    command.env("NO_COLOR", "1");
    let mut terminal = Terminal::run(command, 24, 80);
    terminal.prompt("/");
    terminal.send("frobnicate");
    terminal.give_up();
    terminal.line("ls /data");
    terminal.see("notes.txt");
    let coloured = String::from_utf8_lossy(terminal.written()).contains("\x1b[3");
    assert!(!coloured, "colours in spite of NO_COLOR: {terminal:?}");
}

fn keys_that_end_things(cluster: &Cluster) {
    let mut terminal = prompt(cluster, 24, 80);
    // At the prompt Ctrl-C discards the line.
    terminal.send("rm -r /data");
    terminal.see("rm -r /data");
    terminal.give_up();
    // During a command it ends the command, and the session continues.
    terminal.line("sleep 1h");
    terminal.wait("the command runs", |terminal| terminal.cursor_line().trim_end().is_empty());
    terminal.press(key::CTRL_C);
    terminal.see("sleep: interrupted");
    terminal.prompt("/");
    // This also applies to a command of the local shell.
    terminal.line("!cat");
    terminal.wait("the prompt is left", |terminal| terminal.cursor_line().trim_end().is_empty());
    terminal.press("to the cat\r");
    terminal.wait("the command runs", |terminal| terminal.text().matches("to the cat").count() >= 2);
    terminal.press(key::CTRL_C);
    terminal.line("pwd");
    terminal.wait("the answer", |terminal| terminal.text().lines().any(|line| line == "/"));
    terminal.prompt("/");
    // With typed text Ctrl-D does not exit.
    terminal.send("x");
    terminal.send(key::CTRL_D);
    terminal.see_typed("x");
    terminal.send(key::CTRL_U);
    terminal.prompt("/");
    terminal.send(key::CTRL_D);
    assert_eq!(terminal.end().code(), Some(0));
}

fn history_lasts(cluster: &Cluster) {
    let mut terminal = prompt(cluster, 24, 80);
    for line in ["stat /data/a.csv", "pwd", " stat /secret"] {
        terminal.line(line);
        terminal.prompt("/");
    }
    terminal.send(key::CTRL_D);
    terminal.end();
    let file = cluster.home().join("state/history");
    assert_eq!(file.metadata().expect("a history").permissions().mode() & 0o777, 0o600);
    // The next session has it.
    let mut terminal = prompt(cluster, 24, 80);
    terminal.send(key::UP);
    terminal.see_typed("pwd");
    terminal.send(key::UP);
    terminal.see_typed("stat /data/a.csv");
    terminal.give_up();
    terminal.send(key::CTRL_R);
    terminal.send("a.csv");
    terminal.see("(reverse-i-search)`a.csv': stat /data/a.csv");
    terminal.enter();
    terminal.prompt("/");
    terminal.line("history 2");
    terminal.wait("the newest two", |terminal| {
        let text = terminal.text();
        let numbered: Vec<&str> = text.lines().filter(|line| line.ends_with("  stat /data/a.csv")).collect();
        numbered.len() == 1 && text.lines().any(|line| line.ends_with("  history 2"))
    });
    assert!(!cluster.ok(&["history"]).contains("secret"));
}

fn quotes_go_on(cluster: &Cluster) {
    let mut terminal = prompt(cluster, 24, 80);
    for (open, lines, answer) in [
        ("'>", &["echo 'one", "two'"][..], "\none\ntwo\n"),
        ("\">", &["echo \"three", "four\""], "\nthree\nfour\n"),
        ("\\>", &["echo five\\", "six"], "\nfivesix\n"),
        ("|>", &["echo seven |", "tr s S |", "cat"], "\nSeven\n"),
    ] {
        let (first, rest) = lines.split_first().expect("a line");
        terminal.line(first);
        for line in rest {
            terminal.wait("the prompt of a line that goes on", |terminal| {
                terminal.is_at_prompt() && terminal.before_cursor().trim_end() == open
            });
            terminal.line(line);
        }
        terminal.wait(answer, |terminal| terminal.text().contains(answer));
        terminal.prompt("/");
    }
    // All of it is one entry, in which the cursor moves, and which runs again.
    terminal.send(key::UP);
    terminal.wait("the last line of the entry", |terminal| terminal.before_cursor() == "cat");
    terminal.send(key::UP);
    terminal.wait("the line above", |terminal| terminal.before_cursor() == "tr ");
    terminal.send(key::UP);
    terminal.see_line("dfs:/>");
    terminal.send(key::UP);
    terminal.wait("the entry before it", |terminal| terminal.before_cursor() == "six");
    terminal.give_up();
    // It is given up with Ctrl-C; with the upward arrow its first line is edited again.
    terminal.line("echo 'never");
    terminal.give_up();
    terminal.line("echo 'nine");
    terminal.see_line("'>");
    terminal.send(key::UP);
    terminal.see_typed("echo 'nine");
    terminal.send("teen'");
    terminal.enter();
    terminal.wait("the answer", |terminal| terminal.text().contains("\nnineteen\n"));
    terminal.prompt("/");
    // A text of several lines that is pasted runs as a whole, and is one entry.
    terminal.paste("echo 'ten\neleven'\necho 'twelve");
    terminal.enter();
    terminal.see_line("'>");
    terminal.line("thirteen'");
    terminal.wait("both answers", |terminal| terminal.text().contains("\nten\neleven\ntwelve\nthirteen\n"));
    terminal.prompt("/");
    terminal.line("history 2");
    terminal.wait("one entry", |terminal| {
        let text = terminal.text();
        text.lines().any(|line| line.contains("echo 'ten") && line.contains("thirteen'"))
            && text.contains("  history 2")
    });
    terminal.prompt("/");
    // Text typed ahead, all at once, is not lost.
    terminal.send("echo first\recho second\r");
    terminal.wait("both answers", |terminal| {
        let text = terminal.text();
        text.lines().any(|line| line == "first") && text.lines().any(|line| line == "second")
    });
}

/// The arrows look for lines that begin with what was typed.
fn what_was_typed_is_looked_for(cluster: &Cluster) {
    let mut terminal = prompt(cluster, 24, 80);
    for line in ["stat /data/a.csv", "pwd", "stat /data/notes.txt", "echo done"] {
        terminal.line(line);
        terminal.prompt("/");
    }
    terminal.send("stat");
    terminal.send(key::UP);
    terminal.see_typed("stat /data/notes.txt");
    terminal.send(key::UP);
    terminal.see_typed("stat /data/a.csv");
    terminal.send(key::DOWN);
    terminal.see_typed("stat /data/notes.txt");
    terminal.send(key::DOWN);
    terminal.see_typed("stat");
    terminal.send(key::CTRL_U);
    // An empty line goes through all of them.
    for line in ["echo done", "stat /data/notes.txt", "pwd"] {
        terminal.send(key::UP);
        terminal.see_typed(line);
    }
    terminal.enter();
    terminal.prompt("/");
}

fn narrow_and_resized(cluster: &Cluster) {
    let mut terminal = Terminal::run(cluster.shell_command(), 10, 20);
    terminal.prompt("/");
    terminal.send("ls /da");
    terminal.send(key::TAB);
    terminal.see("ls /data/");
    terminal.send(key::TAB);
    terminal.see("notes.txt");
    terminal.enter();
    terminal.wait("a prompt", |terminal| terminal.cursor_line().trim_end() == "dfs:/>");
    terminal.line("cd /data/2026");
    terminal.wait("a prompt that fits", |terminal| {
        let line = terminal.cursor_line();
        line.starts_with("dfs:") && line.trim_end().ends_with("2026>")
    });
    terminal.line("cd /");
    terminal.prompt("/");
    // The line is longer than the window after it has become narrow, and complete again when it is
    // wide.
    terminal.resize(24, 80);
    terminal.line("pwd");
    terminal.prompt("/");
    terminal.send("stat /data/a.csv /data/notes.txt");
    terminal.see_typed("stat /data/a.csv /data/notes.txt");
    terminal.resize(24, 30);
    terminal.send(" ");
    terminal.wait("a line that is broken", |terminal| !terminal.cursor_line().contains("dfs:/>"));
    terminal.resize(24, 80);
    terminal.send("/data");
    terminal.enter();
    terminal.prompt("/");
    // Also while a command runs.
    terminal.line("sleep 1h");
    terminal.wait("the command runs", |terminal| terminal.cursor_line().trim_end().is_empty());
    terminal.resize(20, 60);
    terminal.press(key::CTRL_C);
    terminal.see("sleep: interrupted");
    terminal.prompt("/");
}

fn hostile_input(cluster: &Cluster) {
    let mut terminal = prompt(cluster, 24, 80);
    // A megabyte in one paste.
    terminal.paste(&format!("echo {} | wc -c", "x".repeat(1 << 20)));
    terminal.enter();
    terminal.see("1048577");
    terminal.prompt("/");
    // Control characters of a terminal are neither shown nor executed.
    terminal.paste("pwd \u{7}\u{9b}31m");
    terminal.enter();
    terminal.see("the line contains a control character, U+0007");
    terminal.see("write it as");
    terminal.prompt("/");
    // Invalid UTF-8.
    terminal.send("pwd");
    terminal.line("");
    terminal.wait("the answer", |terminal| terminal.text().lines().any(|line| line == "/"));
    terminal.prompt("/");
    terminal.send("stat 'open\r");
    terminal.give_up();
    terminal.line("| x");
    terminal.see("a command must stand before |");
    assert!(terminal.lives());
}

fn aliases_and_shellrc(cluster: &Cluster) {
    let file = cluster.home().join("config/shellrc");
    std::fs::create_dir_all(file.parent().expect("a directory")).expect("make");
    std::fs::write(&file, "alias today='ls /data'\nset home=/odd\nfrobnicate\n").expect("write");
    let mut terminal = prompt(cluster, 24, 80);
    terminal.see("shellrc:3: stopped at: frobnicate");
    terminal.send("tod");
    terminal.send(key::TAB);
    terminal.see_typed("today");
    terminal.enter();
    terminal.see("notes.txt");
    terminal.line("alias today='pwd; pwd' up='cd ..'");
    terminal.line("cd $home");
    terminal.prompt("/odd");
    terminal.line("today");
    terminal.wait("twice", |terminal| terminal.text().matches("\n/odd").count() >= 2);
    terminal.line("up");
    terminal.prompt("/");
    terminal.line("help");
    terminal.see("Your aliases");
    terminal.line("unalias today; today");
    terminal.see("today: no such command");
    std::fs::remove_file(file).expect("remove");
}

fn a_directory_that_goes(cluster: &Cluster) {
    cluster.ok(&["mkdir", "/gone"]);
    let mut terminal = prompt(cluster, 24, 80);
    terminal.line("cd /gone");
    terminal.prompt("/gone");
    cluster.ok(&["rm", "-r", "--yes", "/gone"]);
    terminal.line("ls");
    terminal.see("the working directory is gone; cd / leaves it");
    terminal.line("cd ..");
    terminal.prompt("/");
}

fn paged(cluster: &Cluster) {
    let mut command = cluster.shell_command();
    command.env("PAGER", "sed s/^/PAGED:/");
    let mut terminal = Terminal::run(command, 10, 60);
    terminal.prompt("/");
    terminal.line("help");
    terminal.prompt("/");
    assert!(!terminal.text().contains("PAGED:"), "only where it was asked for: {terminal:?}");
    terminal.line("set pager=on");
    terminal.line("pwd");
    terminal.wait("a short answer", |terminal| terminal.text().lines().any(|line| line == "/"));
    terminal.line("help");
    terminal.see("PAGED:");
    terminal.prompt("/");
}

/// The prompt stands on a line of its own, and takes nothing away.
fn output_without_a_newline_stays(cluster: &Cluster) {
    let local = cluster.scratch().join("unended");
    std::fs::write(&local, "hello").expect("write");
    cluster.ok(&["put", "-f", local.to_str().expect("UTF-8"), "/data/unended"]);
    for (locale, mark) in [("C", "%"), ("C.UTF-8", "⏎")] {
        let mut command = cluster.shell_command();
        command.env("LC_ALL", locale);
        let mut terminal = Terminal::run(command, 40, 60);
        terminal.prompt("/");
        let lines = [
            ("cat /data/unended", "hello"),
            ("head -c 3 /data/a.csv", "som"),
            ("getrange /data/unended 0 2", "he"),
            ("echo -n foo", "foo"),
            ("cat /data/unended | cat", "hello"),
            ("!printf abc", "abc"),
        ];
        for (line, output) in lines {
            terminal.line(line);
            terminal.prompt("/");
            let above = above_cursor(&terminal);
            assert_eq!(above.last(), Some(&format!("{output}{mark}")), "{line}: {above:#?}");
        }
        // Where the output has its newline, nothing stands between it and the prompt.
        for (line, output) in [("cat /data/a.csv", "some text"), ("!echo whole", "whole"), ("!true", "dfs:/> !true")] {
            terminal.line(line);
            terminal.prompt("/");
            let above = above_cursor(&terminal);
            assert!(
                above.last().is_some_and(|last| last.trim_end_matches(' ').ends_with(output)),
                "{line}: {above:#?}"
            );
        }
        terminal.send(key::CTRL_D);
        assert_eq!(terminal.end().code(), Some(0));
    }
}

/// The rows of the screen above that of the cursor.
fn above_cursor(terminal: &Terminal) -> Vec<String> {
    let (row, _) = terminal.screen().cursor_position();
    terminal.screen().rows(0, u16::MAX).take(row.into()).map(|row| row.trim_end().to_owned()).collect()
}

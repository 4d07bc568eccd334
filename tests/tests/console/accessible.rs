//! Terminals that take no control codes, readers that hear and do not see, and locales without UTF-8.

use dfs_tests::terminal::{Terminal, key};
use dfs_tests::{Cluster, Spec, content};
use std::process::Command;

const LINES: u16 = 30;
const CELLS: u16 = 100;

/// Checks that nothing was written that a terminal obeys, but for the ends of lines.
fn no_control_codes(terminal: &Terminal) {
    let text = String::from_utf8_lossy(terminal.written()).into_owned();
    let codes: Vec<char> = text.chars().filter(|c| c.is_control() && !matches!(c, '\r' | '\n')).collect();
    assert!(codes.is_empty(), "{codes:?} in {text:?}");
}

/// The ways in which somebody says that there are to be no control codes.
fn plain_ways(command: impl Fn() -> Command) -> [(Command, &'static str); 3] {
    let mut plain = command();
    plain.arg("--plain");
    [(command(), "dumb"), (command(), ""), (plain, "xterm-256color")]
}

#[test]
fn the_full_screen_refuses_and_names_what_works() {
    let cluster = Cluster::start(Spec::default());
    for (command, kind) in plain_ways(|| cluster.top_command()) {
        let mut terminal = Terminal::run_as(command, kind, LINES, CELLS);
        assert_eq!(terminal.end().code(), Some(2), "{kind:?}");
        let text = terminal.text();
        for part in ["full screen", "top --once", "watch top --once"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        no_control_codes(&terminal);
    }
    for (mut command, kind) in plain_ways(|| cluster.top_command()) {
        command.arg("--once");
        let mut terminal = Terminal::run_as(command, kind, LINES, CELLS);
        assert_eq!(terminal.end().code(), Some(0), "{kind:?}");
        assert!(terminal.text().contains("1 overview"), "{terminal:?}");
        no_control_codes(&terminal);
    }
}

#[test]
fn the_prompt_reads_lines_without_control_codes() {
    let cluster = Cluster::start(Spec::default());
    let file = cluster.scratch().join("file");
    content::write(7, 3 << 20, &file);
    for (command, kind) in plain_ways(|| cluster.shell_command()) {
        let mut terminal = Terminal::run_as(command, kind, LINES, CELLS);
        terminal.see_line("dfs:/>");
        // A line and what comes of it, up to the next prompt.
        let mut line = |text: &str, answer: &str| {
            terminal.press(&format!("{text}\n"));
            terminal.see(answer);
            terminal.see_line("dfs:/>");
        };
        line(&format!("put -f {} /file", file.display()), "1 file");
        line("ls", "\nfile\n");
        // The terminal lets one edit: what is erased is not run.
        line("nonsense\u{15}pwd", "\n/\n");
        // A quote may span lines, and Ctrl-C gives a line up.
        line("echo 'one\ntwo'", "'> one\ntwo\n");
        line("watch -n 0.1 --count 2 echo round", "\nround\nround\n");
        line("top", "watch top --once");
        terminal.press("echo never");
        terminal.see_line("dfs:/> echo never");
        terminal.press(key::CTRL_C);
        terminal.see_line("dfs:/>");
        terminal.press(key::CTRL_D);
        assert_eq!(terminal.end().code(), Some(0));
        let echoed = String::from_utf8_lossy(terminal.written()).replace("\u{8} \u{8}", "");
        assert!(!echoed.contains('\u{1b}') && !echoed.contains("never\r\nnever"), "{kind:?}: {echoed:?}");
    }
}

#[test]
fn it_can_be_switched_at_the_prompt() {
    let cluster = Cluster::start(Spec::default());
    let mut terminal = Terminal::run(cluster.shell_command(), LINES, CELLS);
    terminal.line("set plain=on");
    terminal.see_line("dfs:/>");
    let before = terminal.written().len();
    terminal.press("status\n");
    terminal.see("health");
    terminal.see_line("dfs:/>");
    let text = String::from_utf8_lossy(&terminal.written()[before..]).into_owned();
    assert!(!text.contains('\u{1b}'), "{text:?}");
    terminal.press("set plain=off\n");
    terminal.line("pwd");
    // A Ctrl-D before the prompt is the terminal's, and lost.
    terminal.prompt("/");
    terminal.press(key::CTRL_D);
    assert_eq!(terminal.end().code(), Some(0));
}

/// Without UTF-8 what is ours is ASCII; names come through as they are.
#[test]
fn names_stay_as_they_are_in_any_locale() {
    let cluster = Cluster::start(Spec::default());
    let name = "/a–b…·漢";
    cluster.ok(&["mkdir", name]);
    cluster.ok(&["touch", &format!("{name}/x→y")]);
    let said = |words: &[&str]| {
        let output = cluster.shell_command().env("LC_ALL", "C").args(words).output().expect("run");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(said(&["ls", "/"]), format!("{}\n", name.trim_start_matches('/')));
    assert_eq!(said(&["find", name, "-type", "f"]), format!("{name}/x→y\n"));
    for words in [["stat", name], ["count", name], ["du", name], ["tree", name]] {
        let text = said(&words);
        assert!(text.contains(name), "{words:?}: {text}");
    }
    assert!(said(&["tree", name]).contains("`-- x→y"));
    let frame = said(&["top", "--once", "--view", "overview"]);
    assert!(frame.contains(". healthy | leader master-1") && frame.is_ascii(), "{frame}");
}

/// A dashboard in a locale without UTF-8.
#[test]
fn the_dashboard_draws_in_ascii() {
    let cluster = Cluster::start(Spec::default());
    let mut command = cluster.top_command();
    command.env("LC_ALL", "C");
    let mut terminal = Terminal::run(command, LINES, CELLS);
    terminal.see(". healthy");
    for view in ["2", "3", "4", "5", "6", "7", "8", "?"] {
        terminal.press(view);
    }
    terminal.see("ctrl-z");
    assert!(terminal.written().is_ascii());
    terminal.press(key::ESCAPE);
    terminal.wait("the view again", |terminal| !terminal.text().contains("ctrl-z"));
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

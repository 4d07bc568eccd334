//! Files transferred, renamed and deleted from the dashboard by a user.

use dfs_tests::network::Way;
use dfs_tests::terminal::{Terminal, key};
use dfs_tests::{Cluster, Spec, content};
use std::path::{Path, PathBuf};

const LINES: u16 = 40;
const CELLS: u16 = 120;
const FILE_BYTES: u64 = 64 << 20;
/// The number of bytes after which a transfer is held, between its beginning and its end.
const HELD_AFTER: u64 = 20 << 20;

/// Opens the dashboard's files view, started in this local directory.
fn files(cluster: &Cluster, directory: &Path) -> Terminal {
    let mut command = cluster.shell_command();
    command.args(["top", "--view", "files"]).current_dir(directory);
    let mut terminal = Terminal::run(command, LINES, CELLS);
    terminal.see("> dfs  /");
    terminal
}

fn directory(cluster: &Cluster, name: &str) -> PathBuf {
    let directory = cluster.scratch().join(name);
    std::fs::create_dir_all(&directory).expect("make a directory");
    directory
}

/// Returns the names in a local directory.
fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("read a directory");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

/// Returns the line with the keys, or with the last message.
fn foot(terminal: &Terminal) -> String {
    terminal.text().lines().nth(usize::from(LINES) - 1).unwrap_or_default().to_owned()
}

fn say(terminal: &mut Terminal, what: &str) {
    terminal.wait(&format!("{what:?} in the last line"), |terminal| foot(terminal).starts_with(what));
}

#[test]
fn upload_download_and_cancellation() {
    let cluster = Cluster::start(Spec::default().datanodes(1).replication(1));
    let remote = cluster.behind_forwarders("datanode-1");
    let route = &remote.routes.clients;
    let (from, to) = (directory(&cluster, "from"), directory(&cluster, "to"));
    content::write(7, FILE_BYTES, &from.join("big"));

    let mut terminal = files(&cluster, &from);
    terminal.see("64M");
    route.hold_after(HELD_AFTER);
    terminal.press("o");
    terminal.press("u");
    let put = format!("put {}/big /", from.display());
    moving(&mut terminal, &put);
    // After the cancellation no part of it exists.
    terminal.press("x");
    say(&mut terminal, &format!("cancelled: {put}"));
    terminal.see("empty");
    assert_eq!(cluster.shell(&["stat", "/big"]).code, 1);
    assert_eq!(cluster.ok(&["ls", "/"]), "");
    route.set(Way::Open);

    terminal.press("u");
    terminal.wait("the file on both sides", |terminal| {
        terminal.text().lines().any(|line| line.matches("big").count() == 2 && line.matches("64M").count() == 2)
    });
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));

    // Download into another directory.
    let mut terminal = files(&cluster, &to);
    terminal.see("big");
    route.hold_after(HELD_AFTER);
    terminal.press("d");
    let get = format!("get /big {}", to.display());
    moving(&mut terminal, &get);
    assert!(!names(&to).is_empty(), "it has not begun");
    terminal.press("x");
    say(&mut terminal, &format!("cancelled: {get}"));
    assert_eq!(names(&to), [""; 0], "nothing half is left");
    route.set(Way::Open);
    terminal.press("d");
    terminal.wait("the file on both sides", |terminal| {
        terminal.text().lines().any(|line| line.matches("big").count() == 2)
    });
    cluster.wait_for("the whole file", || names(&to) == ["big"]);
    assert!(content::is_same(&from.join("big"), &to.join("big")));
    terminal.press("8");
    terminal.see("interrupted");
    terminal.see("done");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

/// Checks for the queue with the line and its bar, which is partly filled.
fn moving(terminal: &mut Terminal, line: &str) {
    terminal.see("1 transfer: x cancels the first");
    terminal.wait("a bar", |terminal| {
        let text = terminal.text();
        let shown = text.lines().find(|shown| shown.starts_with("x ") && shown.contains(line));
        shown.is_some_and(|shown| shown.contains('█') && shown.contains(" %"))
    });
}

#[test]
fn renamed_and_deleted() {
    let cluster = Cluster::start(Spec::default());
    let here = directory(&cluster, "here");
    let local = here.join("notes");
    content::write(8, 3 << 20, &local);
    cluster.ok(&["put", local.to_str().expect("UTF-8"), "/notes"]);
    std::fs::remove_file(&local).expect("remove");
    let mut terminal = files(&cluster, &here);
    terminal.see("1 entry");
    terminal.press("r");
    terminal.see("Rename notes to: notes");
    terminal.press("-of 2026\r");
    terminal.see("> notes-of 2026");
    terminal.press("n");
    terminal.see("New directory in /:");
    terminal.press("old\r");
    terminal.see("old/");
    assert_eq!(cluster.ok(&["ls", "/"]).lines().collect::<Vec<_>>(), ["notes-of 2026", "old"]);

    // Enter means Cancel until something else is selected.
    let chosen = |terminal: &Terminal, text: &str| terminal.cell_of(text).is_some_and(|cell| cell.inverse());
    terminal.press(key::DELETE);
    terminal.see("Delete /notes-of 2026?");
    terminal.see("3.0 MiB; there is no trash yet");
    assert!(chosen(&terminal, " n  Cancel ") && !chosen(&terminal, " y  Delete "));
    terminal.press(key::ENTER);
    say(&mut terminal, "cancelled");
    assert_eq!(cluster.shell(&["stat", "/notes-of 2026"]).code, 0);
    terminal.press(key::DELETE);
    terminal.see("Delete /notes-of 2026?");
    terminal.press(key::TAB);
    terminal.wait("the other one", |terminal| chosen(terminal, " y  Delete ") && !chosen(terminal, " n  Cancel "));
    terminal.press(key::ENTER);
    say(&mut terminal, "done: rm '/notes-of 2026'");
    terminal.wait("one entry", |terminal| terminal.text().contains("1 entry") && terminal.text().contains("> old/"));
    assert_eq!(cluster.shell(&["stat", "/notes-of 2026"]).code, 1);

    // The effect of cd applies to the next line.
    terminal.press(":cd /old\r");
    say(&mut terminal, "done: cd /old");
    terminal.press(":mkdir new\r");
    say(&mut terminal, "done: mkdir new");
    terminal.press(":pwd\r");
    say(&mut terminal, "/old");
    assert_eq!(cluster.ok(&["ls", "/old"]).trim(), "new");

    // A command that would ask at a prompt asks here.
    terminal.press(":rm -r /old\r");
    terminal.see("Delete /old?");
    assert!(chosen(&terminal, " n  Cancel "));
    assert_eq!(cluster.shell(&["stat", "/old/new"]).code, 0);
    terminal.press("y");
    say(&mut terminal, "done: rm --yes -r /old");
    terminal.see("empty");
    assert_eq!(cluster.ok(&["ls", "/"]), "");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

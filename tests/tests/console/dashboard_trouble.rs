//! The dashboard with a master that is slow, faulty, or unreachable.

use dfs_tests::network::{Front, Way};
use dfs_tests::stranger::{Manner, Stranger};
use dfs_tests::terminal::{Terminal, key};
use dfs_tests::{Cluster, Spec};
use std::net::SocketAddr;
use std::time::Duration;

const LINES: u16 = 40;
const CELLS: u16 = 120;
/// Longer than a view stays fresh, and too long for a new connection.
const LATE: Duration = Duration::from_millis(3_500);
/// The number of consecutive views that are waited for.
const PICTURES: usize = 3;

fn top(cluster: &Cluster, master: SocketAddr, arguments: &[&str]) -> Terminal {
    let mut command = cluster.shell_command();
    command.args(["--masters", &master.to_string(), "top"]).args(arguments);
    Terminal::run(command, LINES, CELLS)
}

fn trust_line(terminal: &Terminal) -> String {
    terminal.text().lines().next().unwrap_or_default().to_owned()
}

/// Returns the age of the view, in seconds.
fn age(terminal: &Terminal) -> Option<u64> {
    let line = trust_line(terminal);
    let (_, age) = line.split_once("as of ")?;
    if age.starts_with("now") { Some(0) } else { age.split(' ').next()?.parse().ok() }
}

fn leave(mut terminal: Terminal) {
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
    assert!(terminal.is_given_back());
}

/// Discards the typed text. A key that arrives together with Escape would be another key.
fn escape(terminal: &mut Terminal, typed: &str) {
    terminal.see(typed);
    terminal.press(key::ESCAPE);
    terminal.wait("the line is gone", |terminal| !terminal.text().contains(typed));
}

/// Waits for another view; the cluster must not be shown as lost in the meantime.
fn another_picture(terminal: &mut Terminal) {
    let oldest = std::cell::Cell::new(0);
    terminal.wait("another picture", |terminal| {
        assert!(!terminal.text().contains("LOST"), "{}", terminal.text());
        let Some(age) = age(terminal) else { return false };
        oldest.set(oldest.get().max(age));
        age < oldest.get()
    });
}

fn is_chosen(terminal: &Terminal, text: &str) -> bool {
    terminal.cell_of(text).is_some_and(|cell| cell.inverse())
}

fn colour(terminal: &Terminal, text: &str) -> Option<vt100::Color> {
    terminal.cell_of(text).map(|cell| cell.fgcolor())
}

#[test]
fn a_slow_master_is_shown_as_slow_and_not_as_unreachable() {
    let cluster = Cluster::start(Spec::default());
    let front = cluster.before_master();
    let mut terminal = top(&cluster, front.address, &["--view", "nodes"]);
    terminal.see("· healthy");
    terminal.see("datanode-3");
    let fresh = colour(&terminal, "datanode-2");
    front.route.set_late(LATE);
    terminal.wait("a picture that says how old it is, and is dim", |terminal| {
        age(terminal) >= Some(5) && colour(terminal, "datanode-2") != fresh
    });
    // Other requests with a short timeout do not close the connection.
    terminal.press("5");
    terminal.press(":ls /no");
    terminal.press(key::TAB);
    escape(&mut terminal, ":ls /no");
    terminal.press("2");
    (0..PICTURES).for_each(|_| another_picture(&mut terminal));
    front.route.set_late(Duration::ZERO);
    terminal.wait("a fresh picture", |terminal| age(terminal) == Some(0) && colour(terminal, "datanode-2") == fresh);
    leave(terminal);
}

/// Without any answer, the keys still work.
#[test]
fn keys_do_not_wait_for_an_answer() {
    let cluster = Cluster::start(Spec::default());
    let front = cluster.before_master();
    let mut terminal = top(&cluster, front.address, &["--view", "overview"]);
    terminal.see("· healthy");
    front.route.set(Way::Held);
    // What was under way may still arrive.
    terminal.wait("nothing arrives any more", |terminal| age(terminal).is_some_and(|age| age >= 2));
    for (keys, seen) in [("2", "NODE"), ("5", "loading…"), ("?", "any key closes"), ("x7", "events"), (":st", ":st")]
    {
        terminal.press(keys);
        terminal.see(seen);
    }
    escape(&mut terminal, ":st");
    leave(terminal);
}

#[test]
fn a_listener_that_is_no_master_is_reported() {
    let cluster = Cluster::start(Spec::default());
    for manner in [Manner::Babbles, Manner::Listens, Manner::Closes] {
        let stranger = Stranger::start(manner);
        let mut terminal = top(&cluster, stranger.address, &[]);
        terminal.see("help");
        // Quit before it is detected, and after.
        if manner != Manner::Listens {
            terminal.see("no master answers: ");
            terminal.see("LOST for ");
            assert_eq!(age(&terminal), None, "there is no view that could have an age");
        }
        terminal.press("7");
        terminal.wait("the events view", |terminal| is_chosen(terminal, "7 events"));
        leave(terminal);
    }
}

fn lost(terminal: &mut Terminal, front: &Front) {
    let before = front.route.struck();
    front.route.set(Way::Garbled);
    terminal.see("LOST for ");
    assert!(front.route.struck() > before);
    terminal.see("datanode-2");
    terminal.see("trying again");
}

#[test]
fn flipped_bits_on_the_way_end_only_the_connection() {
    let cluster = Cluster::start(Spec::default());
    let front = cluster.before_master();
    let mut terminal = top(&cluster, front.address, &["--view", "nodes"]);
    for _ in 0..2 {
        terminal.see("· healthy");
        terminal.see("datanode-2");
        lost(&mut terminal, &front);
        front.route.set(Way::Open);
    }
    terminal.see("· healthy");
    lost(&mut terminal, &front);
    leave(terminal);
}

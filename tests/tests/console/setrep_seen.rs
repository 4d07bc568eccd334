//! `setrep -w` on a terminal.

use dfs_tests::terminal::{Terminal, key};
use dfs_tests::{Cluster, Spec};

#[test]
fn waiting_for_replicas_shows_a_bar() {
    // The suspended datanode counts as expected.
    let cluster = Cluster::start(Spec::default().replication(2).set("DFS_MASTER_DEAD_AFTER", "1h"));
    std::fs::write(cluster.scratch().join("in"), vec![7; 1 << 20]).expect("write");
    cluster.ok(&["put", cluster.scratch().join("in").to_str().expect("UTF-8"), "/f"]);
    let chunks = cluster.json(&["locate", "/f"]);
    let holders: Vec<_> = chunks[0]["replicas"].as_array().expect("replicas").iter().map(|one| &one["node"]).collect();
    let names: Vec<String> = (1..=3).map(|number| format!("datanode-{number}")).collect();
    let free = names.iter().find(|name| !holders.iter().any(|id| *id == name.as_str())).expect("one holds no copy");
    cluster.freeze(free);

    let mut terminal = Terminal::run(cluster.shell_command(), 24, 80);
    terminal.prompt("/");
    terminal.line("setrep -w 3 /f");
    terminal.see("setrep: waiting until 1 file has 3 replicas");
    terminal.wait("the file, and how much of it has its copies", |terminal| {
        let text = terminal.text();
        let lines: Vec<&str> = text.lines().collect();
        matches!(lines.as_slice(), [.., "/f", all] if all.starts_with("[>   ") && all.contains("] 0 B of 1.0 MiB"))
    });
    // Keys that are pressed meanwhile do not disturb the lines.
    for _ in 0..3 {
        terminal.press(key::ENTER);
        let before = terminal.written().len();
        terminal.wait("the lines again", |terminal| {
            terminal.written().len() > before && terminal.cursor_line().contains("] 0 B of")
        });
    }
    terminal.press(key::CTRL_C);
    terminal.see("setrep: interrupted");
    terminal.prompt("/");
    let text = terminal.text();
    assert!(!text.contains("] 0 B of") && !text.lines().any(|line| line == "/f"), "no bar is left: {text}");
    cluster.thaw(free);
}

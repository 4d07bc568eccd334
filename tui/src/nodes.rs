//! The table of datanodes.

use crate::figures::{age, count, percent, size};
use crate::table::{Align, Table};
use dfs_rpc::client::{NodeState, NodeStatus};
use std::time::Duration;

/// The state in a word, with the glyph that carries it where there is no colour.
pub fn state(state: NodeState) -> &'static str {
    match state {
        NodeState::Live => "· live",
        NodeState::Stale => "~ stale",
        NodeState::Dead => "✗ dead",
    }
}

/// One line for each datanode; `verbose` adds a line for each of its folders and its traffic.
pub fn table(nodes: &[NodeStatus], verbose: bool, cells: Option<usize>) -> String {
    let mut head = vec![
        ("NODE", Align::Left),
        ("STATE", Align::Left),
        ("USED", Align::Right),
        ("FREE", Align::Right),
        ("FULL", Align::Right),
        ("CHUNKS", Align::Right),
        ("ADDRESS", Align::Left),
        ("HEARD", Align::Left),
    ];
    if verbose {
        head.extend([
            ("READING", Align::Right),
            ("WRITING", Align::Right),
            ("READ", Align::Right),
            ("WRITTEN", Align::Right),
            ("ERRORS", Align::Right),
            ("VERSION", Align::Left),
        ]);
    }
    let mut table = Table::new(&head);
    for node in nodes {
        table.row(row(node, verbose));
        if verbose {
            for folder in &node.load.folders {
                let state = if folder.failed { "! failed" } else { "" };
                let full = percent(folder.used, folder.capacity);
                table.row(["  folder", state, &size(folder.used), &size(folder.free), &full, "", &folder.path]);
            }
        }
    }
    table.render(cells)
}

fn row(node: &NodeStatus, verbose: bool) -> Vec<String> {
    let load = &node.load;
    let mut cells = vec![
        node.id.to_string(),
        state(node.state).to_owned(),
        size(load.used()),
        size(load.free()),
        percent(load.used(), load.capacity()),
        count(node.chunks),
        node.address.to_string(),
        age(Duration::from_millis(node.heartbeat_age_ms)),
    ];
    if verbose {
        cells.extend([
            load.reads_in_flight.to_string(),
            load.writes_in_flight.to_string(),
            size(load.bytes_read),
            size(load.bytes_written),
            count(load.disk_errors),
            node.version.clone(),
        ]);
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_rpc::node::{FolderLoad, NodeLoad};
    use dfs_types::DatanodeId;

    fn node(id: u16, state: NodeState) -> NodeStatus {
        let folder =
            FolderLoad { path: "/data/1".into(), capacity: 100 << 30, used: 25 << 30, free: 75 << 30, failed: false };
        NodeStatus {
            id: DatanodeId(id),
            address: "127.0.0.1:4000".parse().expect("an address"),
            state,
            heartbeat_age_ms: 1500,
            load: NodeLoad { folders: vec![folder], ..NodeLoad::default() },
            chunks: 1234,
            version: "0.1.0".into(),
        }
    }

    #[test]
    fn one_line_a_node() {
        let text = table(&[node(1, NodeState::Live), node(12, NodeState::Dead)], false, None);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1], "datanode-1   · live  25.0 GiB  75.0 GiB  25 %   1,234  127.0.0.1:4000  1 s ago");
        assert!(lines[2].starts_with("datanode-12  ✗ dead"));
    }

    #[test]
    fn verbose_shows_folders() {
        let text = table(&[node(1, NodeState::Live)], true, None);
        assert!(text.contains("/data/1"), "{text}");
        assert!(text.contains("VERSION"), "{text}");
    }
}

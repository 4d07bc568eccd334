//! The table of datanodes.

use crate::figures::{age, count, percent, size};
use crate::report::{Tone, View};
use crate::table::{Align, Cell, Table};
use dfs_rpc::client::{NodeState, NodeStatus};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The state in a word, with the glyph that carries it where there is no colour.
pub fn state(state: NodeState) -> &'static str {
    match state {
        NodeState::Live => "· live",
        NodeState::Stale => "~ stale",
        NodeState::Dead => "✗ dead",
    }
}

/// The state in a word.
pub fn word(state: NodeState) -> &'static str {
    match state {
        NodeState::Live => "live",
        NodeState::Stale => "stale",
        NodeState::Dead => "dead",
    }
}

/// How the state looks.
pub fn tone(state: NodeState) -> Tone {
    match state {
        NodeState::Live => Tone::Good,
        NodeState::Stale => Tone::Warning,
        NodeState::Dead => Tone::Bad,
    }
}

/// Whether a folder of a datanode has failed.
pub fn failed(node: &NodeStatus) -> bool {
    node.load.folders.iter().any(|folder| folder.failed)
}

/// How full a datanode is, from 0 to 1; none without space.
pub fn full(node: &NodeStatus) -> Option<f64> {
    let capacity = node.load.capacity();
    (capacity > 0).then(|| node.load.used() as f64 / capacity as f64)
}

/// One line for each datanode; `verbose` adds a line for each of its folders and its traffic.
pub fn table(nodes: &[NodeStatus], verbose: bool, view: &View) -> String {
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
    let mut text = table.render(view);
    let sharing = sharing(nodes);
    if sharing > 0 {
        let what = format!("{sharing} of them share a disk: what is free there is free once, as status counts it");
        text.push_str(&format!("{}\n", view.paint(Tone::Dim, &what)));
    }
    text
}

/// How many datanodes are on a disk that another one is on, too.
fn sharing(nodes: &[NodeStatus]) -> usize {
    let disks = |node: &NodeStatus| {
        let disks: BTreeSet<u64> =
            node.load.folders.iter().map(|folder| folder.disk).filter(|disk| *disk != 0).collect();
        disks
    };
    let mut users: BTreeMap<u64, usize> = BTreeMap::new();
    for disk in nodes.iter().flat_map(disks) {
        *users.entry(disk).or_default() += 1;
    }
    nodes.iter().filter(|node| disks(node).iter().any(|disk| users.get(disk).is_some_and(|users| *users > 1))).count()
}

fn row(node: &NodeStatus, verbose: bool) -> Vec<Cell> {
    let load = &node.load;
    let mut cells = vec![
        node.id.to_string().into(),
        Cell::new(tone(node.state), state(node.state)),
        size(load.used()).into(),
        size(load.free()).into(),
        percent(load.used(), load.capacity()).into(),
        count(node.chunks).into(),
        node.address.to_string().into(),
        age(Duration::from_millis(node.heartbeat_age_ms)).into(),
    ];
    if verbose {
        cells.extend([
            load.reads_in_flight.to_string().into(),
            load.writes_in_flight.to_string().into(),
            size(load.bytes_read).into(),
            size(load.bytes_written).into(),
            count(load.disk_errors).into(),
            Cell::from(&node.version),
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
        let folder = FolderLoad {
            path: "/data/1".into(),
            capacity: 100 << 30,
            used: 25 << 30,
            free: 75 << 30,
            failed: false,
            disk: 0,
            disk_free: 75 << 30,
        };
        NodeStatus {
            state,
            heartbeat_age_ms: 1500,
            load: NodeLoad { folders: vec![folder], ..NodeLoad::default() },
            chunks: 1234,
            ..NodeStatus::new(DatanodeId(id), ([127, 0, 0, 1], 4000).into())
        }
    }

    #[test]
    fn one_line_a_node() {
        let text = table(&[node(1, NodeState::Live), node(12, NodeState::Dead)], false, &View::default());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1], "datanode-1   · live  25.0 GiB  75.0 GiB  25 %   1,234  127.0.0.1:4000  1 s ago");
        assert!(lines[2].starts_with("datanode-12  ✗ dead"));
    }

    #[test]
    fn verbose_shows_folders() {
        let text = table(&[node(1, NodeState::Live)], true, &View::default());
        assert!(text.contains("/data/1"), "{text}");
        assert!(text.contains("VERSION"), "{text}");
    }
}

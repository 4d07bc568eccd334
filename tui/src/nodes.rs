//! Formats the table of datanodes.

use dfs_rpc::wire::{NodeState, NodeStatus};
use dfs_term::figures::{age, count, percent, plural, size};
use dfs_term::report::{Tone, View};
use dfs_term::table::{Align, Cell, Table};
use dfs_term::text::sanitise;
use dfs_types::AdminState;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The state of a datanode as it is displayed, from best to worst. It combines the heartbeats with
/// the admin state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    Live,
    /// The drain is complete; the datanode can be stopped without loss.
    Drained,
    /// The drain is in progress; the datanode still holds chunks that are needed.
    Draining,
    /// The datanode is live, but one of its directories has failed.
    Failed,
    Stale,
    Dead,
}

impl Mark {
    /// All states, worst first.
    pub const ALL: [Self; 6] = [Self::Dead, Self::Stale, Self::Failed, Self::Draining, Self::Drained, Self::Live];

    pub fn of(node: &NodeStatus) -> Self {
        match node.state {
            NodeState::Stale => Self::Stale,
            NodeState::Dead => Self::Dead,
            NodeState::Live if node.is_drained() => Self::Drained,
            NodeState::Live if node.is_draining() => Self::Draining,
            NodeState::Live if failed(node) => Self::Failed,
            NodeState::Live => Self::Live,
        }
    }

    /// Returns the character that shows the state without colour.
    pub fn glyph(self) -> char {
        match self {
            Self::Live => '·',
            Self::Drained | Self::Draining => '»',
            Self::Failed => '!',
            Self::Stale => '~',
            Self::Dead => '✗',
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Drained => "drained",
            Self::Draining => "draining",
            Self::Failed => "failed directory",
            Self::Stale => "stale",
            Self::Dead => "dead",
        }
    }

    pub fn tone(self) -> Tone {
        match self {
            Self::Live => Tone::Good,
            Self::Drained | Self::Draining => Tone::Command,
            Self::Failed | Self::Stale => Tone::Warning,
            Self::Dead => Tone::Bad,
        }
    }

    /// Returns true if the datanode reports, so that its figures are current.
    pub fn is_heard(self) -> bool {
        self <= Self::Failed
    }

    /// Returns the meaning of the glyphs, each once.
    pub fn legend() -> String {
        let told = Self::ALL.into_iter().filter(|mark| *mark != Self::Drained);
        told.map(|mark| format!("{} {}", mark.glyph(), mark.word())).collect::<Vec<_>>().join("  ")
    }
}

/// Returns the glyph and the state in a word or two; for a datanode that does not report, the admin
/// state follows.
pub fn state(node: &NodeStatus) -> String {
    let mark = Mark::of(node);
    // A failed directory is shown in another column.
    let word = if mark == Mark::Failed { Mark::Live.word() } else { mark.word() };
    let wanted = match mark {
        Mark::Stale | Mark::Dead if node.is_draining() => ", draining",
        Mark::Stale | Mark::Dead if node.is_drained() => ", drained",
        Mark::Stale | Mark::Dead => "",
        _ if node.ahead => ", clock ahead",
        _ => "",
    };
    format!("{} {word}{wanted}", mark.glyph())
}

/// Returns how many datanodes are draining and drained; `None` if there are none.
pub fn drains(nodes: &[NodeStatus]) -> Option<String> {
    let draining = nodes.iter().filter(|node| node.is_draining()).count() as u64;
    let drained = nodes.iter().filter(|node| node.is_drained()).count() as u64;
    match (draining, drained) {
        (0, 0) => None,
        (draining, 0) => Some(format!("{} draining", count(draining))),
        (0, drained) => Some(format!("{} drained", count(drained))),
        (draining, drained) => Some(format!("{} draining, {} drained", count(draining), count(drained))),
    }
}

/// Returns the progress of the drain of a datanode; `None` if no drain was requested.
pub fn drain(node: &NodeStatus) -> Option<String> {
    match (node.left, node.state) {
        _ if node.admin_state != AdminState::Draining => None,
        (_, NodeState::Dead) if node.is_drained() => {
            Some("drained before it died: nothing is lost, and it can be forgotten".to_owned())
        }
        _ if node.is_drained() => Some("every chunk has its replicas elsewhere: it can be stopped".to_owned()),
        (None, _) => Some("its chunks are being counted".to_owned()),
        (Some(0), _) => Some("every chunk has its replicas elsewhere; the last writes to it are ending".to_owned()),
        (Some(left), _) => Some(format!("{} of {} left", count(left), plural(node.chunks, "chunk", "chunks"))),
    }
}

/// Returns the word for the heartbeat state of a datanode.
pub fn word(state: NodeState) -> &'static str {
    match state {
        NodeState::Live => "live",
        NodeState::Stale => "stale",
        NodeState::Dead => "dead",
    }
}

/// Returns the tone of the state of a datanode. A drained datanode that dies is no loss.
pub fn tone(node: &NodeStatus) -> Tone {
    match Mark::of(node) {
        Mark::Stale | Mark::Dead if node.is_drained() => Tone::Dim,
        mark => mark.tone(),
    }
}

/// Returns true if a directory of the datanode has failed.
pub fn failed(node: &NodeStatus) -> bool {
    node.load.directories.iter().any(|directory| directory.failed)
}

/// Returns the fill level of a datanode, 0 to 1; `None` if it has no space.
pub fn full(node: &NodeStatus) -> Option<f64> {
    let capacity = node.load.capacity();
    (capacity > 0).then(|| node.load.used() as f64 / capacity as f64)
}

/// Returns one line for each datanode; `verbose` adds a line for each of its directories and its
/// traffic.
pub fn table(nodes: &[NodeStatus], verbose: bool, view: &View) -> String {
    let mut head = vec![
        ("NODE", Align::Left),
        ("STATE", Align::Left),
        ("USED", Align::Right),
        ("FREE", Align::Right),
        ("FULL", Align::Right),
        ("CHUNKS", Align::Right),
        ("ADDRESS", Align::Left),
        ("SEEN", Align::Left),
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
    let mut failures = Vec::new();
    for node in nodes {
        table.row(row(node, verbose));
        if verbose {
            for directory in &node.load.directories {
                let state = if directory.failed { "! failed" } else { "" };
                let full = percent(directory.used, directory.capacity);
                table.row([
                    "  directory",
                    state,
                    &size(directory.used),
                    &size(directory.free),
                    &full,
                    "",
                    &directory.path,
                ]);
                failures.extend(
                    directory.reason.as_ref().map(|reason| format!("{} {}: {reason}", node.id, directory.path)),
                );
            }
        }
    }
    let mut text = table.render(view);
    for failure in failures {
        text.push_str(&format!("{}\n", view.paint(Tone::Bad, &format!("! {}", sanitise(&failure)))));
    }
    let (sharing, disks) = sharing(nodes);
    if sharing > 0 {
        let who = if sharing == nodes.len() { format!("these {sharing}") } else { format!("{sharing} of them") };
        let disk = if disks == 1 { "one disk" } else { "disks" };
        let what = format!("{who} share {disk}: FREE is shown for each, `status` counts it once");
        text.push_str(&format!("{}\n", view.paint(Tone::Dim, &what)));
    }
    text
}

/// Counts the datanodes that share a disk with another one, and the disks that are shared.
fn sharing(nodes: &[NodeStatus]) -> (usize, usize) {
    let disks = |node: &NodeStatus| {
        let disks: BTreeSet<u64> =
            node.load.directories.iter().map(|directory| directory.disk).filter(|disk| *disk != 0).collect();
        disks
    };
    let mut users: BTreeMap<u64, usize> = BTreeMap::new();
    for disk in nodes.iter().flat_map(disks) {
        *users.entry(disk).or_default() += 1;
    }
    let is_shared = |disk: &u64| users.get(disk).is_some_and(|users| *users > 1);
    let sharing = nodes.iter().filter(|node| disks(node).iter().any(is_shared)).count();
    (sharing, users.keys().filter(|disk| is_shared(disk)).count())
}

fn row(node: &NodeStatus, verbose: bool) -> Vec<Cell> {
    let load = &node.load;
    let mut cells = vec![
        node.id.to_string().into(),
        Cell::new(tone(node), state(node)),
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
    use dfs_rpc::wire::{DirectoryLoad, NodeLoad};
    use dfs_types::DatanodeId;

    fn node(id: u16, state: NodeState) -> NodeStatus {
        let directory = DirectoryLoad {
            path: "/data/1".into(),
            capacity: 100 << 30,
            used: 25 << 30,
            free: 75 << 30,
            failed: false,
            reason: None,
            disk: 0,
            disk_free: 75 << 30,
        };
        NodeStatus {
            state,
            heartbeat_age_ms: 1500,
            load: NodeLoad { directories: vec![directory], ..NodeLoad::default() },
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
    fn free_space_of_a_shared_disk_is_explained() {
        let on = |id, disk| {
            let mut node = node(id, NodeState::Live);
            node.load.directories[0].disk = disk;
            node
        };
        let said = |nodes: &[NodeStatus]| {
            table(nodes, false, &View::default()).lines().skip(nodes.len() + 1).collect::<String>()
        };
        let rest = "FREE is shown for each, `status` counts it once";
        assert_eq!(said(&[on(1, 7), on(2, 7), on(3, 7)]), format!("these 3 share one disk: {rest}"));
        assert_eq!(said(&[on(1, 7), on(2, 7), on(3, 8)]), format!("2 of them share one disk: {rest}"));
        assert_eq!(said(&[on(1, 7), on(2, 7), on(3, 8), on(4, 8)]), format!("these 4 share disks: {rest}"));
        assert_eq!(said(&[on(1, 7), on(2, 0), on(3, 0)]), "");
    }

    #[test]
    fn what_is_wanted_stands_beside_what_is_heard() {
        let told = |state, left: Option<u64>, writes_in_flight| {
            let mut node = NodeStatus { admin_state: AdminState::Draining, left, ..node(1, state) };
            node.load.writes_in_flight = writes_in_flight;
            (super::state(&node), tone(&node))
        };
        assert_eq!(told(NodeState::Live, None, 0), ("» draining".to_owned(), Tone::Command));
        assert_eq!(told(NodeState::Live, Some(3), 0), ("» draining".to_owned(), Tone::Command));
        assert_eq!(told(NodeState::Live, Some(0), 1), ("» draining".to_owned(), Tone::Command));
        assert_eq!(told(NodeState::Live, Some(0), 0), ("» drained".to_owned(), Tone::Command));
        assert_eq!(told(NodeState::Stale, Some(3), 0), ("~ stale, draining".to_owned(), Tone::Warning));
        assert_eq!(told(NodeState::Dead, Some(3), 0), ("✗ dead, draining".to_owned(), Tone::Bad));
        assert_eq!(told(NodeState::Dead, Some(0), 9), ("✗ dead, drained".to_owned(), Tone::Dim));
        let how_far = |left| drain(&NodeStatus { admin_state: AdminState::Draining, left, ..node(1, NodeState::Live) });
        assert_eq!(how_far(None).as_deref(), Some("its chunks are being counted"));
        assert_eq!(how_far(Some(7)).as_deref(), Some("7 of 1,234 chunks left"));
        assert_eq!(how_far(Some(0)).as_deref(), Some("every chunk has its replicas elsewhere: it can be stopped"));
        assert_eq!(drain(&node(1, NodeState::Live)), None);
        assert_eq!(Mark::legend(), "✗ dead  ~ stale  ! failed directory  » draining  · live");
    }

    #[test]
    fn verbose_shows_directories() {
        let text = table(&[node(1, NodeState::Live)], true, &View::default());
        assert!(text.contains("/data/1"), "{text}");
        assert!(text.contains("VERSION"), "{text}");
    }
}

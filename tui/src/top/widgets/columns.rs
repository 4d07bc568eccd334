//! The table of datanodes: its columns, their texts, their sort keys, and its lines.

use crate::nodes::{Mark, full, state, tone};
use crate::top::chart::bar;
use crate::top::shared::Shared;
use dfs_client::{AdminState, NodeState, NodeStatus};
use dfs_diagnosis::SKEW_MAX_MS;
use dfs_rpc::curve::Rates;
use dfs_term::figures::{age, count, percent, rate, size, span};
use dfs_term::report::Tone;
use dfs_term::text::{sanitise, width};
use ratatui::text::{Line, Span};
use std::cmp::Ordering;
use std::net::IpAddr;
use std::time::Duration;

/// Gap between two columns, in cells.
pub const GAP: usize = 2;

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Column {
    #[default]
    Node,
    State,
    Used,
    Capacity,
    Full,
    /// The fill level as a bar; cannot be sorted by.
    Bar,
    Chunks,
    UnderReplicated,
    Read,
    Written,
    Load,
    Seen,
    Errors,
    Clock,
    Version,
    Machine,
}

/// A column and its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub column: Column,
    /// Its first cell.
    pub from: usize,
    cells: usize,
}

impl Place {
    /// Returns the text padded to the width of the column.
    pub fn put(&self, text: &str) -> String {
        let text = dfs_term::text::truncate(text, self.cells);
        let blanks = " ".repeat(self.cells.saturating_sub(width(&text)));
        if self.column.right() { blanks + &text } else { text.into_owned() + &blanks }
    }
}

/// The sort key of a datanode. Unknown values come first.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub enum Key<'n> {
    Unknown,
    Number(f64),
    Text(&'n str),
    Machine(IpAddr),
}

impl Key<'_> {
    pub fn order(&self, other: &Self) -> Ordering {
        self.partial_cmp(other).unwrap_or(Ordering::Equal)
    }
}

impl Column {
    /// In display order.
    pub const ALL: [Self; 16] = [
        Self::Node,
        Self::State,
        Self::Used,
        Self::Capacity,
        Self::Full,
        Self::Bar,
        Self::Chunks,
        Self::UnderReplicated,
        Self::Read,
        Self::Written,
        Self::Load,
        Self::Seen,
        Self::Errors,
        Self::Clock,
        Self::Version,
        Self::Machine,
    ];

    /// In the order in which columns get room.
    const BY_WEIGHT: [Self; 16] = [
        Self::Node,
        Self::State,
        Self::Full,
        Self::Used,
        Self::Seen,
        Self::Chunks,
        Self::Read,
        Self::Written,
        Self::Load,
        Self::Errors,
        Self::Machine,
        Self::UnderReplicated,
        Self::Bar,
        Self::Version,
        Self::Clock,
        Self::Capacity,
    ];

    /// Returns the header, which is also the name in preferences.
    pub fn head(self) -> &'static str {
        match self {
            Self::Node => "NODE",
            Self::State => "STATE",
            Self::Used => "USED",
            Self::Capacity => "SPACE",
            Self::Full => "FULL",
            Self::Bar => "",
            Self::Chunks => "CHUNKS",
            Self::UnderReplicated => "UNDER",
            Self::Read => "READ",
            Self::Written => "WRITE",
            Self::Load => "LOAD",
            Self::Seen => "SEEN",
            Self::Errors => "ERRORS",
            Self::Clock => "CLOCK",
            Self::Version => "VERSION",
            Self::Machine => "MACHINE",
        }
    }

    /// Returns the column with this name in lower case.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.sorts() && column.head().to_lowercase() == word)
    }

    /// Returns true if the table can be sorted by the column.
    pub fn sorts(self) -> bool {
        self != Self::Bar
    }

    /// Returns the width in cells; the state column is wider if datanodes are draining or drained.
    fn cells(self) -> usize {
        match self {
            Self::Node => 14,
            Self::State => 7,
            Self::Used | Self::Capacity | Self::Read | Self::Written => 9,
            Self::Full | Self::Load => 5,
            Self::Bar => 10,
            Self::Chunks | Self::UnderReplicated | Self::Errors => 7,
            Self::Seen => 6,
            Self::Clock => 8,
            Self::Version => 12,
            Self::Machine => 15,
        }
    }

    fn right(self) -> bool {
        !matches!(self, Self::Node | Self::State | Self::Bar | Self::Version | Self::Machine)
    }

    /// Returns the columns that fit into so many cells, in display order. The sort column `by` is
    /// always included.
    pub fn fitting(cells: usize, by: Self, nodes: &[NodeStatus]) -> Vec<Place> {
        let wide = |column: Self| if column == Self::State { state_cells(nodes) } else { column.cells() };
        let mut left = cells + GAP;
        let others = Self::BY_WEIGHT.into_iter().filter(|column| *column != by);
        let fitting: Vec<Self> = std::iter::once(by)
            .chain(others)
            .map_while(|column| {
                left = left.checked_sub(wide(column) + GAP)?;
                Some(column)
            })
            .collect();
        let mut from = 0;
        let shown = Self::ALL.into_iter().filter(|column| fitting.contains(column));
        shown
            .map(|column| {
                let place = Place { column, from, cells: wide(column) };
                from += place.cells + GAP;
                place
            })
            .collect()
    }

    /// Returns the text of the column for a datanode.
    pub fn text(self, node: &NodeStatus, shared: &Shared) -> String {
        let load = &node.load;
        let per_second =
            |part: fn(&Rates) -> f64| shared.rates(node).map_or_else(|| "–".to_owned(), |rates| rate(part(&rates)));
        match self {
            Self::Node => node.id.to_string(),
            Self::State => state(node),
            Self::Used => size(load.used()),
            Self::Capacity => size(load.capacity()),
            Self::Full => percent(load.used(), load.capacity()),
            Self::Bar => bar(full(node).unwrap_or(0.0), self.cells()),
            Self::Chunks => count(node.chunks),
            Self::UnderReplicated => count(node.under_replicated),
            Self::Read => per_second(|rates| rates.read),
            Self::Written => per_second(|rates| rates.written),
            Self::Load => in_flight(node).to_string(),
            Self::Seen => age(Duration::from_millis(shared.heartbeat_age_ms(node))).trim_end_matches(" ago").to_owned(),
            Self::Errors => count(load.disk_errors),
            Self::Clock => clock(node.skew_ms),
            Self::Version => sanitise(&node.version).into_owned(),
            Self::Machine => node.address.ip().to_string(),
        }
    }

    /// Returns the tone of the text; plain if it needs no attention.
    pub fn tone(self, node: &NodeStatus) -> Tone {
        match self {
            Self::State => tone(node),
            Self::Full | Self::Bar => match full(node) {
                Some(part) if part >= 0.95 => Tone::Bad,
                Some(part) if part >= 0.8 => Tone::Warning,
                _ => Tone::Plain,
            },
            Self::UnderReplicated if node.last_replica > 0 => Tone::Bad,
            Self::UnderReplicated if node.under_replicated > 0 => Tone::Warning,
            Self::Errors if node.load.disk_errors > 0 => Tone::Warning,
            Self::Clock if node.skew_ms.unsigned_abs() > SKEW_MAX_MS => Tone::Warning,
            Self::Clock | Self::Version | Self::Machine => Tone::Dim,
            _ => Tone::Plain,
        }
    }

    /// Returns the sort key of a datanode.
    pub fn key<'n>(self, node: &'n NodeStatus, shared: &Shared) -> Key<'n> {
        let load = &node.load;
        let number = |value: u64| Key::Number(value as f64);
        let known = |value: Option<f64>| value.map_or(Key::Unknown, Key::Number);
        match self {
            Self::Node => number(node.id.0.into()),
            // The worst comes last, as the fullest does.
            Self::State => number(Mark::of(node) as u64),
            Self::Used => number(load.used()),
            Self::Capacity => number(load.capacity()),
            Self::Full | Self::Bar => known(full(node)),
            Self::Chunks => number(node.chunks),
            Self::UnderReplicated => number(node.under_replicated),
            Self::Read => known(shared.rates(node).map(|rates| rates.read)),
            Self::Written => known(shared.rates(node).map(|rates| rates.written)),
            Self::Load => number(in_flight(node)),
            Self::Seen => number(node.heartbeat_age_ms),
            Self::Errors => number(load.disk_errors),
            Self::Clock => number(node.skew_ms.unsigned_abs()),
            Self::Version => Key::Text(&node.version),
            Self::Machine => Key::Machine(node.address.ip()),
        }
    }
}

/// Returns the header of the table. The column that is sorted by has a mark after its header.
pub fn heads(columns: &[Place], sorted: Option<(Column, bool)>) -> String {
    let head = |place: &Place| match sorted {
        Some((by, falling)) if by == place.column => {
            place.put(&format!("{}{}", by.head(), if falling { "↓" } else { "↑" }))
        }
        _ => place.put(place.column.head()),
    };
    columns.iter().map(head).collect::<Vec<_>>().join(&" ".repeat(GAP))
}

/// Returns the line of a datanode.
pub fn node_line(node: &NodeStatus, columns: &[Place], shared: &Shared) -> Line<'static> {
    let theme = &shared.theme;
    let mut spans = Vec::with_capacity(2 * columns.len());
    for place in columns {
        // The last figures of a datanode that does not report are old.
        let silent = node.state != NodeState::Live && place.column != Column::State;
        let style = if silent { theme.dim() } else { theme.tone(place.column.tone(node)) };
        spans.push(Span::styled(place.put(&place.column.text(node, shared)), style));
        spans.push(Span::raw(" ".repeat(GAP)));
    }
    Line::from(spans)
}

/// Returns the width of the longest state that is shown; without draining datanodes no room is
/// reserved for that state.
fn state_cells(nodes: &[NodeStatus]) -> usize {
    let drains = nodes.iter().filter(|node| node.admin_state == AdminState::Draining);
    drains.map(|node| width(&state(node))).fold(Column::State.cells(), usize::max)
}

fn in_flight(node: &NodeStatus) -> u64 {
    u64::from(node.load.reads_in_flight) + u64::from(node.load.writes_in_flight)
}

/// Returns the skew of its clock, if it is significant.
fn clock(skew_ms: i64) -> String {
    if skew_ms.unsigned_abs() <= SKEW_MAX_MS {
        return "in sync".to_owned();
    }
    let sign = if skew_ms < 0 { "-" } else { "+" };
    format!("{sign}{}", span(Duration::from_millis(skew_ms.unsigned_abs())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::fixtures;

    #[test]
    fn what_matters_more_is_given_room_first() {
        let heads = |cells| {
            Column::fitting(cells, Column::Node, &[]).into_iter().map(|place| place.column.head()).collect::<Vec<_>>()
        };
        assert_eq!(heads(80), ["NODE", "STATE", "USED", "FULL", "CHUNKS", "READ", "WRITE", "SEEN"]);
        assert_eq!(heads(60), ["NODE", "STATE", "USED", "FULL", "CHUNKS", "SEEN"]);
        assert_eq!(heads(400).len(), Column::ALL.len());
        assert_eq!(heads(0), [""; 0]);
        let by_errors = Column::fitting(60, Column::Errors, &[]);
        assert!(by_errors.iter().any(|place| place.column == Column::Errors), "{by_errors:?}");
        for place in Column::fitting(200, Column::Node, &[]) {
            assert!(place.from + place.cells <= 200, "{}", place.column.head());
        }
    }

    #[test]
    fn a_state_is_never_cut() {
        let mut nodes = fixtures::cluster(2).nodes;
        let state_cells = |nodes: &[NodeStatus]| {
            let places = Column::fitting(80, Column::Node, nodes);
            places.iter().find(|place| place.column == Column::State).map(|place| place.cells)
        };
        assert_eq!(state_cells(&nodes), Some(7));
        (nodes[1].admin_state, nodes[1].left) = (AdminState::Draining, Some(3));
        assert_eq!(state_cells(&nodes), Some("» draining".chars().count()));
    }

    #[test]
    fn clocks_are_told_when_they_matter() {
        assert_eq!(
            (clock(2_000), clock(-86_400_000), clock(12_000)),
            ("in sync".into(), "-1d 00h".into(), "+12 s".into())
        );
    }

    #[test]
    fn names_find_their_columns() {
        for column in Column::ALL.into_iter().filter(|column| column.sorts()) {
            assert_eq!(Column::find(&column.head().to_lowercase()), Some(column));
        }
        assert_eq!((Column::find(""), Column::find("zone")), (None, None));
    }
}

//! Drains: the actions on a datanode, and the progress of its drain.

use crate::nodes::{state, tone};
use crate::top::history::NodeHistory;
use crate::top::message::Act;
use crate::top::page::Binding;
use crate::top::shared::Shared;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use dfs_client::{AdminState, NodeState, NodeStatus};
use dfs_term::figures::{count, span};
use dfs_term::text::{pad, truncate, width};
use ratatui::text::{Line, Span};
use std::time::Duration;

const DRAIN: Binding =
    Binding::new("D", "drain", "node drain: re-replicate its chunks elsewhere, so that it can be stopped; asks first");
const RESUME: Binding = Binding::new("R", "resume", "node resume: let it take chunks again");
const FORGET: Binding =
    Binding::new("F", "forget", "node forget: drop a dead datanode that does not come back; asks first");

/// Returns the keys that change the drain of the selected datanode in its current state.
pub fn bindings(node: Option<&NodeStatus>, shared: &Shared) -> Vec<Binding> {
    let Some(node) = node.filter(|_| !shared.read_only) else { return Vec::new() };
    let admin_state = if node.admin_state == AdminState::Draining { RESUME } else { DRAIN };
    match node.state {
        NodeState::Dead => vec![admin_state, FORGET],
        NodeState::Live | NodeState::Stale => vec![admin_state],
    }
}

/// Returns the acts of a key for the selected datanode; `None` if the key does nothing with it.
pub fn key(key: KeyEvent, node: Option<&NodeStatus>, shared: &Shared) -> Option<Vec<Act>> {
    let KeyCode::Char(letter) = key.code else { return None };
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return None;
    }
    let binding = bindings(node, shared).into_iter().find(|binding| binding.key.starts_with(letter))?;
    Some(vec![Act::Run(line(&binding, node?))])
}

/// Returns the equivalent lines of the shell, for the palette.
pub fn lines(node: Option<&NodeStatus>, shared: &Shared) -> Vec<String> {
    bindings(node, shared).iter().zip(node.into_iter().cycle()).map(|(binding, node)| line(binding, node)).collect()
}

fn line(binding: &Binding, node: &NodeStatus) -> String {
    format!("node {} {}", binding.name, node.id)
}

/// Returns the progress of the drain of a datanode, its rate and the time left; `None` if no drain
/// was requested.
pub fn told(node: &NodeStatus, shared: &Shared) -> Option<String> {
    let mut told = crate::nodes::drain(node)?;
    let Some(left @ 1..) = node.left else { return Some(told) };
    match shared.history.node(node.id).and_then(NodeHistory::drain_rate) {
        Some(rate) => {
            let time = span(Duration::from_secs_f64((left as f64 / rate).clamp(1.0, 1e9)));
            told.push_str(&format!(", {rate:.1} a second, about {time}"));
        }
        None => told.push_str(", rate not known yet"),
    }
    Some(told)
}

/// Returns all drains, one line each; if there is no room for all, the last line is the number of
/// the others.
pub fn panel(room: usize, cells: usize, shared: &Shared) -> Vec<Line<'static>> {
    let theme = &shared.theme;
    let drains: Vec<&NodeStatus> =
        shared.nodes().iter().filter(|node| node.admin_state == AdminState::Draining).collect();
    if drains.is_empty() || room < 2 {
        return Vec::new();
    }
    let mut lines = vec![Line::styled("drains", theme.head())];
    let shown = if drains.len() < room { drains.len() } else { room - 2 };
    let names = drains.iter().map(|node| width(&node.id.to_string())).max().unwrap_or(0) + 2;
    let states = drains.iter().map(|node| width(&state(node))).max().unwrap_or(0) + 2;
    for node in drains.iter().take(shown) {
        let told = told(node, shared).unwrap_or_default();
        lines.push(Line::from(vec![
            Span::raw(pad(&node.id.to_string(), names)),
            Span::styled(pad(&state(node), states), theme.tone(tone(node))),
            Span::raw(truncate(&told, cells.saturating_sub(names + states)).into_owned()),
        ]));
    }
    if shown < drains.len() {
        lines.push(Line::styled(format!("and {} more", count((drains.len() - shown) as u64)), theme.dim()));
    }
    lines
}

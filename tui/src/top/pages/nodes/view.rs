//! The view of datanodes: its keys, its mouse, the table.

use super::one::One;
use crate::nodes::failed;
use crate::top::list::{Selection, matches_small};
use crate::top::message::{Act, Message};
use crate::top::page::{Action, Binding, Page};
use crate::top::shared::Shared;
use crate::top::widgets::columns::{Column, heads, node_line};
use crate::top::widgets::{drain, page_area, text};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseEvent, MouseEventKind};
use dfs_client::{NodeState, NodeStatus};
use dfs_term::figures::count;
use dfs_term::text::{sanitise, truncate};
use dfs_types::DatanodeId;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Lines above the first datanode: description and headers.
const HEAD_LINES: u16 = 2;

/// The table, and the datanode whose details are shown, if any.
#[derive(Debug, Default)]
pub struct Nodes {
    by: Column,
    falling: bool,
    filter: String,
    /// The table text of each datanode of the snapshot in lower case; computed only if there is a
    /// filter.
    told: Vec<String>,
    /// The indices of the visible datanodes in the snapshot; sorted once per snapshot.
    rows: Vec<usize>,
    chosen: Selection,
    /// The chosen datanode; it stays chosen when its row moves.
    chosen_id: Option<DatanodeId>,
    one: Option<One>,
    /// True while this page is shown.
    here: bool,
}

impl Page for Nodes {
    fn bindings(&self, shared: &Shared) -> Vec<Binding> {
        let mut bindings = match &self.one {
            Some(_) => {
                vec![Binding::new("esc", "back", "back to the table"), Binding::new("↑ ↓", "log", "scroll its log")]
            }
            None => vec![
                Binding::new("enter", "open", "show the selected datanode; so does a click on its line"),
                Binding::new("s", "sort", "sort by the next column; a click on a head sorts by it"),
                Binding::new("S", "reverse", "reverse the order; so does a second click on the head"),
            ],
        };
        bindings.extend([
            Binding::new("w", "why", "why: explain the state of the datanode"),
            Binding::new("i", "show", "node show: everything that the masters know about it"),
            Binding::new("d", "doctor", "doctor: check the whole cluster"),
        ]);
        bindings.extend(drain::bindings(self.node(shared), shared));
        bindings
    }

    fn key(&mut self, key: KeyEvent, shared: &Shared) -> Option<Vec<Act>> {
        if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
            && let KeyCode::Char(letter @ ('w' | 'i' | 'd')) = key.code
        {
            let line = self.looked_at().and_then(|id| commands(id).into_iter().find(|(key, _)| *key == letter));
            return line.map(|(_, line)| vec![Act::Run(line)]);
        }
        if let Some(acts) = drain::key(key, self.node(shared), shared) {
            return Some(acts);
        }
        if let Some(one) = &mut self.one {
            if key.code == KeyCode::Esc || key.code == KeyCode::Backspace {
                self.one = None;
                return Some(Vec::new());
            }
            return one.key(key, page_area(shared.area), shared).then(Vec::new);
        }
        match key.code {
            KeyCode::Enter => self.chosen_id.map(|id| vec![Act::Node(id)]),
            KeyCode::Char('s') => {
                let all: Vec<Column> = Column::ALL.into_iter().filter(|column| column.sorts()).collect();
                let at = all.iter().position(|column| *column == self.by).unwrap_or(0);
                Some(self.sort_by(all.get((at + 1) % all.len()).copied().unwrap_or_default(), shared))
            }
            KeyCode::Char('S') => Some(self.sort_by(self.by, shared)),
            _ => {
                let page = usize::from(page_area(shared.area).height.saturating_sub(HEAD_LINES));
                let moved = self.chosen.key(key, self.rows.len(), page);
                moved.then(|| {
                    self.choose(shared);
                    Vec::new()
                })
            }
        }
    }

    fn mouse(&mut self, event: MouseEvent, area: Rect, shared: &Shared) -> Vec<Act> {
        let turned = match event.kind {
            MouseEventKind::ScrollDown => 3,
            MouseEventKind::ScrollUp => -3,
            _ => 0,
        };
        if let Some(one) = &mut self.one {
            one.wheel(turned);
            return Vec::new();
        }
        if turned != 0 {
            self.chosen.wheel(turned, self.rows.len());
            self.choose(shared);
            return Vec::new();
        }
        let line = event.row - area.y;
        if line + 1 == HEAD_LINES {
            let at = usize::from(event.column - area.x);
            let places = Column::fitting(area.width.into(), self.by, shared.nodes());
            return match places.into_iter().rfind(|place| place.from <= at).map(|place| place.column) {
                Some(Column::Bar) => self.sort_by(Column::Full, shared),
                Some(column) => self.sort_by(column, shared),
                None => Vec::new(),
            };
        }
        let room = usize::from(area.height.saturating_sub(HEAD_LINES));
        let Some(row) = line.checked_sub(HEAD_LINES).map(usize::from) else { return Vec::new() };
        let at = self.chosen.first(self.rows.len(), room) + row;
        if at >= self.rows.len() {
            return Vec::new();
        }
        if at == self.chosen.within(self.rows.len()) {
            return self.chosen_id.map(Act::Node).into_iter().collect();
        }
        self.chosen.at = at;
        self.choose(shared);
        Vec::new()
    }

    fn hear(&mut self, message: &Message, shared: &Shared) -> Vec<Act> {
        match message {
            Message::Picture(..) => {
                self.told.clear();
                self.arrange(shared);
            }
            Message::Log { node, lines } => {
                if let Some(one) = &mut self.one {
                    one.log_came(node, lines, shared);
                }
            }
            Message::Tick(_) if self.here => {
                return self.one.as_mut().and_then(|one| one.ask(shared)).map(Act::Effect).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    fn enter(&mut self, shared: &Shared) -> Vec<Act> {
        self.here = true;
        self.one.as_mut().and_then(|one| one.ask(shared)).map(Act::Effect).into_iter().collect()
    }

    fn leave(&mut self) {
        self.here = false;
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        match &self.one {
            Some(one) => one.draw(frame, area, shared),
            None => self.table(frame, area, shared),
        }
    }

    fn filter(&self) -> Option<&str> {
        self.one.is_none().then_some(&self.filter)
    }

    fn set_filter(&mut self, filter: String, shared: &Shared) {
        self.filter = filter;
        self.arrange(shared);
    }

    fn selected_text(&self, _shared: &Shared) -> Option<String> {
        self.looked_at().map(|id| id.to_string())
    }

    fn actions(&self, shared: &Shared) -> Vec<Action> {
        let lines = self.looked_at().map(commands).into_iter().flatten().map(|(_, line)| line);
        let lines = lines.chain(drain::lines(self.node(shared), shared));
        lines.map(|line| Action { name: line.clone(), act: Act::Run(line) }).collect()
    }
}

/// Returns the commands for a datanode and their keys.
fn commands(id: DatanodeId) -> [(char, String); 3] {
    [('w', format!("why {id}")), ('i', format!("node show {id}")), ('d', "doctor".to_owned())]
}

impl Nodes {
    /// Returns a view with the order that [`order`](Self::order) returned in the last session; it
    /// is sorted by name if that order is not valid.
    pub fn new(order: Option<&str>) -> Self {
        let order = order.unwrap_or_default();
        let (falling, name) = order.strip_prefix('-').map_or((false, order), |name| (true, name));
        let by = Column::find(name);
        Self { by: by.unwrap_or_default(), falling: falling && by.is_some(), ..Self::default() }
    }

    /// Returns the order: the name of a column, with the prefix `-` for descending order.
    pub fn order(&self) -> String {
        format!("{}{}", if self.falling { "-" } else { "" }, self.by.head().to_lowercase())
    }

    /// Shows the details of a datanode.
    pub fn open(&mut self, id: DatanodeId) {
        self.chosen_id = Some(id);
        self.one = Some(One::new(id));
    }

    /// Returns the datanode that commands apply to.
    fn looked_at(&self) -> Option<DatanodeId> {
        self.one.as_ref().map(One::id).or(self.chosen_id)
    }

    fn node<'s>(&self, shared: &'s Shared) -> Option<&'s NodeStatus> {
        shared.node(self.looked_at()?)
    }

    fn sort_by(&mut self, column: Column, shared: &Shared) -> Vec<Act> {
        // Figures begin with the largest, names with the first.
        let names = matches!(column, Column::Node | Column::Version | Column::Machine);
        self.falling = if column == self.by { !self.falling } else { !names };
        self.by = column;
        self.arrange(shared);
        vec![Act::Keep]
    }

    /// Filters and sorts.
    fn arrange(&mut self, shared: &Shared) {
        let nodes = shared.nodes();
        let filter = self.filter.to_lowercase();
        if !filter.is_empty() && self.told.is_empty() {
            self.told = nodes.iter().map(|node| told(node, shared)).collect();
        }
        let shown = |at: usize| filter.is_empty() || self.told.get(at).is_some_and(|told| matches_small(told, &filter));
        let mut keyed: Vec<_> = nodes
            .iter()
            .enumerate()
            .filter(|(at, _)| shown(*at))
            .map(|(at, node)| (self.by.key(node, shared), at))
            .collect();
        // Equal values keep the order of names.
        keyed.sort_by(|(one, _), (other, _)| if self.falling { other.order(one) } else { one.order(other) });
        self.rows = keyed.into_iter().map(|(_, at)| at).collect();
        let place = |id| self.rows.iter().position(|at| nodes.get(*at).is_some_and(|node| node.id == id));
        self.chosen.at = self.chosen_id.and_then(place).unwrap_or(self.chosen.at);
        self.choose(shared);
    }

    /// Notes the datanode of the selected line.
    fn choose(&mut self, shared: &Shared) {
        self.chosen.at = self.chosen.within(self.rows.len());
        self.chosen_id = self.rows.get(self.chosen.at).and_then(|at| shared.nodes().get(*at)).map(|node| node.id);
    }

    fn table(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let (theme, nodes) = (&shared.theme, shared.nodes());
        let line = |row: u16| Rect { y: area.y + row, height: 1, ..area }.intersection(area);
        text(frame, line(0), Line::styled(self.summary(nodes, area.width.into()), theme.dim()));
        if nodes.is_empty() {
            return text(frame, line(HEAD_LINES), "No datanode has ever registered with this cluster.");
        }
        let columns = Column::fitting(area.width.into(), self.by, nodes);
        text(frame, line(1), Line::styled(heads(&columns, Some((self.by, self.falling))), theme.head()));
        if self.rows.is_empty() {
            return text(frame, line(HEAD_LINES), Line::styled("No datanode matches the filter.", theme.dim()));
        }
        let room = usize::from(area.height.saturating_sub(HEAD_LINES));
        let first = self.chosen.first(self.rows.len(), room);
        for (index, at) in self.rows.iter().enumerate().skip(first).take(room) {
            let Some(node) = nodes.get(*at) else { continue };
            let place = line(HEAD_LINES + (index - first) as u16);
            text(frame, place, node_line(node, &columns, shared));
            if index == self.chosen.within(self.rows.len()) {
                frame.buffer_mut().set_style(place, theme.selected());
            }
        }
    }

    /// Returns the number of datanodes in each state, and the order and filter of the table.
    fn summary(&self, nodes: &[NodeStatus], cells: usize) -> String {
        let many = |state: NodeState| count(nodes.iter().filter(|node| node.state == state).count() as u64);
        let [live, stale, dead] = [NodeState::Live, NodeState::Stale, NodeState::Dead].map(many);
        let failed = match nodes.iter().filter(|node| failed(node)).count() {
            0 => String::new(),
            some => format!(", {} with a failed directory", count(some as u64)),
        };
        let drains = crate::nodes::drains(nodes).map(|drains| format!(", {drains}")).unwrap_or_default();
        let (by, order) = (self.by.head().to_lowercase(), if self.falling { "descending" } else { "ascending" });
        let mut text = format!("{live} live, {stale} stale, {dead} dead{drains}{failed} │ by {by}, {order}");
        if !self.filter.is_empty() {
            let (shown, all) = (count(self.rows.len() as u64), count(nodes.len() as u64));
            text.push_str(&format!(" │ filter {}: {shown} of {all}; esc clears it", sanitise(&self.filter)));
        }
        truncate(&text, cells).into_owned()
    }
}

/// Returns the whole table text of a datanode in lower case.
fn told(node: &NodeStatus, shared: &Shared) -> String {
    let mut told = String::with_capacity(160);
    for column in Column::ALL.into_iter().filter(|column| column.sorts()) {
        told.push_str(&column.text(node, shared));
        told.push(' ');
    }
    told.to_lowercase()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

//! The view of the heatmap: its keys, its mouse, the selected tile.

use super::directories::Directories;
use super::layout::{Layout, Spot};
use crate::heat::{Field, Group, GroupBy, Lens, Tile, groups};
use crate::top::message::{Act, Message};
use crate::top::page::{Action, Binding, Page};
use crate::top::shared::Shared;
use crate::top::widgets::{drain, page_area};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseEvent, MouseEventKind};
use dfs_client::NodeStatus;
use dfs_types::DatanodeId;
use ratatui::Frame;
use ratatui::layout::Rect;

/// Lines above the tiles.
const HEAD_LINES: u16 = 1;
/// Lines below the tiles: statistics, two for the selected tile, scale, marks.
const FOOT_LINES: u16 = 5;

/// The tiles, and the view of directories.
#[derive(Debug, Default)]
pub struct Heatmap {
    pub(super) by: GroupBy,
    /// The values that the lens shows of each datanode; computed once per snapshot.
    pub(super) field: Field,
    /// The indices of the datanodes in the snapshot, in display order.
    pub(super) order: Vec<usize>,
    pub(super) groups: Vec<Group>,
    chosen: Option<DatanodeId>,
    directories: Option<Directories>,
}

impl Page for Heatmap {
    fn bindings(&self, shared: &Shared) -> Vec<Binding> {
        if let Some(directories) = &self.directories {
            return directories.bindings();
        }
        let mut bindings = vec![
            Binding::new(
                "l",
                "lens",
                "the next lens: fill level, balance, chunk density, I/O heat, replication risk; L the previous one",
            ),
            Binding::new("g", "group", "group by machine, or by state, the worst first"),
            Binding::new("f", "directories", "directories by size and by traffic"),
        ];
        if !shared.nodes().is_empty() {
            bindings.insert(0, Binding::new("enter", "open", "show the selected datanode, or the worst of a tile"));
            bindings
                .insert(1, Binding::new("↑↓←→", "select", "select a tile; so does a click, and a second one opens it"));
        }
        bindings.extend(drain::bindings(self.selected(shared), shared));
        bindings
    }

    fn key(&mut self, key: KeyEvent, shared: &Shared) -> Option<Vec<Act>> {
        if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
            return None;
        }
        if let Some(directories) = &mut self.directories {
            let acts = directories.key(key, shared);
            return acts.unwrap_or_else(|| {
                self.directories = None;
                Some(Vec::new())
            });
        }
        if let Some(acts) = drain::key(key, self.selected(shared), shared) {
            return Some(acts);
        }
        match key.code {
            KeyCode::Char('l') => Some(self.look_through(self.field.lens.after(1), shared)),
            KeyCode::Char('L') => Some(self.look_through(self.field.lens.after(Lens::ALL.len() - 1), shared)),
            KeyCode::Char('g') => {
                self.by = if self.by == GroupBy::Machine { GroupBy::State } else { GroupBy::Machine };
                self.arrange(shared);
                Some(Vec::new())
            }
            KeyCode::Char('f') => {
                let (directories, effect) = Directories::new();
                self.directories = Some(directories);
                Some(vec![Act::Effect(effect)])
            }
            KeyCode::Enter => self.selected(shared).map(|node| vec![Act::Node(node.id)]),
            KeyCode::Left | KeyCode::Right | KeyCode::Up | KeyCode::Down | KeyCode::Home | KeyCode::End => {
                self.go(key.code, shared);
                Some(Vec::new())
            }
            _ => None,
        }
    }

    fn mouse(&mut self, event: MouseEvent, area: Rect, shared: &Shared) -> Vec<Act> {
        if let Some(directories) = &mut self.directories {
            return directories.mouse(event, area, shared);
        }
        let layout = Layout::of(&self.groups, tiles_area(area));
        let (MouseEventKind::Down(_), Some(at)) = (event.kind, layout.at(event.column, event.row)) else {
            return Vec::new();
        };
        if self.tile_selected(&layout, shared) == Some(at) {
            return self.selected(shared).map(|node| Act::Node(node.id)).into_iter().collect();
        }
        self.select(&layout, at, shared);
        Vec::new()
    }

    fn hear(&mut self, message: &Message, shared: &Shared) -> Vec<Act> {
        match message {
            Message::Picture(..) => {
                self.arrange(shared);
                let asked = self.directories.as_mut().and_then(|directories| directories.ask(shared));
                return asked.map(Act::Effect).into_iter().collect();
            }
            Message::Traffic { path, result } => {
                if let Some(directories) = &mut self.directories {
                    directories.told(path, result);
                }
            }
            Message::Listed { path, after, result } => {
                if let Some(directories) = &mut self.directories {
                    return directories
                        .listed(path, after.as_deref(), result, shared)
                        .map(Act::Effect)
                        .into_iter()
                        .collect();
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        match &self.directories {
            Some(directories) => directories.draw(frame, area, shared),
            None => self.tiles(frame, area, shared),
        }
    }

    fn selected_text(&self, shared: &Shared) -> Option<String> {
        match &self.directories {
            Some(directories) => directories.selected().map(|path| path.to_string()),
            None => self.selected(shared).map(|node| node.id.to_string()),
        }
    }

    fn actions(&self, shared: &Shared) -> Vec<Action> {
        let run = |line: String| Action { name: line.clone(), act: Act::Run(line) };
        match (&self.directories, self.selected(shared)) {
            (None, Some(node)) => {
                let looks = [format!("why {}", node.id), format!("node show {}", node.id)];
                looks.into_iter().chain(drain::lines(Some(node), shared)).map(run).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Heatmap {
    /// Returns a heatmap with the lens stored under this name.
    pub fn new(lens: Option<&str>) -> Self {
        let lens = lens.and_then(Lens::find).unwrap_or_default();
        Self { field: Field::of(lens, &[], |_| None), ..Self::default() }
    }

    pub fn lens(&self) -> Lens {
        self.field.lens
    }

    fn look_through(&mut self, lens: Lens, shared: &Shared) -> Vec<Act> {
        self.field.lens = lens;
        self.arrange(shared);
        vec![Act::Say(lens.title().to_owned()), Act::Keep]
    }

    /// Computes the field and the order again.
    fn arrange(&mut self, shared: &Shared) {
        let traffic = |node: &NodeStatus| shared.rates(node).map(|rates| rates.read + rates.written);
        self.field = Field::of(self.field.lens, shared.nodes(), traffic);
        (self.order, self.groups) = groups(shared.nodes(), self.by);
    }

    /// Returns the selected datanode; the first one if none was selected.
    pub(super) fn selected<'s>(&self, shared: &'s Shared) -> Option<&'s NodeStatus> {
        let chosen = self.chosen.and_then(|id| shared.node(id));
        chosen.or_else(|| shared.nodes().get(*self.order.first()?))
    }

    pub(super) fn tile_selected(&self, layout: &Layout, shared: &Shared) -> Option<usize> {
        let id = self.selected(shared)?.id;
        let place = self.order.iter().position(|at| shared.nodes().get(*at).is_some_and(|node| node.id == id))?;
        layout.holding(place)
    }

    pub(super) fn tile(&self, spot: &Spot, shared: &Shared) -> Option<Tile> {
        Tile::of(self.order.get(spot.places.clone())?, shared.nodes(), &self.field)
    }

    /// Selects a tile: the worst datanode that it represents.
    fn select(&mut self, layout: &Layout, at: usize, shared: &Shared) {
        let worst = layout.spots.get(at).and_then(|spot| self.tile(spot, shared)).map(|tile| tile.worst);
        if let Some(node) = worst.and_then(|worst| shared.nodes().get(worst)) {
            self.chosen = Some(node.id);
        }
    }

    fn go(&mut self, code: KeyCode, shared: &Shared) {
        let layout = Layout::of(&self.groups, tiles_area(page_area(shared.area)));
        let from = self.tile_selected(&layout, shared).unwrap_or(0);
        let last = layout.spots.len().saturating_sub(1);
        let to = match code {
            KeyCode::Left => from.saturating_sub(1),
            KeyCode::Right => (from + 1).min(last),
            KeyCode::Up => layout.beyond(from, false).unwrap_or(from),
            KeyCode::Down => layout.beyond(from, true).unwrap_or(from),
            KeyCode::Home => 0,
            _ => last,
        };
        self.select(&layout, to, shared);
    }
}

/// Returns the area of the tiles.
pub(super) fn tiles_area(area: Rect) -> Rect {
    let height = area.height.saturating_sub(HEAD_LINES + FOOT_LINES);
    Rect { y: area.y + HEAD_LINES.min(area.height), height, ..area }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

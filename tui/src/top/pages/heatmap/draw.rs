//! Draws the heatmap.

use super::layout::{Layout, Shape, Spot};
use super::view::{Heatmap, tiles_area};
use crate::heat::{Lens, Shade, Tile};
use crate::nodes::{Mark, state};
use crate::top::shared::Shared;
use crate::top::theme::Shading;
use crate::top::widgets::text;
use dfs_client::{NodeState, NodeStatus};
use dfs_term::figures::{age, count, percent, plural, rate, size};
use dfs_term::report::Tone;
use dfs_term::text::{sanitise, truncate};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// Steps of the ramp; finer steps cannot be distinguished.
const STEPS: usize = 64;

/// The ramp of a lens, computed once per frame instead of once per tile.
struct Ramp(Vec<Shading>);

impl Ramp {
    /// Returns the ramp of a lens; its steps have no colour if the snapshot is old.
    fn of(lens: Lens, shared: &Shared) -> Self {
        let step = |at: usize| match (at as f64 / STEPS as f64, lens) {
            _ if shared.is_old() => Shading::default(),
            (part, Lens::Balance) => shared.theme.diverging(part),
            (part, _) => shared.theme.ramp(part),
        };
        Self((0..=STEPS).map(step).collect())
    }

    fn at(&self, shade: &Shade) -> Shading {
        self.0.get((shade.part * STEPS as f64).round() as usize).copied().unwrap_or_default()
    }
}

impl Heatmap {
    pub(super) fn tiles(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let (theme, nodes) = (&shared.theme, shared.nodes());
        let cells = usize::from(area.width);
        let cut = |text: String| truncate(&text, cells).into_owned();
        let inside = tiles_area(area);
        let layout = Layout::of(&self.groups, inside);
        let line = |row: u16| Rect { y: row, height: 1, ..area }.intersection(area);
        text(frame, line(area.y), Line::styled(cut(self.head(nodes, &layout)), theme.head()));
        if nodes.is_empty() {
            return text(frame, line(area.y + 1), "No datanode has ever registered with this cluster.");
        }
        let selected = self.tile_selected(&layout, shared);
        let ramp = Ramp::of(self.lens(), shared);
        for name in &layout.names {
            let called = self.groups.get(name.group).map_or("", |group| &group.name);
            let called = truncate(called, name.area.width.into()).into_owned();
            text(frame, name.area, Line::styled(called, theme.dim()));
        }
        for (at, spot) in layout.spots.iter().enumerate() {
            if let Some(tile) = self.tile(spot, shared) {
                self.tile_drawn(frame, spot, &tile, layout.shape, selected == Some(at), &ramp, shared);
            }
        }
        let foot = inside.bottom();
        text(frame, line(foot), Line::styled(cut(self.field.summary(nodes)), theme.dim()));
        let told = selected.and_then(|at| layout.spots.get(at)).and_then(|spot| self.told(spot, shared));
        for (row, told) in told.into_iter().flatten().enumerate() {
            text(frame, line(foot + 1 + row as u16), cut(told));
        }
        text(frame, line(foot + 3), self.scale(&ramp));
        text(frame, line(foot + 4), Line::styled(cut(marks(&layout)), theme.dim()));
    }

    /// Returns the description of the tiles.
    fn head(&self, nodes: &[NodeStatus], layout: &Layout) -> String {
        let all = plural(nodes.len() as u64, "datanode", "datanodes");
        let tile = match layout.shape {
            Shape::Many => format!("a tile shows the worst of up to {}", layout.most),
            Shape::One => "a cell each".to_owned(),
            Shape::Box | Shape::Four => "a tile each".to_owned(),
        };
        format!("{} by {} │ {all}, {tile}", self.field.lens, self.by.word())
    }

    fn tile_drawn(
        &self,
        frame: &mut Frame<'_>,
        spot: &Spot,
        tile: &Tile,
        shape: Shape,
        selected: bool,
        ramp: &Ramp,
        shared: &Shared,
    ) {
        let (style, mark) = style(tile, ramp, shared);
        let area = spot.area;
        match shape {
            Shape::One => {
                if let Some(cell) = frame.buffer_mut().cell_mut((area.x, area.y)) {
                    cell.set_char(tile.letter()).set_style(style.block);
                }
            }
            Shape::Four => {
                let mut told = tile.text();
                let glyph = told.pop().map(String::from).unwrap_or_default();
                text(frame, area, Line::from(vec![Span::styled(told, style.text), Span::styled(glyph, mark)]));
            }
            Shape::Many => text(frame, area, Line::styled(tile.text_of_many(), style.text)),
            Shape::Box => {
                frame.buffer_mut().set_style(area, style.text);
                let lines = shared.nodes().get(tile.worst).map(|node| self.in_box(node, tile, shared));
                // A low box shows the first lines, which are the most important ones.
                for (row, told) in lines.into_iter().flatten().take(area.height.into()).enumerate() {
                    let place =
                        Rect { x: area.x + 1, y: area.y + row as u16, width: area.width.saturating_sub(2), height: 1 };
                    let told = truncate(&told, place.width.into()).into_owned();
                    text(frame, place, Line::styled(told, style.text));
                }
            }
        }
        if selected && shape == Shape::One {
            // Among coloured cells the selected one has no colour.
            frame.buffer_mut().set_style(area, Style::reset().patch(shared.theme.selected()));
        } else if selected {
            frame.buffer_mut().set_style(area, shared.theme.selected());
            bracket(frame, area, shared);
        }
    }

    /// Returns the lines of a box, the most important first.
    fn in_box(&self, node: &NodeStatus, tile: &Tile, shared: &Shared) -> [String; 6] {
        let load = &node.load;
        let bytes = |part: Option<f64>| part.map_or_else(|| "–".to_owned(), rate);
        let rates = shared.rates(node);
        [
            node.id.to_string(),
            format!("{}  {}", tile.text(), tile.mark.word()),
            format!("{} of {}", percent(load.used(), load.capacity()), size(load.capacity())),
            node.address.ip().to_string(),
            chunks(node),
            format!("read {}, write {}", bytes(rates.map(|rates| rates.read)), bytes(rates.map(|rates| rates.written))),
        ]
    }

    /// Returns the details of a tile in two lines.
    fn told(&self, spot: &Spot, shared: &Shared) -> Option<[String; 2]> {
        let tile = self.tile(spot, shared)?;
        let node = shared.nodes().get(tile.worst)?;
        let load = &node.load;
        let heartbeat = age(Duration::from_millis(shared.heartbeat_age_ms(node)));
        let full = format!("{} of {}", percent(load.used(), load.capacity()), size(load.capacity()));
        let one = format!("{} {} {heartbeat} │ {full} │ {}", node.id, state(node), chunks(node));
        if tile.count == 1 {
            let traffic = match shared.rates(node) {
                Some(rates) => format!("read {}, write {}", rate(rates.read), rate(rates.written)),
                None => "traffic not known".to_owned(),
            };
            let errors = plural(load.disk_errors, "disk error", "disk errors");
            return Some([one, format!("{traffic} │ {errors} │ {} │ {}", node.address, sanitise(&node.version))]);
        }
        let members = self.order.get(spot.places.clone())?.iter().filter_map(|at| shared.nodes().get(*at));
        let silent = members.filter(|node| node.state != NodeState::Live).count();
        let group = self.groups.iter().find(|group| group.places.contains(&spot.places.start));
        let group = group.map_or("", |group| &group.name);
        let many = plural(tile.count as u64, "datanode", "datanodes");
        Some([format!("{many}, from {group} on, {silent} not reporting; the worst:"), one])
    }

    /// Returns the scale in its colours.
    fn scale(&self, ramp: &Ramp) -> Line<'static> {
        let mut spans = Vec::new();
        for (shade, name) in self.field.scale() {
            if let Some(shade) = shade {
                let Shading { text, block } = ramp.at(&shade);
                let letter = Span::styled(shade.letter().to_string(), block);
                spans.extend([Span::styled(" ", text), letter, Span::styled(" ", text)]);
            }
            spans.push(Span::raw(format!(" {name}  ")));
        }
        spans.into()
    }
}

/// Returns the number of chunks, and how many of them are under-replicated.
fn chunks(node: &NodeStatus) -> String {
    let mut told = plural(node.chunks, "chunk", "chunks");
    if node.under_replicated > 0 {
        told.push_str(&format!(", {} under-replicated", count(node.under_replicated)));
    }
    if node.last_replica > 0 {
        told.push_str(&format!(", {} with one replica left", count(node.last_replica)));
    }
    told
}

/// Returns the style of a tile: text, blocks, and the mark at its end.
fn style(tile: &Tile, ramp: &Ramp, shared: &Shared) -> (Shading, Style) {
    let theme = &shared.theme;
    let plain = |style| (Shading { text: style, block: style }, style);
    let state = || theme.tone(tile.mark.tone());
    match tile.shade {
        // A datanode that does not report is dimmed except for its mark and never has the colour of
        // a healthy one; the same applies to old snapshots.
        _ if !tile.mark.is_heard() && tile.count == 1 => (Shading { text: theme.dim(), block: state() }, state()),
        _ if !tile.mark.is_heard() => plain(state()),
        Some(shade) => {
            let shading = ramp.at(&shade);
            (shading, shading.text)
        }
        None => plain(theme.tone(if tile.mark == Mark::Live { Tone::Plain } else { tile.mark.tone() })),
    }
}

/// Draws brackets on both sides of a tile, for terminals without colours.
fn bracket(frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
    for row in area.rows() {
        let beside = [(row.x.checked_sub(1), '['), (Some(row.right()), ']')];
        for (column, letter) in beside.into_iter().filter_map(|(column, letter)| Some((column?, letter))) {
            if let Some(cell) = frame.buffer_mut().cell_mut((column, row.y)) {
                cell.set_char(letter).set_style(shared.theme.head());
            }
        }
    }
}

/// Returns the legend of the marks.
fn marks(layout: &Layout) -> String {
    let marks = Mark::legend();
    match layout.shape {
        Shape::One => format!("{marks}  – not known"),
        Shape::Many => format!("{marks}  ×40 number of datanodes"),
        Shape::Box | Shape::Four => format!("{marks}  42s last heartbeat"),
    }
}

//! Computes the layout of the tiles: the largest size at which all datanodes are visible.
//!
//! With a growing number of datanodes: boxes with names; tiles of four cells, next to the name of
//! their machine if there is room; one cell each; finally tiles for the worst datanode of a machine
//! or of a range.

use crate::heat::Group;
use dfs_term::text::width;
use ratatui::layout::Rect;
use std::ops::Range;

/// Sizes of boxes, in columns and lines, largest first.
const BOXES: [(u16, u16); 3] = [(36, 6), (26, 5), (18, 4)];
/// Names of groups are cut to this width.
const NAME_CELLS_MAX: usize = 24;
/// Gap between lanes, in cells.
const LANE_GAP: u16 = 3;

/// The shape of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A box that contains the name.
    Box,
    /// Four cells.
    Four,
    /// One cell.
    One,
    /// Four cells and the number of datanodes.
    Many,
}

/// A tile and its area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub area: Rect,
    /// The range of the order that the tile represents.
    pub places: Range<usize>,
}

/// The name of a group and its area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub area: Rect,
    pub group: usize,
}

/// The areas of all tiles and names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub shape: Shape,
    pub spots: Vec<Spot>,
    pub names: Vec<Name>,
    /// The largest number of datanodes that one tile represents.
    pub most: usize,
}

impl Layout {
    /// Places the datanodes of `groups`, which are consecutive, in `area`.
    pub(super) fn of(groups: &[Group], area: Rect) -> Self {
        let count = groups.last().map_or(0, |group| group.places.end);
        let singles = || (0..count).map(|at| at..at + 1);
        let boxes = BOXES.into_iter().find_map(|size| flow(singles(), Shape::Box, size, (2, 1), area));
        let sizes = (width_of(4), width_of(1));
        boxes
            .or_else(|| lanes(groups, Shape::Four, sizes.0, area))
            .or_else(|| flow(singles(), Shape::Four, (4, 1), (1, 0), area))
            .or_else(|| lanes(groups, Shape::One, sizes.1, area))
            .or_else(|| flow(singles(), Shape::One, (1, 1), (0, 0), area))
            .unwrap_or_else(|| worst_of(groups, count, area))
    }

    /// Returns the tile at a position of the window.
    pub(super) fn at(&self, column: u16, row: u16) -> Option<usize> {
        self.spots.iter().position(|spot| spot.area.contains((column, row).into()))
    }

    /// Returns the tile that represents this index of the order.
    pub(super) fn holding(&self, place: usize) -> Option<usize> {
        let at = self.spots.partition_point(|spot| spot.places.end <= place);
        self.spots.get(at).filter(|spot| spot.places.contains(&place)).map(|_| at)
    }

    /// Returns the nearest tile in the next line of tiles above or below.
    pub(super) fn beyond(&self, from: usize, down: bool) -> Option<usize> {
        let here = self.spots.get(from)?.area;
        let ahead = |spot: &Spot| if down { spot.area.y > here.y } else { spot.area.y < here.y };
        let distance = |spot: &Spot| (spot.area.y.abs_diff(here.y), spot.area.x.abs_diff(here.x));
        let candidates = self.spots.iter().enumerate().filter(|(_, spot)| ahead(spot));
        candidates.min_by_key(|(_, spot)| distance(spot)).map(|(at, _)| at)
    }
}

/// Returns the number of cells from one tile to the next.
fn width_of(cells: u16) -> u16 {
    if cells > 1 { cells + 1 } else { cells }
}

/// Places tiles of this size one after another with a gap between them; `None` if they do not fit.
fn flow(
    ranges: impl ExactSizeIterator<Item = Range<usize>>,
    shape: Shape,
    (wide, high): (u16, u16),
    (gap, line_gap): (u16, u16),
    area: Rect,
) -> Option<Layout> {
    // The cell before the first tile is for the bracket that marks the selected one.
    let inner = area.width.saturating_sub(gap.min(1));
    let across = usize::from((inner + gap) / (wide + gap));
    let down = usize::from((area.height + line_gap) / (high + line_gap));
    if ranges.len() > across * down || across == 0 {
        return None;
    }
    let left = area.x + area.width - inner;
    let place = |(at, places): (usize, Range<usize>)| {
        let (column, row) = ((at % across) as u16, (at / across) as u16);
        let area =
            Rect { x: left + column * (wide + gap), y: area.y + row * (high + line_gap), width: wide, height: high };
        Spot { area, places }
    };
    let spots: Vec<Spot> = ranges.enumerate().map(place).collect();
    let most = spots.iter().map(|spot| spot.places.len()).max().unwrap_or(0);
    Some(Layout { shape, spots, names: Vec::new(), most })
}

/// Places groups in the number of parallel lanes that minimises the height: the name of each, then
/// its tiles, `pitch` cells from one to the next. Returns `None` if they do not fit.
fn lanes(groups: &[Group], shape: Shape, pitch: u16, area: Rect) -> Option<Layout> {
    let longest = groups.iter().map(|group| width(&group.name)).max()?;
    let name = longest.min(NAME_CELLS_MAX) as u16 + 2;
    let fit = |lanes: u16| {
        let lane = (area.width.saturating_sub(LANE_GAP * (lanes - 1))) / lanes;
        let across = usize::from(lane.saturating_sub(name) / pitch);
        if across == 0 {
            return None;
        }
        let lines = |group: &Group| group.places.len().div_ceil(across);
        let heights = groups.chunks(lanes.into()).map(|row| row.iter().map(lines).max().unwrap_or(0));
        Some((heights.sum::<usize>(), lanes, lane, across))
    };
    let lanes_max = (area.width / (name + pitch)).clamp(1, 64);
    let (high, lanes, lane, across) = (1..=lanes_max).filter_map(fit).min()?;
    if high > usize::from(area.height) {
        return None;
    }
    let (mut spots, mut names, mut top) = (Vec::new(), Vec::new(), area.y);
    for (row, members) in groups.chunks(lanes.into()).enumerate() {
        let mut lowest = top;
        for (column, group) in members.iter().enumerate() {
            let left = area.x + column as u16 * (lane + LANE_GAP);
            names.push(Name {
                area: Rect { x: left, y: top, width: name - 2, height: 1 },
                group: row * usize::from(lanes) + column,
            });
            for (at, place) in group.places.clone().enumerate() {
                let (x, y) = (left + name + (at % across) as u16 * pitch, top + (at / across) as u16);
                lowest = lowest.max(y + 1);
                let wide = if pitch > 1 { pitch - 1 } else { 1 };
                spots.push(Spot { area: Rect { x, y, width: wide, height: 1 }, places: place..place + 1 });
            }
        }
        top = lowest;
    }
    Some(Layout { shape, spots, names, most: 1 })
}

/// Places tiles that represent several datanodes: one per machine, otherwise one per range, with
/// ranges as short as fit.
fn worst_of(groups: &[Group], count: usize, area: Rect) -> Layout {
    let tiles = |ranges: Vec<Range<usize>>| {
        let most = ranges.iter().map(Range::len).max().unwrap_or(0);
        let wide = 5 + most.max(1).ilog10() as u16 + 1;
        flow(ranges.into_iter(), Shape::Many, (wide, 1), (1, 0), area)
    };
    let whole = groups.iter().map(|group| group.places.clone()).collect();
    // One tile per state would carry little information.
    let by_group = if groups.len() > 4 { tiles(whole) } else { None };
    let run = |long: usize| (0..count).step_by(long).map(|at| at..(at + long).min(count)).collect();
    by_group.or_else(|| (2..=count.max(2)).find_map(|long| tiles(run(long)))).unwrap_or(Layout {
        shape: Shape::Many,
        spots: Vec::new(),
        names: Vec::new(),
        most: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns so many groups of so many datanodes each.
    fn groups(many: usize, each: usize) -> Vec<Group> {
        (0..many).map(|at| Group { name: format!("10.0.0.{at}"), places: at * each..(at + 1) * each }).collect()
    }

    fn area(width: u16, height: u16) -> Rect {
        Rect { x: 0, y: 3, width, height }
    }

    #[test]
    fn tiles_grow_smaller_with_their_number() {
        let shape = |many, each, width, height| {
            let layout = Layout::of(&groups(many, each), area(width, height));
            (layout.shape, layout.names.is_empty(), layout.most)
        };
        assert_eq!(shape(3, 1, 80, 16), (Shape::Box, true, 1));
        assert_eq!(shape(5, 10, 80, 16), (Shape::Four, false, 1));
        assert_eq!(shape(200, 1, 80, 16), (Shape::Four, true, 1));
        assert_eq!(shape(10, 60, 80, 16), (Shape::One, false, 1));
        assert_eq!(shape(125, 40, 195, 52), (Shape::One, false, 1));
        assert_eq!(shape(1000, 1, 80, 16), (Shape::One, true, 1));
        assert_eq!(shape(125, 40, 80, 16), (Shape::Many, true, 40));
        assert_eq!(shape(5000, 1, 80, 16), (Shape::Many, true, 32));
    }

    #[test]
    fn every_datanode_stands_in_one_place_in_sight() {
        for (many, each) in [(0, 1), (1, 1), (3, 1), (7, 9), (50, 20), (5000, 1), (2, 2500), (1, 65_000)] {
            for (width, height) in [(60, 8), (80, 16), (200, 52), (300, 1), (1, 1), (0, 0)] {
                let area = area(width, height);
                let layout = Layout::of(&groups(many, each), area);
                let mut next = 0;
                for spot in &layout.spots {
                    assert_eq!(spot.places.start, next);
                    next = spot.places.end;
                    assert_eq!(area.intersection(spot.area), spot.area, "{many} × {each} in {width} × {height}");
                }
                assert!(next == many * each || width < 60, "{many} × {each} in {width} × {height}: {next}");
                for place in [0, next / 2] {
                    assert_eq!(layout.holding(place).is_some(), place < next);
                }
            }
        }
    }

    #[test]
    fn arrows_go_to_the_nearest() {
        let layout = Layout::of(&groups(200, 1), area(80, 16));
        let below = layout.beyond(2, true).expect("a tile below");
        assert_eq!(layout.beyond(below, false), Some(2));
        assert_eq!((layout.beyond(2, false), layout.beyond(199, true)), (None, None));
        let spot = &layout.spots[below];
        assert_eq!(layout.at(spot.area.x + 3, spot.area.y), Some(below));
        assert_eq!(layout.at(0, 0), None);
    }
}

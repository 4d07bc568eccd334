//! A tile of the heatmap: one datanode, or several.

use super::{Field, Shade};
use crate::nodes::Mark;
use dfs_rpc::wire::NodeStatus;

/// One datanode, or the worst of several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tile {
    /// The number of datanodes that the tile represents.
    pub count: usize,
    /// The index of the worst datanode in the snapshot; dead is worse than full.
    pub worst: usize,
    /// The state of the worst datanode.
    pub mark: Mark,
    /// The largest shade of all; `None` if none is known.
    pub shade: Option<Shade>,
    /// The time since the last heartbeat of the worst datanode, in milliseconds.
    pub age_ms: u64,
}

impl Tile {
    /// Returns the tile of the datanodes at these indices of the snapshot; `None` without
    /// datanodes.
    pub fn of(places: &[usize], nodes: &[NodeStatus], field: &Field) -> Option<Self> {
        let one = |at: &usize| {
            let node = nodes.get(*at)?;
            let (mark, shade) = (Mark::of(node), field.shade(*at));
            Some(Self { count: 1, worst: *at, mark, shade, age_ms: node.heartbeat_age_ms })
        };
        places.iter().filter_map(one).reduce(Self::with)
    }

    fn with(self, other: Self) -> Self {
        let weight = |tile: &Self| tile.shade.map_or(-1.0, |shade| shade.weight);
        let heavier = if weight(&other) > weight(&self) { other.shade } else { self.shade };
        let rank = |tile: &Self| (tile.mark, if tile.mark.is_heard() { 0 } else { tile.age_ms });
        let worse = match rank(&other).cmp(&rank(&self)) {
            std::cmp::Ordering::Equal => weight(&other) > weight(&self),
            order => order.is_gt(),
        };
        let count = self.count + other.count;
        Self { count, shade: heavier, ..if worse { other } else { self } }
    }

    /// Returns the tile as one cell: the mark of a problem, otherwise the block of the value.
    pub fn letter(&self) -> char {
        match (self.mark, self.shade) {
            (Mark::Live, Some(shade)) => shade.letter(),
            (Mark::Live, None) => '–',
            (mark, _) => mark.glyph(),
        }
    }

    /// Returns the tile as four cells: the value and the mark; for a datanode that does not report,
    /// the time since its last heartbeat.
    pub fn text(&self) -> String {
        let glyph = self.mark.glyph();
        match self.shade {
            _ if self.count == 1 && !self.mark.is_heard() => format!("{}{glyph}", short_age(self.age_ms)),
            Some(shade) => format!("{}{glyph}", shade.text()),
            None => format!(" ––{glyph}"),
        }
    }

    /// Returns the same text followed by the number of datanodes.
    pub fn text_of_many(&self) -> String {
        format!("{}×{}", self.text(), self.count)
    }
}

/// Returns an age as three cells: `42s`, `12m`, `30h`, `99d`; the last one also stands for longer
/// ages.
fn short_age(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..100 => format!("{seconds:>2}s"),
        100..6_000 => format!("{:>2}m", seconds / 60),
        6_000..360_000 => format!("{:>2}h", seconds / 3_600),
        _ => format!("{:>2}d", (seconds / 86_400).min(99)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heat::Lens;
    use crate::top::fixtures;

    #[test]
    fn a_tile_tells_how_much_and_how_it_is() {
        let mut nodes = fixtures::dead().nodes;
        nodes[1].load.directories[0].failed = true;
        let field = Field::of(Lens::Fill, &nodes, |_| None);
        let text = |places: &[usize]| Tile::of(places, &nodes, &field).map(|tile| (tile.text(), tile.letter()));
        assert_eq!(text(&[0]), Some(("▂17·".into(), '▂')));
        assert_eq!(text(&[1]), Some(("▂24!".into(), '!')));
        assert_eq!(text(&[2]), Some(("42s✗".into(), '✗')));
        assert_eq!(text(&[]), None);
        assert_eq!(text(&[77]), None);
        // A tile of several shows the largest fill level, the worst state and the number.
        let all = Tile::of(&[0, 1, 2], &nodes, &field).expect("a tile");
        assert_eq!((all.text_of_many(), all.worst), ("▂24✗×3".into(), 2));
        // A draining datanode shows its value and the mark of draining.
        (nodes[0].admin_state, nodes[0].left) = (dfs_types::AdminState::Draining, Some(3));
        let field = Field::of(Lens::Fill, &nodes, |_| None);
        let text = |places: &[usize]| Tile::of(places, &nodes, &field).map(|tile| (tile.text(), tile.letter()));
        assert_eq!(text(&[0]), Some(("▂17»".into(), '»')));
        (nodes[0].admin_state, nodes[0].left) = Default::default();
        let well = Tile::of(&[0], &nodes, &Field::of(Lens::Traffic, &nodes, |_| None)).expect("a tile");
        assert_eq!((well.text(), well.letter()), (" ––·".into(), '–'));
    }

    #[test]
    fn ages_take_three_cells() {
        let ages = [0, 42_000, 120_000, 5_999_000, 6_000_000, 400_000_000, u64::MAX].map(short_age);
        assert_eq!(ages, [" 0s", "42s", " 2m", "99m", " 1h", " 4d", "99d"]);
    }
}

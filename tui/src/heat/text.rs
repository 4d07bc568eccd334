//! Formats the heatmap as lines of text.

use super::{Field, GroupBy, Lens, Tile, groups};
use crate::nodes::Mark;
use dfs_rpc::wire::NodeStatus;
use dfs_term::report::{Tone, View};
use dfs_term::text::{pad, width};

/// Width of a line in cells if the width of the output is not known.
const CELLS: usize = 80;
/// Width of a tile in cells, with the blank that follows it.
const TILE_CELLS: usize = 5;

/// Returns one tile for each datanode, in lines for each machine, with the legend below.
pub fn heatmap(lens: Lens, nodes: &[NodeStatus], view: &View) -> String {
    if nodes.is_empty() {
        return "there are no datanodes\n".to_owned();
    }
    let field = Field::of(lens, nodes, |_| None);
    let (order, machines) = groups(nodes, GroupBy::Machine);
    let names = machines.iter().map(|machine| width(&machine.name)).max().unwrap_or(0) + 2;
    let across = (view.cells.unwrap_or(CELLS).saturating_sub(names) / TILE_CELLS).max(1);
    let mut text = String::new();
    for machine in machines {
        let places = order.get(machine.places).unwrap_or_default();
        for (row, places) in places.chunks(across).enumerate() {
            let name = pad(if row == 0 { &machine.name } else { "" }, names);
            let tiles = places.iter().filter_map(|at| Tile::of(std::slice::from_ref(at), nodes, &field));
            let tiles: Vec<String> = tiles.map(|tile| view.paint(tone(&tile), &tile.text()).into_owned()).collect();
            text.push_str(&format!("{}{}\n", view.paint(Tone::Dim, &name), tiles.join(" ")));
        }
    }
    text.push_str(&format!("\n{}: {}\n", lens.title(), field.summary(nodes)));
    for line in [scale(&field), format!("{}  42s last heartbeat", Mark::legend())] {
        text.push_str(&format!("{}\n", view.paint(Tone::Dim, &line)));
    }
    text
}

/// Returns the blocks and their meaning as one line.
pub fn scale(field: &Field) -> String {
    let steps = field.scale().into_iter().map(|(shade, name)| match shade {
        Some(shade) => format!("{} {name}", shade.letter()),
        None => name,
    });
    steps.collect::<Vec<_>>().join("  ")
}

/// Returns the tone of a tile. Only problems are coloured; the block shows the value.
fn tone(tile: &Tile) -> Tone {
    match tile.mark {
        Mark::Live => Tone::Plain,
        mark => mark.tone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::fixtures;

    #[test]
    fn a_line_for_each_machine() {
        let mut nodes = fixtures::dead().nodes;
        nodes[1].address = nodes[0].address;
        let text = heatmap(Lens::Fill, &nodes, &View { cells: Some(80), ..View::default() });
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(&lines[..3], ["10.0.0.2  ▂17· ▂24·", "10.0.0.4  42s✗", ""]);
        assert!(lines[3].starts_with("fill level: mean 20 %, min 17 % datanode-1"), "{text}");
        assert!(text.contains("▆ 80  ▇ 90  █ 95"), "{text}");
        assert_eq!(heatmap(Lens::Fill, &[], &View::default()), "there are no datanodes\n");
    }

    #[test]
    fn no_line_of_tiles_is_wider_than_the_terminal() {
        let nodes = fixtures::cluster(100).nodes;
        for cells in [1, 20, 79, 200] {
            let text = heatmap(Lens::Balance, &nodes, &View { cells: Some(cells), ..View::default() });
            let tiles = text.lines().take_while(|line| !line.is_empty());
            assert!(tiles.clone().all(|line| width(line) <= cells.max(17)), "{cells}:\n{text}");
        }
    }
}

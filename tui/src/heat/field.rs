//! Computes what a lens shows of all datanodes.

use super::Lens;
use crate::nodes::full;
use dfs_rpc::wire::{NodeState, NodeStatus};
use dfs_term::figures::{count, plural, rate};
use dfs_types::DatanodeId;

/// The eight heights of a block.
pub(super) const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The fill levels at which the next block begins; the last three are those that need action.
const FILL_STEPS: [f64; 7] = [0.10, 0.25, 0.40, 0.60, 0.80, 0.90, 0.95];
/// The positions of the eight blocks on the colour ramp, with jumps at 80 %, 90 % and 95 %.
const FILL_RAMP: [f64; 8] = [0.0, 0.08, 0.16, 0.24, 0.32, 0.6, 0.8, 1.0];
/// Deviations from the mean below this value are not magnified.
const SPREAD_MIN: f64 = 0.05;

/// The value of a datanode as the heatmap shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shade {
    /// The index of the block, 0 to 7.
    level: u8,
    /// At most 99, which also stands for all larger values.
    digits: u8,
    /// The sign of the value, if the digits count in two directions.
    sign: Option<char>,
    /// The position on the colour ramp, 0 to 1.
    pub part: f64,
    /// Orders shades: a larger weight is worse.
    pub weight: f64,
}

impl Shade {
    /// Returns the shade as one cell.
    pub fn letter(&self) -> char {
        BLOCKS.get(usize::from(self.level)).copied().unwrap_or('█')
    }

    /// Returns the shade as three cells.
    pub fn text(&self) -> String {
        format!("{}{:>2}", self.sign.unwrap_or(self.letter()), self.digits)
    }
}

/// The values that a lens shows of each datanode of a snapshot, and the statistics of all live
/// datanodes.
#[derive(Debug, Clone, Default)]
pub struct Field {
    pub lens: Lens,
    /// In the order of the snapshot; `None` for a datanode whose current value is not known.
    shades: Vec<Option<Shade>>,
    figures: Option<Figures>,
}

/// The statistics of the values of live datanodes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Figures {
    low: (f64, DatanodeId),
    high: (f64, DatanodeId),
    mean: f64,
    deviation: f64,
    sum: f64,
}

impl Field {
    /// Computes the field of `nodes`; `traffic` returns the bytes that a datanode reads and writes
    /// per second, if known.
    pub fn of(lens: Lens, nodes: &[NodeStatus], traffic: impl Fn(&NodeStatus) -> Option<f64>) -> Self {
        let value = |node: &NodeStatus| match lens {
            // The current value of a datanode that does not report is not known.
            _ if node.state != NodeState::Live => None,
            Lens::Fill | Lens::Balance => full(node),
            Lens::Chunks => Some(node.chunks as f64),
            Lens::Traffic => traffic(node),
            Lens::Risk => Some(node.under_replicated as f64),
        };
        let values: Vec<Option<f64>> = nodes.iter().map(value).collect();
        let figures =
            Figures::of(nodes.iter().zip(&values).filter_map(|(node, value)| Some((value.as_ref()?, node.id))));
        let shade = |(node, value): (&NodeStatus, &Option<f64>)| {
            let (value, figures) = ((*value)?, figures?);
            Some(match lens {
                Lens::Fill => fill(value),
                Lens::Balance => balance(value - figures.mean, figures.spread()),
                Lens::Chunks | Lens::Traffic => share(value, figures.high.0),
                Lens::Risk => risk(node),
            })
        };
        let shades = nodes.iter().zip(&values).map(shade).collect();
        Self { lens, shades, figures }
    }

    /// Returns the shade of the datanode at this index of the snapshot.
    pub fn shade(&self, at: usize) -> Option<Shade> {
        self.shades.get(at).copied().flatten()
    }

    /// Returns the statistics of all live datanodes as one line.
    pub fn summary(&self, nodes: &[NodeStatus]) -> String {
        let Some(Figures { low, high, mean, deviation, sum }) = self.figures else {
            return "no figures are known yet".to_owned();
        };
        let percent = |part: f64| format!("{:.0} %", part * 100.0);
        let points = |part: f64| format!("{:.1}", part * 100.0);
        match self.lens {
            Lens::Fill => {
                let above = |least: f64| {
                    let live = nodes.iter().filter(|node| node.state == NodeState::Live);
                    count(live.filter_map(full).filter(|part| in_percent(*part) >= least).count() as u64)
                };
                let (low, high) = (format!("{} {}", percent(low.0), low.1), format!("{} {}", percent(high.0), high.1));
                format!("mean {}, min {low}, max {high}; {} ≥ 80 %, {} ≥ 95 %", percent(mean), above(0.8), above(0.95))
            }
            Lens::Balance => {
                let ends = format!("min {} {}, max {} {}", percent(low.0), low.1, percent(high.0), high.1);
                format!("mean {}, {ends}; deviation {} points", percent(mean), points(deviation))
            }
            Lens::Chunks => {
                let figure = |value: f64| count(value.round() as u64);
                let ends = format!("min {} {}, max {} {}", figure(low.0), low.1, figure(high.0), high.1);
                format!("mean {}, {ends}; deviation {}", figure(mean), figure(deviation))
            }
            Lens::Traffic => format!("{} in total, busiest {} with {}", rate(sum), high.1, rate(high.0)),
            Lens::Risk => {
                let (last_replica, under_replicated): (u64, u64) =
                    nodes.iter().fold((0, 0), |(last_replica, under_replicated), node| {
                        (
                            last_replica + u64::from(node.last_replica > 0),
                            under_replicated + u64::from(node.under_replicated > 0),
                        )
                    });
                let last_replica = plural(
                    last_replica,
                    "datanode has the only live replica of a chunk",
                    "datanodes have the only live replica of a chunk",
                );
                format!("{last_replica}, {} under-replicated chunks", plural(under_replicated, "has", "have"))
            }
        }
    }

    /// Returns the blocks with their meaning and their position on the ramp; the unit comes last,
    /// without a block.
    pub fn scale(&self) -> Vec<(Option<Shade>, String)> {
        let Some(figures) = self.figures else { return Vec::new() };
        let step = |value: f64, name: String| (Some(share(value, 1.0)), name);
        match self.lens {
            Lens::Fill => {
                let from = |value: f64| (Some(fill(value)), format!("{:.0}", value * 100.0));
                let steps = std::iter::once(0.0).chain(FILL_STEPS).map(from);
                steps.chain([(None, "% full and more".to_owned())]).collect()
            }
            Lens::Balance => {
                let spread = figures.spread();
                let at = |part: f64| (Some(balance(part * spread, spread)), format!("{:+.0}", part * spread * 100.0));
                let steps = [-1.0, -0.5, 0.0, 0.5, 1.0].map(at).into_iter();
                let steps = steps.chain([(None, format!("points from the mean of {:.0} %", figures.mean * 100.0))]);
                steps.collect()
            }
            Lens::Chunks => {
                let at = |part: f64| step(part, count((part * figures.high.0).round() as u64));
                let steps = [0.0, 0.25, 0.5, 0.75, 1.0].map(at).into_iter();
                steps.chain([(None, "chunks; digits: % of the maximum".to_owned())]).collect()
            }
            Lens::Traffic => {
                let at = |part: f64| step(part, rate(part * figures.high.0));
                let steps = [0.0, 0.25, 0.5, 0.75, 1.0].map(at).into_iter();
                steps.chain([(None, "read and written; digits: % of the busiest".to_owned())]).collect()
            }
            Lens::Risk => {
                let at = |level, name: &str| (Some(at_risk(level, 0)), name.to_owned());
                let steps = [
                    at(0, "fully replicated"),
                    at(4, "some under-replicated"),
                    at(7, "has the only live replica of some"),
                ];
                steps.into_iter().chain([(None, "digits: chunks".to_owned())]).collect()
            }
        }
    }
}

impl Figures {
    fn of<'v>(values: impl Iterator<Item = (&'v f64, DatanodeId)>) -> Option<Self> {
        let values: Vec<(f64, DatanodeId)> = values.map(|(value, id)| (*value, id)).collect();
        let first = *values.first()?;
        let (mut low, mut high, mut sum) = (first, first, 0.0);
        for (value, id) in &values {
            low = if *value < low.0 { (*value, *id) } else { low };
            high = if *value > high.0 { (*value, *id) } else { high };
            sum += value;
        }
        let many = values.len() as f64;
        let mean = sum / many;
        let deviation = (values.iter().map(|(value, _)| (value - mean).powi(2)).sum::<f64>() / many).sqrt();
        Some(Self { low, high, mean, deviation, sum })
    }

    /// Returns the largest deviation from the mean.
    fn spread(&self) -> f64 {
        (self.high.0 - self.mean).max(self.mean - self.low.0).max(SPREAD_MIN)
    }
}

fn digits(value: f64) -> u8 {
    value.clamp(0.0, 99.0).round() as u8
}

fn fill(part: f64) -> Shade {
    let part = in_percent(part);
    let level = FILL_STEPS.iter().filter(|step| part >= **step).count();
    let place = FILL_RAMP.get(level).copied().unwrap_or(1.0);
    Shade { level: level as u8, digits: digits(part * 100.0), sign: None, part: place, weight: part }
}

/// Rounds to whole percent, as displayed: a value displayed as 80 % has reached the threshold of 80
/// %.
fn in_percent(part: f64) -> f64 {
    (part * 100.0).round() / 100.0
}

fn balance(distance: f64, spread: f64) -> Shade {
    let part = (0.5 + distance / spread / 2.0).clamp(0.0, 1.0);
    let digits = digits(distance.abs() * 100.0);
    let sign = match digits {
        0 => '=',
        _ if distance < 0.0 => '-',
        _ => '+',
    };
    Shade { level: eighth(part), digits, sign: Some(sign), part, weight: distance.abs() }
}

fn share(value: f64, most: f64) -> Shade {
    let part = if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 };
    Shade { level: eighth(part), digits: digits(part * 100.0), sign: None, part, weight: value }
}

fn risk(node: &NodeStatus) -> Shade {
    match (node.last_replica, node.under_replicated) {
        (0, 0) => at_risk(0, 0),
        (0, under_replicated) => at_risk(4, under_replicated),
        (last_replica, _) => at_risk(7, last_replica),
    }
}

fn at_risk(level: u8, chunks: u64) -> Shade {
    let worse = if level == 7 { 1e12 } else { 0.0 };
    let digits = chunks.min(99) as u8;
    Shade { level, digits, sign: None, part: f64::from(level) / 7.0, weight: worse + chunks as f64 }
}

/// Returns the index of the eighth that a fraction falls into.
fn eighth(part: f64) -> u8 {
    ((part * 8.0) as u8).min(7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::fixtures;

    #[test]
    fn thresholds_are_steps_of_block_and_colour() {
        let shown = |part: f64| (fill(part).text(), fill(part).part);
        assert_eq!(shown(0.0), ("▁ 0".into(), 0.0));
        assert_eq!(shown(0.794), ("▅79".into(), 0.32));
        assert_eq!(shown(0.796), ("▆80".into(), 0.6));
        assert_eq!(shown(0.57).0, "▄57");
        assert_eq!(shown(0.80), ("▆80".into(), 0.6));
        assert_eq!(shown(0.90), ("▇90".into(), 0.8));
        assert_eq!(shown(1.0), ("█99".into(), 1.0));
    }

    #[test]
    fn balance_tells_the_direction_without_colour() {
        let mut nodes = fixtures::cluster(3).nodes;
        for (node, used) in nodes.iter_mut().zip([10, 50, 90]) {
            node.load.directories[0].used = used << 30;
        }
        let field = Field::of(Lens::Balance, &nodes, |_| None);
        let texts: Vec<_> = (0..3).filter_map(|at| field.shade(at)).map(|shade| shade.text()).collect();
        assert_eq!(texts, ["-40", "= 0", "+40"]);
        let summary = field.summary(&nodes);
        assert_eq!(summary, "mean 50 %, min 10 % datanode-1, max 90 % datanode-3; deviation 32.7 points");
    }

    #[test]
    fn nothing_is_said_of_what_is_not_heard_from() {
        let snapshot = fixtures::dead();
        for lens in Lens::ALL {
            let field = Field::of(lens, &snapshot.nodes, |_| Some(1e6));
            assert!(field.shade(0).is_some() && field.shade(2).is_none() && field.shade(9).is_none(), "{lens}");
            assert!(!field.scale().is_empty(), "{lens}");
        }
        let field = Field::of(Lens::Traffic, &snapshot.nodes, |_| None);
        assert_eq!(field.summary(&snapshot.nodes), "no figures are known yet");
    }

    #[test]
    fn the_only_copy_outweighs_any_number_of_short_ones() {
        let mut nodes = fixtures::cluster(3).nodes;
        (nodes[0].last_replica, nodes[0].under_replicated, nodes[1].under_replicated) = (1, 1, 1_000_000);
        let field = Field::of(Lens::Risk, &nodes, |_| None);
        let weight = |at| field.shade(at).map_or(0.0, |shade| shade.weight);
        assert!(weight(0) > weight(1) && weight(1) > weight(2));
        assert_eq!(field.shade(1).map(|shade| shade.text()), Some("▅99".into()));
    }
}

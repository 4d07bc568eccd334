//! Orders and groups datanodes.

use crate::nodes::Mark;
use dfs_rpc::wire::NodeStatus;
use std::ops::Range;

/// The property that datanodes are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// The IP address.
    #[default]
    Machine,
    /// Worst state first.
    State,
}

impl GroupBy {
    pub fn word(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::State => "state",
        }
    }
}

/// A group of datanodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    /// The range of the group in the order.
    pub places: Range<usize>,
}

/// Returns the indices of all datanodes in the snapshot in display order, and their groups.
pub fn groups(nodes: &[NodeStatus], by: GroupBy) -> (Vec<usize>, Vec<Group>) {
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    match by {
        GroupBy::Machine => order.sort_by_key(|at| nodes.get(*at).map(|node| (node.address.ip(), node.id))),
        GroupBy::State => {
            order.sort_by_key(|at| nodes.get(*at).map(|node| (std::cmp::Reverse(Mark::of(node)), node.id)));
        }
    }
    let same = |one: &usize, other: &usize| match (nodes.get(*one), nodes.get(*other), by) {
        (Some(one), Some(other), GroupBy::Machine) => one.address.ip() == other.address.ip(),
        (Some(one), Some(other), GroupBy::State) => Mark::of(one) == Mark::of(other),
        _ => false,
    };
    let name = |node: &NodeStatus| match by {
        GroupBy::Machine => node.address.ip().to_string(),
        GroupBy::State => format!("{} {}", Mark::of(node).glyph(), Mark::of(node).word()),
    };
    let mut groups = Vec::new();
    let mut from = 0;
    for members in order.chunk_by(same) {
        let name = members.first().and_then(|at| nodes.get(*at)).map(name).unwrap_or_default();
        groups.push(Group { name, places: from..from + members.len() });
        from += members.len();
    }
    (order, groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::fixtures;

    #[test]
    fn machines_and_states() {
        let mut nodes = fixtures::dead().nodes;
        nodes[1].address = "10.0.0.9:7200".parse().expect("an address");
        nodes[2].address = "10.0.0.9:7100".parse().expect("an address");
        let (order, machines) = groups(&nodes, GroupBy::Machine);
        assert_eq!((order, machines.len()), (vec![0, 1, 2], 2));
        assert_eq!(machines[1], Group { name: "10.0.0.9".into(), places: 1..3 });
        let (order, states) = groups(&nodes, GroupBy::State);
        let names: Vec<&str> = states.iter().map(|group| group.name.as_str()).collect();
        assert_eq!((order, names), (vec![2, 0, 1], vec!["✗ dead", "· live"]));
        assert_eq!(groups(&[], GroupBy::State), (vec![], vec![]));
    }
}

//! `heatmap`: the fill level of all datanodes at a glance.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use clap::{Args, ValueEnum};
use dfs_client::{NodeState, NodeStatus};
use dfs_term::{Report, View};
use dfs_tui::heat::text::heatmap;
use dfs_tui::{heat, nodes};
use dfs_types::Result;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// Arguments of `heatmap`.
#[derive(Debug, Args)]
pub(super) struct Heatmap {
    /// The figure that the tiles show.
    #[arg(long, value_name = "LENS", default_value = "fill")]
    lens: Lens,
}

/// Figures that a single snapshot contains; read and write rates need two.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Lens {
    /// Fill level of each datanode.
    Fill,
    /// Difference of the fill level from the mean.
    Balance,
    /// Number of chunks.
    Chunks,
    /// Under-replicated chunks with a replica on it.
    Risk,
}

impl Verb for Heatmap {
    const NAME: &'static str = "heatmap";
    const ABOUT: &'static str = "Show all datanodes as tiles: fill level, balance, or risk";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("heatmap", "fill level, one line per machine"),
        ("heatmap --lens risk", "under-replicated chunks by datanode"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<Vec<Node>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let snapshot = context.call(client.snapshot(None)).await?;
        let lens = match self.lens {
            Lens::Fill => heat::Lens::Fill,
            Lens::Balance => heat::Lens::Balance,
            Lens::Chunks => heat::Lens::Chunks,
            Lens::Risk => heat::Lens::Risk,
        };
        context.show(&Seen { nodes: snapshot.nodes, lens })
    }
}

struct Seen {
    nodes: Vec<NodeStatus>,
    lens: heat::Lens,
}

/// A datanode with the figures of its tile, whatever the lens.
#[derive(Debug, Serialize, JsonSchema)]
struct Node {
    /// As in `datanode-2`.
    id: String,
    /// Its IP address.
    machine: String,
    /// `live`, `stale` or `dead`.
    state: String,
    /// The datanode is draining; and the drain is complete, so that it can be stopped.
    draining: bool,
    drained: bool,
    /// One of its data directories has failed.
    failed: bool,
    /// Milliseconds since its last heartbeat, from which all figures are.
    heartbeat_age_ms: u64,
    /// The used fraction of its space, from 0 to 1; null without space.
    full: Option<f64>,
    /// The difference from the mean of the live datanodes, negative below it; null for a datanode
    /// that is not live.
    from_mean: Option<f64>,
    chunks: u64,
    /// Chunks with a replica here that have fewer live replicas than wanted, and those of them with
    /// no other live replica.
    under_replicated: u64,
    last_replica: u64,
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let live = |node: &&NodeStatus| node.state == NodeState::Live;
        let known: Vec<f64> = self.nodes.iter().filter(live).filter_map(nodes::full).collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        serializer.collect_seq(self.nodes.iter().map(|node| Node {
            id: node.id.to_string(),
            machine: node.address.ip().to_string(),
            state: nodes::word(node.state).to_owned(),
            draining: node.is_draining(),
            drained: node.is_drained(),
            failed: nodes::failed(node),
            heartbeat_age_ms: node.heartbeat_age_ms,
            full: nodes::full(node),
            from_mean: nodes::full(node).filter(|_| live(&node)).map(|full| full - mean),
            chunks: node.chunks,
            under_replicated: node.under_replicated,
            last_replica: node.last_replica,
        }))
    }
}

impl Report for Seen {
    fn text(&self, view: &View) -> String {
        heatmap(self.lens, &self.nodes, view)
    }
}

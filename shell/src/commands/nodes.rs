//! `nodes`: the datanodes.

use super::{Example, Group, Kind, Meaning, Verb};
use crate::context::Context;
use clap::Args;
use dfs_client::NodeStatus;
use dfs_tui::nodes;
use dfs_types::Result;

/// Arguments of `nodes`.
#[derive(Debug, Args)]
pub struct Nodes {
    /// Their folders, traffic and versions, too.
    #[arg(short)]
    verbose: bool,
}

impl Verb for Nodes {
    const NAME: &'static str = "nodes";
    const ABOUT: &'static str = "List the datanodes";
    const GROUP: Group = Group::Cluster;
    const EXAMPLES: &'static [Example] = &[("nodes", "who is there, and how full"), ("nodes -v", "with their disks")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let nodes = context.call(client.nodes()).await?;
        if context.json() {
            let list: Vec<_> = nodes.iter().map(as_json).collect();
            return context.emit(&list);
        }
        let text = nodes::table(&nodes, self.verbose, context.out.width());
        context.print(&text)
    }
}

fn as_json(node: &NodeStatus) -> serde_json::Value {
    let mut document = serde_json::to_value(node).unwrap_or_default();
    document["id"] = node.id.to_string().into();
    document["capacity"] = node.load.capacity().into();
    document["used"] = node.load.used().into();
    document["free"] = node.load.free().into();
    document
}

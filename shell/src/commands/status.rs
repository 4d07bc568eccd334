//! `status`: the cluster on one screen.

use super::{Example, Group, Kind, Meaning, Verb};
use crate::context::Context;
use clap::Args;
use dfs_tui::cluster;
use dfs_types::Result;
use std::time::Instant;

/// `status` takes no arguments.
#[derive(Debug, Args)]
pub struct Status {}

impl Verb for Status {
    const NAME: &'static str = "status";
    const ABOUT: &'static str = "Show how the cluster is, what is wrong, and what to do";
    const GROUP: Group = Group::Cluster;
    const EXAMPLES: &'static [Example] = &[("status", "is all well?")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let asked = Instant::now();
        let status = context.call(client.status()).await?;
        if context.json() {
            let mut document = serde_json::to_value(&status).unwrap_or_default();
            document["cluster"] = status.cluster.to_string().into();
            document["leader"] = status.leader.map(|leader| leader.to_string()).into();
            document["health"] = cluster::health(&status).into();
            let findings = cluster::findings(&status);
            document["findings"] =
                findings.iter().map(|found| serde_json::json!({ "what": found.what, "next": found.next })).collect();
            if let Some(masters) = document["masters"].as_array_mut() {
                for (master, known) in masters.iter_mut().zip(&status.masters) {
                    master["id"] = known.id.to_string().into();
                }
            }
            return context.emit(&document);
        }
        context.print(&cluster::screen(&status, asked.elapsed(), &chrono::Local))
    }
}

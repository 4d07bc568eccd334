//! `node`: one datanode.

use super::admin_state;
use super::nodes::Node as Document;
use crate::base::report::usage;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use clap::{Args, ValueEnum};
use dfs_client::NodeStatus;
use dfs_term::figures::{age, apart, count, percent, plural, size};
use dfs_term::text::sanitise;
use dfs_term::{Report, Tone, View};
use dfs_tui::nodes;
use dfs_types::{DatanodeId, Error, ErrorCode, Result};
use serde::{Serialize, Serializer};
use std::time::Duration;

/// Arguments of `node`.
#[derive(Debug, Args)]
pub(super) struct Node {
    /// Action.
    #[arg(value_name = "ACTION")]
    action: Action,
    /// The datanode, as in datanode-2.
    #[arg(value_name = "ID")]
    id: String,
    /// With drain: wait until it is drained; Ctrl-C ends the wait, the drain continues.
    #[arg(long)]
    wait: bool,
    /// With drain and forget: do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

/// An action on a datanode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Action {
    /// All that is known of it.
    Show,
    /// Copy its chunks to others; it takes no new ones. Then it can be stopped.
    Drain,
    /// Let it take chunks again.
    Resume,
    /// Drop a dead one that does not come back.
    Forget,
}

impl Verb for Node {
    const NAME: &'static str = "node";
    const ABOUT: &'static str = "Show, drain, resume or forget a datanode";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::ChangesIf(|node| node.action != Action::Show);
    const EXAMPLES: &'static [Example] = &[
        ("node show datanode-2", "state, disks, traffic, clock"),
        ("node drain datanode-2", "re-replicate its chunks elsewhere, so that it can be stopped"),
        ("node drain --yes --wait datanode-2", "without confirmation, and wait until it is drained"),
        ("node resume datanode-2", "accept chunks again"),
        ("node forget --yes datanode-3", "remove a dead datanode from the cluster"),
    ];
    const MEANING: Meaning = Meaning { first: &[Kind::Plain, Kind::Node], rest: Kind::Plain, last: None };
    const JSON: Json = Json::of::<Document>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        if self.wait && self.action != Action::Drain {
            return Err(usage("--wait is for drain: the others are done at once"));
        }
        match self.action {
            Action::Show => {
                let node = find(context, &self.id).await?;
                context.show(&Shown { node, said: None })
            }
            Action::Drain => admin_state::drain(context, &self.id, self.yes, self.wait).await,
            Action::Resume => admin_state::resume(context, &self.id).await,
            Action::Forget => admin_state::forget(context, &self.id, self.yes).await,
        }
    }
}

/// Returns the datanode of this name, as seen by the leader.
///
/// # Errors
/// `invalid_argument` for an invalid name, `not_found` for a datanode that the masters do not know.
pub(super) async fn find(context: &mut Context<'_>, name: &str) -> Result<NodeStatus> {
    let id: DatanodeId = name
        .parse()
        .map_err(|error| Error::new(ErrorCode::InvalidArgument, format!("{error}")).hint("nodes lists them"))?;
    let client = context.client().await?;
    let nodes = context.call(client.nodes()).await?;
    let node = nodes.into_iter().find(|node| node.id == id);
    node.ok_or_else(|| Error::new(ErrorCode::NotFound, "no such datanode").at(id).hint("nodes lists them"))
}

/// A datanode: programs get all of it, people get `said`, or all of it.
pub(super) struct Shown {
    pub node: NodeStatus,
    pub said: Option<String>,
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Document::of(&self.node).serialize(serializer)
    }
}

impl Report for Shown {
    fn text(&self, view: &View) -> String {
        if let Some(said) = &self.said {
            return format!("{said}\n");
        }
        let (node, load) = (&self.node, &self.node.load);
        let span = Duration::from_millis;
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            let name = format!("{name:<16}");
            text.push_str(&format!("{}{value}\n", view.paint(Tone::Dim, &name)));
        };
        line("datanode", &node.id.to_string());
        line("state", &view.paint(nodes::tone(node), &nodes::state(node)));
        if let Some(told) = nodes::drain(node) {
            line("drain", &told);
        }
        line("last heartbeat", &age(span(node.heartbeat_age_ms)));
        line("registered", &age(span(node.registered_ms)));
        let side = if node.skew_ms < 0 { "behind" } else { "ahead of" };
        line("clock", &format!("{} {side} the master's", apart(node.skew_ms)));
        line("address", &node.address.to_string());
        line("version", &sanitise(&node.version));
        line("chunks", &count(node.chunks));
        if node.last_replica > 0 {
            let chunks = plural(node.last_replica, "chunk has its", "chunks have their");
            line("", &view.paint(Tone::Bad, &format!("✗ {chunks} only live replica here")));
        }
        if node.under_replicated > node.last_replica {
            let chunks = plural(node.under_replicated - node.last_replica, "other chunk", "other chunks");
            let chunks = if node.last_replica > 0 { chunks } else { plural(node.under_replicated, "chunk", "chunks") };
            line("", &view.paint(Tone::Warning, &format!("! {chunks} here with fewer live replicas than wanted")));
        }
        let (used, full) = (size(load.used()), percent(load.used(), load.capacity()));
        line("space", &format!("{used} used ({full}), {} free", size(load.free())));
        let reads = plural(load.reads_in_flight.into(), "read", "reads");
        line("now", &format!("{reads}, {}", plural(load.writes_in_flight.into(), "write", "writes")));
        line("since start", &format!("{} read, {} written", size(load.bytes_read), size(load.bytes_written)));
        line("disk errors", &count(load.disk_errors));
        for directory in &load.directories {
            let state = if directory.failed { view.paint(Tone::Bad, "! failed, ") } else { "".into() };
            let figures = format!("{} used, {} free", size(directory.used), size(directory.free));
            line("directory", &format!("{} ({state}{figures})", sanitise(&directory.path)));
            if let Some(reason) = &directory.reason {
                line("", &view.paint(Tone::Bad, &sanitise(reason)));
            }
        }
        text
    }
}

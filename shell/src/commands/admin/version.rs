//! `version`: the version of this program, and of the cluster if it answers.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::session::connect;
use clap::Args;
use dfs_client::ClusterStatus;
use dfs_daemon::local::MayStart;
use dfs_term::{Report, View};
use dfs_types::Result;
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// The time limit for the cluster: most callers only need the version of this program.
const PATIENCE: Duration = Duration::from_secs(2);

/// `version` takes no arguments.
#[derive(Debug, Args)]
pub(super) struct Version {}

impl Verb for Version {
    const NAME: &'static str = "version";
    const ABOUT: &'static str = "Show the versions of this program and of the cluster";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("version", "this program, masters and datanodes")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<Versions>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let answer = context.call(async { Ok(ask(&context.session.options).await) }).await?;
        let protocol = dfs_rpc::hello::VERSIONS;
        context.show(&Versions {
            shell: env!("CARGO_PKG_VERSION").to_owned(),
            protocol_min: *protocol.start(),
            protocol_max: *protocol.end(),
            cluster: answer.as_ref().ok().map(|status| status.version.clone()),
            error: answer.err().map(|error| error.message),
        })
    }
}

/// Queries the cluster with a short time limit, without starting one.
async fn ask(options: &crate::base::options::Options) -> Result<ClusterStatus> {
    let options = crate::base::options::Options { timeout: Some(PATIENCE), ..options.clone() };
    let target = tokio::task::block_in_place(|| connect::find(&options, MayStart::Never))?;
    target.open().await?.fail_fast().status().await
}

/// Versions.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Versions {
    shell: String,
    /// Versions of the wire protocol that this program speaks.
    protocol_min: u16,
    protocol_max: u16,
    /// Version of the master that answered; null if none did.
    cluster: Option<String>,
    /// The error if none answered.
    error: Option<String>,
}

impl Report for Versions {
    fn text(&self, _: &View) -> String {
        let (min, max) = (self.protocol_min, self.protocol_max);
        let protocol = if min == max { min.to_string() } else { format!("{min} to {max}") };
        let cluster = match (&self.cluster, &self.error) {
            (Some(version), _) => version.clone(),
            (None, error) => format!("not reached: {}", error.as_deref().unwrap_or("no answer")),
        };
        let cluster = dfs_term::text::sanitise(&cluster).into_owned();
        format!("dfs-shell   {}\nprotocol    {protocol}\ncluster     {cluster}\n", self.shell)
    }
}

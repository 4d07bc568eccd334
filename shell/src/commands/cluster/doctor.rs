//! `doctor`: this machine, the settings, the network and the cluster, looked through for what is wrong.

use crate::base::advice::advice;
use crate::base::options::Options;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::seen::Seen;
use crate::doctor::{Area, Check, Verdict, config, machine, network};
use crate::session::connect::{self, Target};
use clap::Args;
use dfs_config::{Loaded, Settings};
use dfs_daemon::local::{DaemonStatus, MayStart};
use dfs_diagnosis::{Severity, findings};
use dfs_term::figures::plural;
use dfs_term::text::{sanitise, wrap};
use dfs_term::{Report, Tone, View};
use dfs_types::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::Serialize;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

/// How long the cluster is waited for: who asks for a doctor has a cluster that may be gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// `doctor` takes no arguments.
#[derive(Debug, Args)]
pub(super) struct Doctor {}

impl Verb for Doctor {
    const NAME: &'static str = "doctor";
    const ABOUT: &'static str = "Check this machine, the settings, the network and the cluster";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("-doctor", "everything, each finding with its mend; exit code 1 if there is any")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<Diagnosis>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let mut checks = Vec::new();
        match connect::loaded(&context.session.options) {
            Ok((loaded, directories)) => {
                checks.extend(machine::checks(&loaded.settings, &directories));
                checks.extend(config::settings(&loaded, &directories.config_file()));
                if let Some(path) = connect::credential(&loaded.settings, &directories) {
                    checks.extend(config::credential(&path, SystemTime::now()));
                }
                let daemons = network::local_daemons(&directories);
                let found = look_at_cluster(context, &loaded, &daemons).await;
                checks.extend(context.call(async { Ok(found) }).await?);
            }
            Err(error) => {
                checks.extend(machine::checks(&Settings::default(), &nowhere()));
                let mend =
                    "mend what it names: a key of the file, or a DFS_ variable; `dfsd config default` lists all keys";
                checks.push(Check::bad(Area::Config, "settings", error.message, mend));
            }
        }
        let well = checks.iter().all(|check| check.verdict == Verdict::Ok);
        context.show(&Diagnosis { well, checks })?;
        if !well {
            context.note_failed(Error::new(ErrorCode::InvalidArgument, "there are findings"));
        }
        Ok(())
    }
}

/// Where nothing of a user's is known.
fn nowhere() -> dfs_config::Directories {
    dfs_config::Directories::under(std::path::Path::new("/"))
}

async fn look_at_cluster(context: &mut Context<'_>, loaded: &Loaded, daemons: &[DaemonStatus]) -> Vec<Check> {
    // Looking must not change anything: nothing is started.
    let options = Options { quiet: true, timeout: Some(PATIENCE), ..context.session.options.clone() };
    let target = match tokio::task::block_in_place(|| connect::find(&options, MayStart::Never)) {
        Ok(target) => target,
        Err(error) => {
            let mend = advice(&error).unwrap_or_else(|| "dfsd up".to_owned());
            let mut checks = network::daemons(daemons, &[]);
            checks.push(Check::bad(Area::Network, "cluster", error.message, mend));
            return checks;
        }
    };
    let (mut checks, mut addresses): (Vec<Check>, Vec<SocketAddr>) = Default::default();
    for name in target.masters() {
        match tokio::net::lookup_host(name.as_str()).await {
            Ok(found) => addresses.extend(found),
            Err(error) => {
                let why = format!("it has no address: {}", crate::base::report::io_message(&error));
                checks.push(Check::bad(Area::Network, format!("master {name}"), why, "getent hosts, with its name"));
            }
        }
    }
    let (masters, any) = network::masters(target.identity(), &addresses, daemons).await;
    checks.extend(masters);
    let seen = if any { Some(ask(&target).await) } else { None };
    let nodes = seen.as_ref().and_then(|seen| seen.as_ref().ok()).map_or(&[][..], |seen| &seen.nodes);
    checks.splice(..0, network::daemons(daemons, nodes));
    match &seen {
        Some(Ok(seen)) => checks.extend(look_at(seen, &target, loaded, daemons).await),
        Some(Err(error)) => checks.push(Check::bad(Area::Cluster, "status", error.message.clone(), "masters")),
        None => {
            let mend = if daemons.is_empty() { "masters" } else { "dfsd up" };
            checks.push(Check::bad(Area::Cluster, "status", "not asked: no master answers", mend));
        }
    }
    checks
}

async fn ask(target: &Target) -> Result<Seen> {
    let client = target.open().await?.fail_fast();
    Seen::of(&client, target.daemons()).await
}

/// What the masters say.
async fn look_at(seen: &Seen, target: &Target, loaded: &Loaded, daemons: &[DaemonStatus]) -> Vec<Check> {
    let protection = loaded.settings.client.data_protection;
    let mut checks = network::datanodes(target.identity(), &seen.nodes, protection, daemons).await;
    checks.push(versions(seen));
    let found = findings(&seen.observation());
    if found.iter().all(|finding| finding.severity == Severity::Info) {
        let chunks = plural(seen.status.replication.chunks, "chunk", "chunks");
        checks.push(Check::ok(Area::Cluster, "status", format!("well: all copies of {chunks} are there")));
    }
    checks.extend(found.into_iter().map(|finding| {
        let why = format!("{}; meanwhile: {}", finding.sentence(), finding.meanwhile);
        match finding.severity {
            Severity::Critical => Check::bad(Area::Cluster, "finding", why, finding.run),
            Severity::Warning => Check::warning(Area::Cluster, "finding", why, finding.run),
            Severity::Info => Check::ok(Area::Cluster, "drain", why),
        }
    }));
    checks
}

fn versions(seen: &Seen) -> Check {
    let own = env!("CARGO_PKG_VERSION");
    let mut others: Vec<&str> = seen.nodes.iter().map(|node| node.version.as_str()).collect();
    others.push(&seen.status.version);
    others.retain(|version| *version != own);
    others.sort_unstable();
    others.dedup();
    if others.is_empty() {
        return Check::ok(Area::Cluster, "versions", format!("all are {own}"));
    }
    let why = format!("this program is {own}, others are {}", others.join(", "));
    Check::warning(Area::Cluster, "versions", why, "nodes -v, and bring all to one version")
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Diagnosis {
    /// Every verdict is `ok`.
    well: bool,
    checks: Vec<Check>,
}

impl Report for Diagnosis {
    fn text(&self, view: &View) -> String {
        let mut text = String::new();
        for (area, title) in [
            (Area::Machine, "machine"),
            (Area::Config, "config"),
            (Area::Network, "network"),
            (Area::Cluster, "cluster"),
        ] {
            let checks: Vec<&Check> = self.checks.iter().filter(|check| check.area == area).collect();
            if !checks.is_empty() {
                text.push_str(&format!("{}\n", view.paint(Tone::Strong, title)));
                text.extend(checks.into_iter().map(|check| tell(check, view)));
            }
        }
        let bad = self.checks.iter().filter(|check| check.verdict == Verdict::Bad).count() as u64;
        let warnings = self.checks.iter().filter(|check| check.verdict == Verdict::Warning).count() as u64;
        let (sum, tone) = match (bad, warnings) {
            (0, 0) => ("· all is well".to_owned(), Tone::Good),
            (0, warnings) => (format!("! {}", plural(warnings, "warning", "warnings")), Tone::Warning),
            (bad, warnings) => {
                let warnings = plural(warnings, "warning", "warnings");
                (format!("✗ {}, {warnings}", plural(bad, "thing is bad", "things are bad")), Tone::Bad)
            }
        };
        text.push_str(&format!("{}\n", view.paint(tone, &sum)));
        text
    }
}

fn tell(check: &Check, view: &View) -> String {
    const INDENT: usize = 4;
    let (glyph, tone) = match check.verdict {
        Verdict::Ok => ("·", Tone::Good),
        Verdict::Warning => ("!", Tone::Warning),
        Verdict::Bad => ("✗", Tone::Bad),
    };
    let what = format!("{}: {}", sanitise(&check.name), sanitise(&check.why));
    let mut text = format!("  {} {}\n", view.paint(tone, glyph), wrap(&what, view.cells, INDENT));
    if let Some(mend) = &check.mend {
        let mend = sanitise(mend).into_owned();
        text.push_str(&format!("    mend: {}\n", view.paint(Tone::Command, &mend)));
    }
    text
}

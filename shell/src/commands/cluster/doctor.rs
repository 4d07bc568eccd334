//! `doctor`: checks this machine, the settings, the network and the cluster for problems.

use crate::base::advice::advice;
use crate::base::options::Options;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::seen::Seen;
use crate::doctor::findings::{self as doctor_findings, problems};
use crate::doctor::{Area, Check, Verdict, config, machine, network};
use crate::session::connect::{self, Target, Understood};
use clap::Args;
use dfs_config::Loaded;
use dfs_daemon::local::{DaemonStatus, MayStart};
use dfs_diagnosis::{Finding, Severity, findings, unreachable};
use dfs_term::figures::plural;
use dfs_term::text::{sanitise, wrap};
use dfs_term::{Report, Tone, View};
use dfs_types::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::Serialize;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

/// The time limit for the cluster, which may be unreachable.
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
        &[("-doctor", "all checks, each problem with its fix; exit code 1 if there is any")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<Diagnosis>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let known = connect::understood(&context.session.options)?;
        let Understood { loaded, directories, .. } = &known;
        let mut checks = machine::checks(&loaded.settings, directories);
        // An error in the choice of the context is a problem of its own.
        let wrong_context = known.context.as_ref().err();
        match known.error.as_ref().filter(|error| Some(*error) != wrong_context) {
            None => checks.extend(config::settings(loaded, &directories.config_file())),
            Some(error) => checks.push(Check::bad(Area::Config, "settings", error.message.clone(), SETTINGS_FIX)),
        }
        checks.extend(wrong_context.map(config::context));
        if let Some(path) = connect::credential(&loaded.settings, directories) {
            checks.extend(config::credential(&path, directories, SystemTime::now()));
        }
        let daemons = network::local_daemons(directories);
        let found = look_at_cluster(context, &known, &daemons).await;
        checks.extend(context.call(async { Ok(found) }).await?);
        let healthy = checks.iter().all(|check| check.verdict == Verdict::Ok);
        let problems = problems(&checks);
        context.show(&Diagnosis { healthy, problems: problems.0 + problems.1, checks })?;
        if !healthy {
            context.note_failed(Error::new(ErrorCode::InvalidArgument, "there are findings"));
        }
        Ok(())
    }
}

const SETTINGS_FIX: &str =
    "fix what it names: a key of the file, or a DFS_ variable; `dfsd config default` lists all keys";

async fn look_at_cluster(context: &mut Context<'_>, known: &Understood, daemons: &[DaemonStatus]) -> Vec<Check> {
    if known.context.is_err() {
        let why = "the cluster is not looked at: it is not known which one is meant";
        return vec![config::because_of_context(Check::warning(Area::Network, "cluster", why, "doctor"))];
    }
    // The checks must not change anything: no daemon is started.
    let options = Options { quiet: true, timeout: Some(PATIENCE), ..context.session.options.clone() };
    let found = tokio::task::block_in_place(|| connect::find_with(&options, known, MayStart::Never));
    let target = match found {
        Ok(target) => target,
        Err(error) => {
            let fix = advice(&error).unwrap_or_else(|| "dfsd up".to_owned());
            return vec![Check::bad(Area::Network, "cluster", error.message, fix)];
        }
    };
    if let Some(finding) = target.suspended() {
        return vec![no_master(finding, daemons)];
    }
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
    let masters = network::masters(target.identity(), &addresses).await;
    checks.extend(masters.checks);
    if !masters.any {
        let reasons: Vec<&str> = masters.silent.iter().map(|error| error.message.as_str()).collect();
        match masters.silent.iter().find(|error| error.code == ErrorCode::Unauthenticated) {
            Some(error) => checks.push(Check::bad(Area::Network, "masters", reasons.join("; "), target.doubt(error))),
            None if reasons.is_empty() => {}
            None => {
                checks.push(no_master(unreachable(&reasons.join("; "), target.on_this_machine().as_ref()), daemons));
            }
        }
        return checks;
    }
    match ask(&target).await {
        Ok(seen) => {
            // The daemons of this machine matter only for the local cluster.
            let daemons = if target.local().is_some() { daemons } else { &[] };
            checks.extend(network::daemons(daemons, &seen.nodes));
            checks.extend(network::gone(daemons, &seen.nodes));
            checks.extend(look_at(&seen, &target, &known.loaded, daemons).await);
        }
        Err(error) => checks.push(Check::bad(Area::Cluster, "status", error.message, "masters")),
    }
    checks
}

/// Returns the problem that no master answers, with the log of a local master.
fn no_master(finding: Finding, daemons: &[DaemonStatus]) -> Check {
    let log = daemons.iter().find(|daemon| finding.impact.starts_with(&format!("{} ", daemon.id)));
    let log = log.map(|daemon| format!("; log {}", daemon.log.display())).unwrap_or_default();
    let why = format!("{}{log}", finding.sentence());
    let check = doctor_findings::checks(vec![finding], &[], &Default::default(), &[]).pop();
    let fix = check.and_then(|check| check.fix).unwrap_or_default();
    Check::bad(Area::Network, "masters", why, fix)
}

async fn ask(target: &Target) -> Result<Seen> {
    let client = target.open().await?.fail_fast();
    Seen::of(&client, target.on_this_machine()).await
}

/// Returns the checks of the cluster from the reports of its masters.
async fn look_at(seen: &Seen, target: &Target, loaded: &Loaded, daemons: &[DaemonStatus]) -> Vec<Check> {
    let protection = loaded.settings.client.data_protection;
    let (mut checks, silent) = network::datanodes(target.identity(), &seen.nodes, protection, daemons).await;
    checks.push(versions(seen));
    let found = findings(&seen.observation());
    if found.iter().all(|finding| finding.severity == Severity::Info) {
        let chunks = plural(seen.status.replication.chunks, "chunk", "chunks");
        checks.push(Check::ok(Area::Cluster, "status", format!("healthy: {chunks}, each with all its replicas")));
    }
    checks.extend(doctor_findings::checks(found, &seen.nodes, &silent, daemons));
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

/// The result of all checks.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Diagnosis {
    /// Every verdict is `ok`.
    healthy: bool,
    /// The number of problems; a cause and its consequences count once.
    problems: u64,
    /// Causes precede their consequences.
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
        let (sum, tone) = match problems(&self.checks) {
            (0, 0) => ("· healthy".to_owned(), Tone::Good),
            (0, warnings) => (format!("! {}", plural(warnings, "warning", "warnings")), Tone::Warning),
            (bad, 0) => (format!("✗ {}", plural(bad, "problem", "problems")), Tone::Bad),
            (bad, warnings) => {
                let warnings = plural(warnings, "warning", "warnings");
                (format!("✗ {}, {warnings}", plural(bad, "problem", "problems")), Tone::Bad)
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
    let name = if check.because.is_some() { "therefore" } else { check.name.as_str() };
    let what = format!("{}: {}", sanitise(name), sanitise(&check.why));
    let mut text = format!("  {} {}\n", view.paint(tone, glyph), wrap(&what, view.cells, INDENT));
    // A consequence is fixed together with its cause.
    if let Some(fix) = check.fix.as_ref().filter(|_| check.because.is_none()) {
        let fix = sanitise(fix).into_owned();
        text.push_str(&format!("    fix: {}\n", view.paint(Tone::Command, &fix)));
    }
    text
}

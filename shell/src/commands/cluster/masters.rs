//! `masters`: the masters and their replication progress.

use crate::base::probe;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use clap::Args;
use dfs_term::figures::{count, latency};
use dfs_term::{Align, Cell, Report, Table, Tone, View};
use dfs_types::Result;
use futures::future::join_all;
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// `masters` takes no arguments.
#[derive(Debug, Args)]
pub(super) struct Masters {}

impl Verb for Masters {
    const NAME: &'static str = "masters";
    const ABOUT: &'static str = "List the masters: role, term, log position, lag";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("masters", "the leader, and the lag of the others")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<Found>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let status = context.call(client.status()).await?;
        let identity = context.session.find_cluster()?.identity().clone();
        // Each master is queried directly, because the leader's data about the others is outdated
        // once they are down.
        let probes = join_all(status.masters.iter().map(|master| probe::master(&identity, &master.address)));
        let answers = context.call(async { Ok(probes.await) }).await?;
        let end = status.masters.iter().map(|master| master.applied).max().unwrap_or(0);
        let masters = status.masters.iter().zip(answers).map(|(known, answer)| {
            let own =
                answer.as_ref().ok().and_then(|answer| answer.status.masters.iter().find(|own| own.id == known.id));
            let applied = own.map_or(known.applied, |own| own.applied);
            Master {
                id: known.id.to_string(),
                address: known.address.clone(),
                role: own.map_or("unknown", |own| own.role.as_str()).to_owned(),
                term: answer.as_ref().ok().map(|answer| answer.status.term),
                applied,
                lag: end.saturating_sub(applied),
                round_trip_ms: answer.as_ref().ok().map(|answer| answer.round_trip.as_secs_f64() * 1e3),
                error: answer.err().map(|error| error.message),
            }
        });
        context.show(&Found { leader: status.leader.map(|leader| leader.to_string()), masters: masters.collect() })
    }
}

/// The masters.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// As in `master-1`; null while there is no leader.
    leader: Option<String>,
    masters: Vec<Master>,
}

/// One master, as reported by itself.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Master {
    id: String,
    address: String,
    /// The role: `leader`, `follower`, `candidate`; `unknown` when it does not answer.
    role: String,
    /// Null when it does not answer.
    term: Option<u64>,
    /// The last log entry that it has applied.
    applied: u64,
    /// The number of entries that it is behind the most advanced master.
    lag: u64,
    /// The duration of an empty call, in milliseconds; null when it does not answer.
    round_trip_ms: Option<f64>,
    /// The error when it does not answer.
    error: Option<String>,
}

impl Report for Found {
    fn text(&self, view: &View) -> String {
        let mut table = Table::new(&[
            ("MASTER", Align::Left),
            ("ROLE", Align::Left),
            ("TERM", Align::Right),
            ("LOG", Align::Right),
            ("LAG", Align::Right),
            ("ANSWERS IN", Align::Right),
            ("ADDRESS", Align::Left),
        ]);
        for master in &self.masters {
            let (glyph, tone) = match master.role.as_str() {
                "leader" => ("·", Tone::Good),
                "follower" => ("·", Tone::Plain),
                _ => ("✗", Tone::Bad),
            };
            let round_trip = |ms: f64| latency(Duration::from_secs_f64(ms / 1e3));
            table.row([
                Cell::from(&master.id),
                Cell::new(tone, format!("{glyph} {}", master.role)),
                Cell::from(master.term.map_or_else(|| "?".to_owned(), |term| term.to_string())),
                Cell::from(count(master.applied)),
                Cell::new(if master.lag > 0 { Tone::Warning } else { Tone::Plain }, count(master.lag)),
                Cell::from(master.round_trip_ms.map_or_else(|| "–".to_owned(), round_trip)),
                Cell::from(&master.address),
            ]);
        }
        let mut text = table.render(view);
        if self.leader.is_none() {
            text.push_str(&format!("{}\n", view.paint(Tone::Bad, "✗ no master leads: nothing can be changed")));
        }
        for (id, error) in self.masters.iter().filter_map(|master| Some((&master.id, master.error.as_ref()?))) {
            text.push_str(&format!("{} {id}: {}\n", view.paint(Tone::Bad, "✗"), dfs_term::text::sanitise(error)));
        }
        text
    }
}

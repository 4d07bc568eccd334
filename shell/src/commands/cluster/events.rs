//! `events`: recent events of the cluster.

use crate::base::report::usage;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use clap::{Args, ValueEnum};
use dfs_client::view::{Event, Severity};
use dfs_client::{Client, Snapshot};
use dfs_term::figures::time_seconds;
use dfs_term::text::sanitise;
use dfs_term::{Report, Tone, View};
use dfs_types::Result;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::time::Duration;

/// The poll interval of -f.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

/// Arguments of `events`.
#[derive(Debug, Args)]
pub(super) struct Events {
    /// Number of events.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    number: usize,
    /// Show new events as they occur, until Ctrl-C.
    #[arg(short, long)]
    follow: bool,
    /// Lowest severity shown.
    #[arg(long, value_name = "info|warning|error", hide_possible_values = true, default_value = "info")]
    severity: Level,
}

/// The severity of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    fn severity(self) -> Severity {
        match self {
            Self::Info => Severity::Info,
            Self::Warning => Severity::Warning,
            Self::Error => Severity::Error,
        }
    }
}

impl Verb for Events {
    const NAME: &'static str = "events";
    const ABOUT: &'static str = "Show the events that the leading master has recorded since its start";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("events", "the newest 20, newest last"),
        ("events -n 100 --severity warning", "warnings and errors only"),
        ("events -f", "and new ones as they occur"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<Vec<Document>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        if self.follow && context.json() {
            return Err(usage("-f has no end, so it is no document"));
        }
        let client = context.client().await?;
        let snapshot = context.call(client.snapshot(None)).await?;
        let wanted: Vec<&Event> = snapshot.events.iter().filter(|event| self.wants(event)).collect();
        let newest = wanted.get(wanted.len().saturating_sub(self.number)..).unwrap_or_default();
        context.show(&Found(newest))?;
        if self.follow { self.follow(context, &client, snapshot).await } else { Ok(()) }
    }
}

impl Events {
    fn wants(&self, event: &Event) -> bool {
        event.severity >= self.severity.severity()
    }

    async fn follow(&self, context: &mut Context<'_>, client: &Client, mut snapshot: Snapshot) -> Result<()> {
        loop {
            context.out.flush()?;
            if !context.look_again_after(FOLLOW_EVERY).await? {
                return Ok(());
            }
            let seen = Seen::of(&snapshot);
            match context.call(client.snapshot(Some(&snapshot))).await {
                Ok(next) => snapshot = next,
                Err(error) if context.cancel.is_cancelled() || error.code.is_transient() => continue,
                Err(error) => return Err(error),
            }
            let news: Vec<&Event> =
                snapshot.events.iter().filter(|event| seen.is_new(&snapshot, event) && self.wants(event)).collect();
            context.show(&Found(&news))?;
        }
    }
}

/// The last event shown. Event numbers are valid for one master only: after a change of the master,
/// events are compared by time.
struct Seen {
    epoch: u64,
    number: u64,
    at: dfs_types::Timestamp,
}

impl Seen {
    fn of(snapshot: &Snapshot) -> Self {
        let (number, at) = snapshot.events.back().map_or_else(Default::default, |event| (event.number, event.at));
        Self { epoch: snapshot.version.epoch, number, at }
    }

    fn is_new(&self, snapshot: &Snapshot, event: &Event) -> bool {
        if snapshot.version.epoch == self.epoch { event.number > self.number } else { event.at > self.at }
    }
}

/// Events, the newest last.
struct Found<'e>(&'e [&'e Event]);

impl Serialize for Found<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|event| Document::of(event)))
    }
}

impl Report for Found<'_> {
    fn text(&self, view: &View) -> String {
        self.0.iter().map(|event| line(event, &TimeZone::system(), view)).collect()
    }
}

/// One event as a line.
fn line(event: &Event, zone: &TimeZone, view: &View) -> String {
    let (glyph, tone) = match event.severity {
        Severity::Info => ("·", Tone::Plain),
        Severity::Warning => ("!", Tone::Warning),
        Severity::Error => ("✗", Tone::Bad),
    };
    let time = time_seconds(event.at, zone);
    let node = event.node.map(|id| format!("{id} ")).unwrap_or_default();
    let text = format!("{glyph} {node}{}", sanitise(&event.text));
    format!("{}  {}\n", view.paint(Tone::Dim, &time), view.paint(tone, &text))
}

/// An event.
#[derive(Debug, Serialize, JsonSchema)]
struct Document {
    /// Increases by one with each event of a master; restarts at 1 with each start of a master.
    number: u64,
    /// Milliseconds since 1970.
    at_ms: u64,
    /// `info`, `warning` or `error`.
    severity: &'static str,
    /// The datanode concerned, as in `datanode-2`; null for an event of the cluster.
    node: Option<String>,
    text: String,
}

impl Document {
    fn of(event: &Event) -> Self {
        let severity = match event.severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let node = event.node.map(|id| id.to_string());
        Self { number: event.number, at_ms: event.at.0, severity, node, text: event.text.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_types::{DatanodeId, Timestamp};

    #[test]
    fn a_line_says_when_what_and_how_bad() {
        let event = |severity, node, text: &str| {
            let event = Event { number: 1, at: Timestamp(3_600_000), severity, node, text: text.into() };
            line(&event, &TimeZone::UTC, &View::default())
        };
        let dead = event(Severity::Error, Some(DatanodeId(3)), "declared dead: no heartbeat for 10s");
        assert_eq!(dead, "1970-01-01 01:00:00  ✗ datanode-3 declared dead: no heartbeat for 10s\n");
        let safe = event(Severity::Warning, None, "ann entered safe mode: \x1b[2Jnew\nracks");
        assert_eq!(safe, "1970-01-01 01:00:00  ! ann entered safe mode: \\u{1b}[2Jnew\\nracks\n");
    }
}

//! `replication`: under-replicated chunks, and the speed of re-replication.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::redraw::redraw;
use crate::commands::shared::seen::Replication as Document;
use clap::Args;
use dfs_client::ClusterStatus;
use dfs_term::figures::{age, count, span};
use dfs_term::{Report, Tone, View};
use dfs_types::{Error, ErrorCode, Result};
use serde::{Serialize, Serializer};
use std::time::{Duration, Instant};

/// The poll interval of --watch.
const PAUSE: Duration = Duration::from_secs(1);

/// Arguments of `replication`.
#[derive(Debug, Args)]
pub(super) struct Replication {
    /// Repeat every second, with rate and remaining time, until every chunk has its replicas.
    #[arg(long)]
    watch: bool,
}

impl Verb for Replication {
    const NAME: &'static str = "replication";
    const ABOUT: &'static str = "Show under- and over-replicated chunks, and the repair";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("replication", "the figures now"), ("replication --watch", "wait until all replicas exist")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<Document>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let mut first: Option<(Instant, u64)> = None;
        let mut last = String::new();
        loop {
            let status = context.call(client.status()).await?;
            let under_replicated = status.replication.under_replicated();
            let begun = *first.get_or_insert((Instant::now(), under_replicated));
            let seen = Seen { status, rate: rate(begun, under_replicated) };
            let done = under_replicated == 0 && seen.status.counted_ms.is_some() && seen.status.safe_mode.is_none();
            let done = done && seen.status.awaited().is_none();
            if !self.watch || done && context.json() {
                return context.show(&seen);
            }
            let hopeless = hopeless(&seen.status, begun.0.elapsed());
            if !context.json() {
                self.tell(context, &seen, &mut last)?;
            }
            if done {
                return Ok(());
            }
            if let Some(error) = hopeless {
                if context.json() {
                    context.show(&seen)?;
                }
                return Err(error);
            }
            context.pause(PAUSE).await?;
        }
    }
}

impl Replication {
    /// Shows the state. On a terminal it is drawn over the previous one; elsewhere only changes are
    /// printed; programs get the final state only.
    fn tell(&self, context: &mut Context<'_>, seen: &Seen, last: &mut String) -> Result<()> {
        let view = context.view();
        let text = seen.shown(&view);
        if context.redraws() {
            let room = context.out.height().map_or(usize::MAX, |lines| lines.saturating_sub(2));
            let head = "replication: until every chunk has its replicas, or Ctrl-C";
            let screen = redraw(head, &text, room, last.is_empty(), view.glyphs);
            context.print(&screen)?;
        } else {
            let news = seen.figures();
            if news == *last {
                return Ok(());
            }
            context.print(&format!("{news}\n"))?;
        }
        *last = seen.figures();
        context.out.flush()
    }
}

/// Returns the error that ends the wait: a count that started after the wait began found that no
/// chunk can get more replicas in the current state.
fn hopeless(status: &ClusterStatus, waited: Duration) -> Option<Error> {
    let counted = Duration::from_millis(status.counted_ms?);
    if counted >= waited || !status.blocked.is_final() || status.safe_mode.is_some() {
        return None;
    }
    let (why, help) = dfs_diagnosis::reason(&status.blocked, status.nodes_serving)?;
    let what = format!("no more replicas can be made: {why}");
    Some(Error::new(ErrorCode::InsufficientDatanodes, what).hint(help))
}

/// Returns the chunks per second that have got their replicas since the first look; `None` before
/// there was progress.
fn rate((since, before): (Instant, u64), now: u64) -> Option<f64> {
    let seconds = since.elapsed().as_secs_f64();
    let healed = before.checked_sub(now).filter(|healed| *healed > 0)?;
    (seconds > 0.0).then(|| healed as f64 / seconds)
}

struct Seen {
    status: ClusterStatus,
    rate: Option<f64>,
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Document::of(&self.status).serialize(serializer)
    }
}

impl Seen {
    fn figures(&self) -> String {
        let chunks = &self.status.replication;
        let [missing, at_risk, under] = [chunks.missing, chunks.at_risk, chunks.under].map(count);
        let (over, copying) = (count(chunks.over), count(chunks.copying));
        format!(
            "{missing} missing, {at_risk} with one replica left, {under} under-replicated, {over} over-replicated, {copying} being re-replicated"
        )
    }
}

impl Report for Seen {
    fn text(&self, view: &View) -> String {
        let (chunks, lasting) = (&self.status.replication, &self.status.lasting);
        let mut text = String::new();
        let mut line = |name: &str, number: u64, since: Option<u64>, tone: Tone| {
            let glyph = if tone == Tone::Bad { "✗" } else { "!" };
            let sign = if number > 0 && tone != Tone::Plain { glyph } else { " " };
            let since = since.map(|ms| format!("  for {}", span(Duration::from_millis(ms)))).unwrap_or_default();
            let tone = if number > 0 { tone } else { Tone::Plain };
            let figure = format!("{sign} {:>12}", count(number));
            text.push_str(&format!("{}  {name}{since}\n", view.paint(tone, &figure)));
        };
        line("chunks", chunks.chunks, None, Tone::Plain);
        line("missing", chunks.missing, lasting.missing, Tone::Bad);
        line("with one replica left", chunks.at_risk, lasting.at_risk, Tone::Bad);
        line("under-replicated", chunks.under, lasting.under, Tone::Warning);
        line("over-replicated", chunks.over, None, Tone::Plain);
        line("being re-replicated", chunks.copying, None, Tone::Plain);
        let counted = match (&self.status.safe_mode, self.status.counted_ms) {
            (Some(mode), _) => format!("safe mode: {}; what is not reported yet counts as missing here", mode.reason),
            (None, _) if self.status.awaited().is_some() => {
                let (reported, expected) = self.status.awaited().unwrap_or_default();
                format!("waiting: {reported} of {expected} datanodes have reported; the rest counts as missing here")
            }
            (None, None) => "not counted yet: the state of the chunks is not known".to_owned(),
            (None, Some(ms)) => format!("counted {}", age(Duration::from_millis(ms))),
        };
        text.push_str(&format!("{counted}\n"));
        if let Some(rate) = self.rate {
            let left = Duration::from_secs_f64((self.status.replication.under_replicated() as f64 / rate).min(1e9));
            text.push_str(&format!("{rate:.1} chunks/s, {} left\n", span(left)));
        }
        text
    }
}

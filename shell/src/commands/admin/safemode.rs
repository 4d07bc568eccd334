//! `safemode`.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use clap::{Args, ValueEnum};
use dfs_client::{SafeMode, SafeModeChange};
use dfs_term::figures::count;
use dfs_term::{Report, Tone, View};
use dfs_types::Result;
use schemars::JsonSchema;
use serde::Serialize;

/// Arguments of `safemode`.
#[derive(Debug, Args)]
pub(super) struct Safemode {
    /// Show it; refuse changes; accept changes again.
    #[arg(value_name = "get|enter|leave", hide_possible_values = true)]
    action: Action,
    /// The reason, which refused calls show.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    /// Say whether the cluster is in it.
    Get,
    /// Let nothing be changed until it is left.
    Enter,
    /// Let changes be made again.
    Leave,
}

impl Verb for Safemode {
    const NAME: &'static str = "safemode";
    const ABOUT: &'static str = "Show, enter or leave safe mode, in which changes are refused";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::ChangesIf(|safemode| safemode.action != Action::Get);
    const EXAMPLES: &'static [Example] = &[
        ("safemode get", "is it on, and why?"),
        ("safemode enter --reason 'new racks'; safemode leave", "until it is left, or another master leads"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<State>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let change = match self.action {
            Action::Get => None,
            Action::Enter => Some((SafeModeChange::Enter { reason: self.reason.clone() }, "enter")),
            Action::Leave => Some((SafeModeChange::Leave, "leave")),
        };
        let client = context.client().await?;
        if let Some((change, word)) = change {
            if context.only_planned([word]) {
                return Ok(());
            }
            context.call(client.set_safe_mode(change)).await?;
        }
        let status = context.call(client.status()).await?;
        context.show(&State::of(status.safe_mode))
    }
}

/// The state of safe mode.
#[derive(Debug, Serialize, JsonSchema)]
struct State {
    on: bool,
    /// The user who entered it; null for the safe mode in which a master starts.
    by: Option<String>,
    reason: Option<String>,
    /// Chunks that datanodes have reported, of those that files use; null out of safe mode.
    chunks_reported: Option<u64>,
    chunks_total: Option<u64>,
}

impl State {
    fn of(mode: Option<SafeMode>) -> Self {
        let on = mode.is_some();
        match mode {
            None => Self { on, by: None, reason: None, chunks_reported: None, chunks_total: None },
            Some(SafeMode { chunks_reported, chunks_total, reason, by }) => Self {
                on,
                by,
                reason: Some(reason),
                chunks_reported: Some(chunks_reported),
                chunks_total: Some(chunks_total),
            },
        }
    }
}

impl Report for State {
    fn text(&self, view: &View) -> String {
        let reason = dfs_term::text::sanitise(self.reason.as_deref().unwrap_or_default());
        let why = match &self.by {
            _ if !self.on => return format!("safe mode is {}\n", view.paint(Tone::Good, "off")),
            Some(by) if reason.is_empty() => format!("entered by {by}"),
            Some(by) => format!("entered by {by}: {reason}"),
            None => {
                let (reported, total) = (self.chunks_reported.unwrap_or(0), self.chunks_total.unwrap_or(0));
                format!("{} of {} chunks are reported; it ends when enough are", count(reported), count(total))
            }
        };
        format!("safe mode is {}: {why}\n", view.paint(Tone::Warning, "on"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_and_why() {
        let mode = |by: Option<&str>, reason: &str| SafeMode {
            chunks_reported: 3,
            chunks_total: 7,
            reason: reason.into(),
            by: by.map(str::to_owned),
        };
        let view = View::default();
        assert_eq!(State::of(None).text(&view), "safe mode is off\n");
        assert_eq!(State::of(Some(mode(Some("ann"), ""))).text(&view), "safe mode is on: entered by ann\n");
        assert_eq!(State::of(Some(mode(Some("ann"), "x\n"))).text(&view), "safe mode is on: entered by ann: x\\n\n");
        let text = State::of(Some(mode(None, "3 of 7"))).text(&view);
        assert_eq!(text, "safe mode is on: 3 of 7 chunks are reported; it ends when enough are\n");
    }
}

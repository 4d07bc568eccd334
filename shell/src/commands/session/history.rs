//! `history`: the lines typed at the prompt.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::session::connect;
use crate::session::history::{self, History};
use clap::Args;
use dfs_term::text::sanitise;
use dfs_term::{Report, Tone, View};
use dfs_types::Result;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write as _;

/// Arguments of `history`.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Only the newest N.
    #[arg(value_name = "N")]
    count: Option<usize>,
}

impl Verb for Show {
    const NAME: &'static str = "history";
    const ABOUT: &'static str = "List the history";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("history 20", "the newest twenty; Ctrl-R searches them all"),
        ("history | tail -n 3", "through a local command"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Plain);

    const JSON: Json = Json::of::<Vec<Typed>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let count = self.count.unwrap_or(history::LINES_MAX);
        let newest = if context.session.interactive {
            context.session.history.newest(count)
        } else {
            let history = History::default();
            history.read(&History::file_in(&connect::state_directory()?));
            history.newest(count)
        };
        context.show(&Lines(newest.into_iter().map(|(number, line)| Typed { number, line }).collect()))
    }
}

#[derive(Debug, Serialize)]
struct Lines(Vec<Typed>);

/// A typed line.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Typed {
    /// The number, from 1 for the oldest line.
    number: usize,
    line: String,
}

impl Report for Lines {
    const HOLDS_NAMES: bool = true;

    fn text(&self, view: &View) -> String {
        let mut text = String::new();
        for Typed { number, line } in &self.0 {
            let number = format!("{number:>5}");
            let _ = writeln!(text, "{}  {}", view.paint(Tone::Dim, &number), sanitise(line));
        }
        text
    }
}

//! `echo`: prints its words.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use clap::Args;
use dfs_term::{Report, View};
use dfs_types::Result;
use schemars::JsonSchema;
use serde::Serialize;

/// Arguments of `echo`.
#[derive(Debug, Args)]
pub(super) struct Echo {
    /// The words; -n before them leaves out the end of the line.
    #[arg(value_name = "WORD", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

impl Verb for Echo {
    const NAME: &'static str = "echo";
    const ABOUT: &'static str = "Print words";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("echo done", "a word"),
        ("set day=monday; echo \"backup of $day\"", "say what a script does"),
        ("echo -n 42 | wc -c", "without the end of the line"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<Said>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let (bare, words) = match self.words.split_first() {
            Some((first, rest)) if first == "-n" => (true, rest),
            _ => (false, self.words.as_slice()),
        };
        context.show(&Said { text: words.join(" "), bare })
    }
}

/// The words, separated by spaces.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Said {
    text: String,
    #[serde(skip)]
    bare: bool,
}

impl Report for Said {
    const HOLDS_NAMES: bool = true;

    /// Unchanged: control codes for the terminal are the user's intention.
    fn text(&self, _: &View) -> String {
        if self.bare { self.text.clone() } else { format!("{}\n", self.text) }
    }
}

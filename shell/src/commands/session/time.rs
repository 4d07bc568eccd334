//! `time`: measures the duration of a command.

use crate::base::stderr::errln;
use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use clap::Args;
use dfs_types::Result;
use std::ffi::OsString;
use std::time::Instant;

/// Arguments of `time`.
#[derive(Debug, Args)]
pub(super) struct Time {
    /// The command and its arguments.
    #[arg(required = true, value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

impl Verb for Time {
    const NAME: &'static str = "time";
    const ABOUT: &'static str = "Run a command, and print its duration to stderr";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("time ls -R /data", "of one command"), ("time cat /data/big.bin > /dev/null", "with its output elsewhere")];
    const MEANING: Meaning = Meaning::all(Kind::Line);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let start = Instant::now();
        let result = context.interpreter.within(context, &self.command).await;
        let took = start.elapsed();
        // stdout holds only the output of the command.
        let flushed = context.out.flush();
        if context.json() {
            errln!("{}", serde_json::json!({ "time": { "seconds": took.as_secs_f64() } }));
        } else {
            context.session.say(&format!("{:.3} s", took.as_secs_f64()));
        }
        result.and(flushed)
    }
}

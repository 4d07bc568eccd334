//! `exit`.

use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use clap::Args;
use dfs_types::Result;

/// Arguments of `exit`.
#[derive(Debug, Args)]
pub(super) struct Exit {
    /// The exit code of the program.
    #[arg(default_value_t = 0)]
    code: u8,
}

impl Verb for Exit {
    const NAME: &'static str = "exit";
    const ABOUT: &'static str = "Exit; the cluster keeps running";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("exit", "as Ctrl-D does"), ("exit 3", "a script that failed in its own way")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        context.session.leave = Some(self.code);
        Ok(())
    }
}

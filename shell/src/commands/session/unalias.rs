//! `unalias`.

use super::alias::no_such;
use crate::base::report::usage;
use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use clap::Args;
use dfs_types::Result;

/// Arguments of `unalias`.
#[derive(Debug, Args)]
pub(super) struct Unalias {
    /// All of them.
    #[arg(short)]
    all: bool,
    /// Names of aliases.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

impl Verb for Unalias {
    const NAME: &'static str = "unalias";
    const ABOUT: &'static str = "Remove aliases";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("alias ll='ls -l'; unalias ll", "ll is unknown again"), ("unalias -a", "all")];
    const MEANING: Meaning = Meaning::all(Kind::Alias);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        if self.names.is_empty() && !self.all {
            return Err(usage("which alias?").hint("unalias NAME, or unalias -a for all of them"));
        }
        if self.all {
            context.session.aliases.clear();
        }
        for name in self.names {
            if !context.session.aliases.remove(&name) && !self.all {
                let error = no_such(context, &name);
                context.fail(error)?;
            }
        }
        Ok(())
    }
}

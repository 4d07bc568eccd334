//! `chmod`.

use crate::base::report::usage;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::change::{Asked, Changes, change};
use crate::commands::shared::mode::Mode;
use clap::Args;
use dfs_client::AttributeChange;
use dfs_types::{Kind as EntryKind, Result};
use std::ffi::OsString;

/// Arguments of `chmod`.
#[derive(Debug, Args)]
pub(super) struct Chmod {
    /// Recursively; up to 10,000 entries change atomically, more than that directory by directory.
    #[arg(short = 'R')]
    recursive: bool,
    /// Octal, as in 644, or symbolic, as in u+x,go-w.
    #[arg(value_name = "MODE", allow_hyphen_values = true)]
    mode: String,
    /// Paths to change.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Chmod {
    const NAME: &'static str = "chmod";
    const ABOUT: &'static str = "Change the permissions of files and directories";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Changes;
    const EXAMPLES: &'static [Example] = &[
        ("chmod 640 /data/a.csv", "the owner reads and writes, the group reads"),
        ("chmod go-w,u+x /data/notes.txt", "single bits; the others are kept"),
        ("chmod -R a+rX /data/2026", "everyone may read, and enter directories"),
    ];
    const MEANING: Meaning = Meaning { first: &[Kind::Plain], rest: Kind::Remote, last: None };
    const JSON: Json = Json::of::<Changes>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let mode: Mode = self.mode.parse().map_err(usage)?;
        let (recursive, uniform) = (self.recursive, matches!(mode, Mode::Bits(_)));
        change(context, Asked { paths: &self.paths, what: &self.mode, recursive, uniform }, |stat| {
            let mode = mode.apply(stat.mode, stat.kind == EntryKind::Directory);
            AttributeChange { mode: Some(mode), ..AttributeChange::default() }
        })
        .await
    }
}

//! `cd`: the remote working directory.

use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use clap::Args;
use dfs_types::{DfsPath, Error, ErrorCode, Result};
use std::ffi::OsString;

/// Arguments of `cd`.
#[derive(Debug, Args)]
pub(super) struct Cd {
    /// The new working directory; `-`: the previous one; default: /.
    path: Option<OsString>,
}

impl Verb for Cd {
    const NAME: &'static str = "cd";
    const ABOUT: &'static str = "Change the remote working directory";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("cd /data", "go there"),
        ("cd ..", "the parent directory"),
        ("cd /data; cd /logs; cd -", "back to the previous directory"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::RemoteDirectory);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let path = match &self.path {
            None => DfsPath::root(),
            Some(path) if path == "-" => {
                let before = context.session.directory_before.clone();
                before.ok_or_else(|| {
                    Error::new(ErrorCode::InvalidArgument, "there is no directory before this one").at("-")
                })?
            }
            Some(path) => context.remote(path).await?,
        };
        let client = context.client().await?;
        match context.call(client.stat(&path)).await {
            Ok(stat) if stat.kind != dfs_types::Kind::Directory => {
                return Err(Error::new(ErrorCode::NotADirectory, "not a directory").at(path));
            }
            // An earlier line of the same plan may create it.
            Err(error) if !(context.session.options.dry_run && error.code == ErrorCode::NotFound) => {
                return Err(about(error, &path));
            }
            Ok(_) | Err(_) => {}
        }
        // A dry run also changes the directory, because later relative paths depend on it; the plan
        // does the same.
        context.only_planned([path.as_str()]);
        let before = std::mem::replace(&mut context.session.directory, path);
        context.session.directory_before = Some(before);
        Ok(())
    }
}

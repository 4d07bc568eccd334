//! `lcd`: the local working directory, which is that of this process.

use crate::base::report::{local_io, usage};
use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use clap::Args;
use dfs_types::{Error, ErrorCode, Result};
use std::path::PathBuf;

/// Arguments of `lcd`.
#[derive(Debug, Args)]
pub(super) struct Lcd {
    /// The new working directory; `-`: the previous one; default: the home directory.
    path: Option<PathBuf>,
}

impl Verb for Lcd {
    const NAME: &'static str = "lcd";
    const ABOUT: &'static str = "Change the local working directory";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("lcd photos", "go there"), ("lcd photos; lcd -", "back to the previous directory")];
    const MEANING: Meaning = Meaning::all(Kind::LocalDirectory);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        if context.session.console.is_some() {
            return Err(usage("the working directory is that of the whole session: not in the background"));
        }
        if let Some(job) = context.session.jobs.at_home() {
            let error = usage(format!("job {} works in this directory: {}", job.number, job.line));
            return Err(error.hint("wait waits for it; a command that is begun with & does not hold the directory"));
        }
        let missing = |what: &str| Error::new(ErrorCode::InvalidArgument, what.to_owned());
        let path = match self.path {
            None => std::env::var_os("HOME").map(PathBuf::from).ok_or_else(|| missing("there is no home directory"))?,
            Some(path) if path.as_os_str() == "-" => {
                let before = context.session.local_before.clone();
                before.ok_or_else(|| missing("there is no directory before this one").at("-"))?
            }
            Some(path) => path,
        };
        let before = std::env::current_dir().ok();
        std::env::set_current_dir(&path).map_err(|error| local_io(&path, &error))?;
        context.session.local_before = before;
        context.only_planned([path.to_string_lossy()]);
        Ok(())
    }
}

//! `getrange`: a range of bytes of a file.

use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::transfer::{Done, Run, Tally, to_output};
use clap::Args;
use dfs_client::{Dest, GetOptions};
use dfs_types::{ByteSize, Result};
use std::ffi::OsString;
use std::path::PathBuf;

/// Arguments of `getrange`.
#[derive(Debug, Args)]
pub(super) struct GetRange {
    /// The file.
    remote: OsString,
    /// Start of the range in bytes, as in 0 or 64MiB.
    offset: ByteSize,
    /// Length of the range in bytes; shorter at the end of the file.
    length: ByteSize,
    /// The local file; default: standard output.
    local: Option<PathBuf>,
    /// Replace an existing local file.
    #[arg(short)]
    force: bool,
}

impl Verb for GetRange {
    const NAME: &'static str = "getrange";
    const ABOUT: &'static str = "Read a range of a file";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> =
        Effect::ChangesIf(|piece| piece.local.as_deref().is_some_and(|to| to.as_os_str() != "-"));
    const EXAMPLES: &'static [Example] = &[
        ("getrange /data/big.bin 0 512 | od -x", "its first 512 bytes"),
        ("getrange /data/big.bin 64KiB 64KiB piece", "into a local file"),
    ];
    const MEANING: Meaning =
        Meaning { first: &[Kind::Remote, Kind::Plain, Kind::Plain, Kind::Local], rest: Kind::Plain, last: None };
    const JSON: Json = Json::of::<Tally>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let path = context.remote(&self.remote).await?;
        let range = (self.offset.0, self.length.0);
        match self.local.filter(|local| local.as_os_str() != "-") {
            None => to_output(context, &path, Some(range)).await,
            Some(local) => {
                let (offset, length) = (self.offset.0.to_string(), self.length.0.to_string());
                if context.only_planned([path.as_str(), &offset, &length, &local.to_string_lossy()]) {
                    return Ok(());
                }
                let client = context.client().await?;
                let options = GetOptions {
                    overwrite: self.force,
                    through_links: true,
                    range: Some(range),
                    ..GetOptions::default()
                };
                let run = Run::begin(context);
                let (ticket, progress) = run.transfers.begin(path.to_string(), 0);
                let got = client.get(&path, Dest::File(local), options, &progress, &context.cancel).await;
                drop(ticket);
                let done = got.map(|_| Done::Copied { bytes: progress.bytes(), taken_over: 0 });
                run.end_with(context, done.map_err(|error| about(error, &path)))
            }
        }
    }
}

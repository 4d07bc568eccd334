//! `getrange`: a piece of a file.

use super::{Example, Group, Kind, Meaning, Verb};
use crate::context::Context;
use crate::report::about;
use crate::transfer::to_output;
use clap::Args;
use dfs_client::{Dest, GetOptions, Progress};
use dfs_types::{ByteSize, Result};
use std::ffi::OsString;
use std::path::PathBuf;

/// Arguments of `getrange`.
#[derive(Debug, Args)]
pub struct GetRange {
    /// The file.
    remote: OsString,
    /// Where to begin, in bytes; 64MiB and the like are fine.
    offset: ByteSize,
    /// How many bytes; fewer come where the file ends.
    length: ByteSize,
    /// The local file; the output if none.
    local: Option<PathBuf>,
    /// Replace a local file that is there.
    #[arg(short)]
    force: bool,
}

impl Verb for GetRange {
    const NAME: &'static str = "getrange";
    const ABOUT: &'static str = "Read a piece of a file";
    const GROUP: Group = Group::Files;
    const EXAMPLES: &'static [Example] = &[
        ("getrange /data/big.bin 0 512 | xxd", "its head"),
        ("getrange /data/big.bin 1GiB 64MiB piece", "into a local file"),
    ];
    const MEANING: Meaning =
        Meaning { first: &[Kind::Remote, Kind::Plain, Kind::Plain, Kind::Local], rest: Kind::Plain, last: None };

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let path = context.remote(&self.remote)?;
        let range = (self.offset.0, self.length.0);
        match self.local.filter(|local| local.as_os_str() != "-") {
            None => to_output(context, &path, Some(range)).await,
            Some(local) => {
                let client = context.client().await?;
                let options = GetOptions { overwrite: self.force, range: Some(range), ..GetOptions::default() };
                let got = client.get(&path, Dest::File(local), options, &Progress::new(), &context.cancel).await;
                got.map(drop).map_err(|error| about(error, &path))
            }
        }
    }
}

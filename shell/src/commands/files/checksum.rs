//! `checksum`: a checksum of the content of a file.

use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::session::running::RunningTransfers;
use crate::transfer::Bars;
use clap::Args;
use dfs_client::{Dest, GetOptions};
use dfs_term::text::sanitise;
use dfs_term::{Report, View};
use dfs_types::{DfsPath, Result};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Arguments of `checksum`.
#[derive(Debug, Args)]
pub(super) struct Checksum {
    /// The files.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Checksum {
    const NAME: &'static str = "checksum";
    const ABOUT: &'static str = "Read files, verify every byte, and show their crc32c";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("checksum /data/big.bin", "of one"), ("checksum /data/*.csv", "checksum, length and name of each")];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Vec<Sum>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let transfers = RunningTransfers::default();
        let mut bars = Bars::follow(context.session, &transfers);
        let mut sums = Vec::new();
        for text in &self.paths {
            let result = match context.remote(text).await {
                Ok(path) => sum(context, &transfers, &path).await,
                Err(error) => Err(error),
            };
            match context.check(result) {
                Ok(sum) => sums.extend(sum),
                Err(error) => {
                    bars.clear(context.session);
                    return Err(error);
                }
            }
        }
        bars.clear(context.session);
        if context.json() && sums.is_empty() { Ok(()) } else { context.show(&Sums(sums)) }
    }
}

/// The checksum of a file.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Sum {
    path: String,
    /// The CRC-32C of the whole content, in eight hexadecimal digits.
    crc32c: String,
    bytes: u64,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Sums(Vec<Sum>);

impl Report for Sums {
    const HOLDS_NAMES: bool = true;

    fn text(&self, _: &View) -> String {
        let mut text = String::new();
        for sum in &self.0 {
            let _ = writeln!(text, "{}  {:>12}  {}", sum.crc32c, sum.bytes, sanitise(&sum.path));
        }
        text
    }
}

async fn sum(context: &mut Context<'_>, transfers: &RunningTransfers, path: &DfsPath) -> Result<Sum> {
    let client = context.client().await?;
    let stat = context.call(client.stat(path)).await.map_err(|error| about(error, path))?;
    let (_ticket, progress) = transfers.begin(path.to_string(), stat.size);
    let crc = Arc::new(AtomicU32::new(0));
    let dest = Dest::Writer(Box::new(Crc(crc.clone())));
    let got = client.get(path, dest, GetOptions::default(), &progress, &context.cancel).await;
    let stat = got.map_err(|error| about(error, path))?;
    let crc32c = format!("{:08x}", crc.load(Ordering::Relaxed));
    Ok(Sum { path: path.to_string(), crc32c, bytes: stat.size })
}

/// Computes the checksum of the bytes written to it.
struct Crc(Arc<AtomicU32>);

impl Write for Crc {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let crc = crc32c::crc32c_append(self.0.load(Ordering::Relaxed), bytes);
        self.0.store(crc, Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

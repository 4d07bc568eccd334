//! Measures writes and reads of many small files.

use super::cpu::Watched;
use super::phase::Collector;
use super::raw::measure;
use super::scratch::Scratch;
use super::{Limit, Outcome, Plan};
use dfs_client::{CancellationToken, Dest, GetOptions, Progress, PutOptions, Source};
use dfs_types::Result;
use futures::{StreamExt, stream};
use std::path::Path;
use std::time::{Duration, Instant};

/// The duration of the disk measurement.
const DISK_FOR: Duration = Duration::from_secs(1);
/// The maximum size of a small file in bytes: it is kept in memory.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Puts `plan.files` files, then gets them.
///
/// # Errors
/// Returns `local_io` if the disk cannot be measured, or `usage` if the files are too large.
pub(crate) async fn small(
    plan: &Plan,
    scratch: &Scratch,
    watched: &Watched,
    disk: &Path,
    cancel: &CancellationToken,
) -> Result<Outcome> {
    if plan.size > FILE_BYTES_MAX {
        return Err(crate::base::report::usage("small files have at most 16MiB; bench write takes larger ones"));
    }
    let files = measure(disk, |raw| raw.file_rate(plan.jobs, DISK_FOR))?;
    let content = vec![0x5a; plan.size as usize];
    let progress = Progress::new();
    let mut phases = Vec::new();
    for name in ["put", "get"] {
        let mut collector = Collector::begin(name, plan.jobs, watched);
        let operations =
            stream::iter(0..plan.files).take_while(|_| std::future::ready(!cancel.is_cancelled())).map(|index| {
                let (content, progress) = (&content, &progress);
                async move {
                    let start = Instant::now();
                    let result = match scratch.path(&format!("{index}")) {
                        Err(error) => Err(error),
                        Ok(path) if name == "put" => {
                            let source = Source::Bytes(content.clone().into());
                            scratch.client.put(source, &path, PutOptions::default(), progress, cancel).await
                        }
                        Ok(path) => {
                            scratch.client.get(&path, Dest::Discard, GetOptions::default(), progress, cancel).await
                        }
                    };
                    (start.elapsed(), result.map(|stat| stat.size))
                }
            });
        let mut operations = std::pin::pin!(operations.buffer_unordered(plan.jobs));
        while let Some((took, result)) = operations.next().await {
            collector.note(took, result);
        }
        phases.push(collector.end());
    }
    let name = "three files of 4 KiB each made, synced, renamed and their directories synced";
    let limit = Limit { name, of: "put", per_second: files, bytes: false };
    Ok(Outcome { phases, limits: vec![limit] })
}

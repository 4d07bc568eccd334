//! Measures writes and reads of many small files.

use super::cpu::Watched;
use super::phase::Collector;
use super::raw::{Disk, Measurement, measure};
use super::scratch::Scratch;
use super::{Limit, Outcome, Plan};
use dfs_client::{CancellationToken, Dest, GetOptions, Progress, PutOptions, Source};
use dfs_types::Result;
use std::time::Duration;

/// The duration of the disk measurement.
const DISK_FOR: Duration = Duration::from_secs(1);
/// The maximum size of a small file in bytes: it is kept in memory.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Puts `plan.files` files, then gets them.
///
/// # Errors
/// Returns `local_io` if the disk cannot be measured, `usage` if the files are too large, or
/// `interrupted`.
pub(crate) async fn small(
    plan: &Plan,
    scratch: &Scratch,
    watched: &Watched,
    disk: &Disk,
    cancel: &CancellationToken,
) -> Result<Outcome> {
    if plan.size > FILE_BYTES_MAX {
        return Err(crate::base::report::usage("small files have at most 16MiB; bench write takes larger ones"));
    }
    let files = measure(disk, Measurement::Files(plan.jobs, DISK_FOR), cancel).await?;
    let (content, progress) = (vec![0x5a; plan.size as usize], Progress::new());
    let put = |index| {
        let (content, progress) = (content.clone(), &progress);
        async move {
            let (path, source) = (scratch.path(&format!("{index}"))?, Source::Bytes(content.into()));
            let put = scratch.client.put(source, &path, PutOptions::default(), progress, cancel).await;
            put.map(|stat| stat.size)
        }
    };
    let get = |index| {
        let progress = &progress;
        async move {
            let path = scratch.path(&format!("{index}"))?;
            let got = scratch.client.get(&path, Dest::Discard, GetOptions::default(), progress, cancel).await;
            got.map(|stat| stat.size)
        }
    };
    let put = Collector::begin("put", plan.jobs, watched).run(plan.files, cancel, put).await;
    let get = Collector::begin("get", plan.jobs, watched).run(plan.files, cancel, get).await;
    let name = "three files of 4 KiB each made, synced, renamed and their directories synced";
    let limit = Limit { name, of: "put", per_second: files, bytes: false };
    Ok(Outcome { phases: vec![put, get], limits: vec![limit] })
}

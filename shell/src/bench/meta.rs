//! Measures calls to the masters: mkdir and stat, with an empty call and the syncs of the disk for
//! comparison.

use super::cpu::Watched;
use super::histogram::Histogram;
use super::phase::Collector;
use super::raw::{Disk, Measurement, measure};
use super::scratch::Scratch;
use super::{Limit, Outcome, Phase, Plan};
use crate::base::report::{interrupted, io_message};
use dfs_client::{CancellationToken, Client, ClientOptions};
use dfs_types::{Error, ErrorCode, Result};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The duration of the disk measurement.
const DISK_FOR: Duration = Duration::from_secs(1);
/// The number of errors after which a phase is stopped.
const ERRORS_MAX: u64 = 100;

#[derive(Debug, Clone, Copy)]
enum Call {
    Ping,
    Mkdir,
    Stat,
}

/// Measures for `plan.duration` each. The calls use their own client on a runtime of one thread, so
/// that no hop between threads is measured.
///
/// # Errors
/// Returns `local_io` if the disk cannot be measured, errors of connecting, or `interrupted`.
pub(crate) async fn meta(
    plan: &Plan,
    scratch: &Scratch,
    options: ClientOptions,
    watched: &Watched,
    disk: &Disk,
    cancel: &CancellationToken,
) -> Result<Outcome> {
    let syncs = measure(disk, Measurement::Syncs(DISK_FOR), cancel).await?;
    let directory = scratch.path("meta")?;
    uninterrupted(cancel, scratch.client.mkdir(&directory, false)).await?;
    let work = {
        let (plan, watched, cancel) = (plan.clone(), watched.clone(), cancel.clone());
        move || on_one_thread(&plan, options, &directory, &watched, &cancel)
    };
    let ended = tokio::task::spawn_blocking(work).await;
    let phases = ended.unwrap_or_else(|_| Err(Error::new(ErrorCode::Internal, "a thread of the bench ended")))?;
    let pings = phases.iter().find(|phase| phase.name == "ping").map_or(0.0, Phase::rate);
    let mut limits = vec![Limit { name: "empty calls", of: "stat", per_second: pings, bytes: false }];
    limits.push(Limit { name: "append and fdatasync, one at a time", of: "mkdir", per_second: syncs, bytes: false });
    Ok(Outcome { phases, limits })
}

fn on_one_thread(
    plan: &Plan,
    options: ClientOptions,
    directory: &dfs_types::DfsPath,
    watched: &Watched,
    cancel: &CancellationToken,
) -> Result<Vec<Phase>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::new(ErrorCode::LocalIo, io_message(&error)))?;
    runtime.block_on(async {
        let client = uninterrupted(cancel, Client::connect(options)).await?;
        let mut phases = Vec::new();
        for (name, call) in [("ping", Call::Ping), ("mkdir", Call::Mkdir), ("stat", Call::Stat)] {
            let mut collector = Collector::begin(name, plan.jobs, watched);
            let mut tasks = JoinSet::new();
            let end = Instant::now() + plan.duration;
            for job in 0..plan.jobs {
                tasks.spawn(repeat(client.clone(), call, directory.clone(), job, end, cancel.clone()));
            }
            while let Some(done) = tasks.join_next().await {
                if let Ok((latencies, errors, error)) = done {
                    collector.add(&latencies, errors, error);
                }
            }
            phases.push(collector.end());
        }
        Ok(phases)
    })
}

/// Waits for a call, at most until Ctrl-C.
async fn uninterrupted<T>(cancel: &CancellationToken, call: impl Future<Output = Result<T>>) -> Result<T> {
    cancel.run_until_cancelled(call).await.unwrap_or_else(|| Err(interrupted()))
}

async fn repeat(
    client: Client,
    call: Call,
    directory: dfs_types::DfsPath,
    job: usize,
    end: Instant,
    cancel: CancellationToken,
) -> (Histogram, u64, Option<Error>) {
    let (mut latencies, mut errors, mut first_error) = (Histogram::default(), 0, None);
    let mut number = 0u64;
    while Instant::now() < end && !cancel.is_cancelled() && errors < ERRORS_MAX {
        let start = Instant::now();
        let answer = async {
            match call {
                Call::Ping => client.ping().await,
                Call::Stat => client.stat(&directory).await.map(drop),
                Call::Mkdir => client.mkdir(&directory.join(&format!("{job}-{number}"))?, false).await,
            }
        };
        let result = uninterrupted(&cancel, answer).await;
        number += 1;
        match result {
            Ok(()) => latencies.note(start.elapsed()),
            Err(error) => {
                errors += 1;
                first_error.get_or_insert(error);
            }
        }
    }
    (latencies, errors, first_error)
}

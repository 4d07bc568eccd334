//! Measures one phase: many operations, a fixed number of them at the same time.

use super::cpu::{CpuSeconds, Watched};
use super::histogram::Histogram;
use dfs_client::CancellationToken;
use dfs_term::View;
use dfs_types::{Error, Result};
use futures::{StreamExt, stream};
use serde::Serialize;
use serde_json::{Value, json};
use std::pin::pin;
use std::time::{Duration, Instant};

/// The results of a phase.
#[derive(Debug, Clone)]
pub(crate) struct Phase {
    pub name: &'static str,
    pub took: Duration,
    pub bytes: u64,
    pub latencies: Histogram,
    pub errors: u64,
    /// The first error, if any.
    pub error: Option<Error>,
    pub cpu: CpuSeconds,
    /// The number of concurrent operations.
    pub jobs: usize,
}

/// A limit of this machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Limit {
    pub name: &'static str,
    /// The name of the phase that it limits.
    pub of: &'static str,
    /// The number of operations or bytes per second.
    pub per_second: f64,
    /// True if the limit is in bytes per second.
    pub bytes: bool,
}

/// The results of a bench.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub phases: Vec<Phase>,
    pub limits: Vec<Limit>,
}

/// Collects the results of a phase while it runs.
#[derive(Debug)]
pub(super) struct Collector {
    phase: Phase,
    start: Instant,
    watched: Watched,
    before: CpuSeconds,
}

impl Collector {
    pub(super) fn begin(name: &'static str, jobs: usize, watched: &Watched) -> Self {
        let phase = Phase {
            name,
            took: Duration::ZERO,
            bytes: 0,
            latencies: Histogram::default(),
            errors: 0,
            error: None,
            cpu: CpuSeconds::default(),
            jobs,
        };
        Self { phase, start: Instant::now(), watched: watched.clone(), before: watched.used() }
    }

    /// Runs operations with these numbers, `jobs` at a time, and counts them. After an interruption
    /// no more begin, and those that run are dropped.
    pub(super) async fn run<F>(mut self, count: u64, cancel: &CancellationToken, operation: impl Fn(u64) -> F) -> Phase
    where
        F: Future<Output = Result<u64>>,
    {
        let one = |number| {
            let operation = operation(number);
            async move {
                let start = Instant::now();
                let result = operation.await;
                (start.elapsed(), result)
            }
        };
        let jobs = self.phase.jobs;
        let mut ended = pin!(stream::iter(0..count).map(one).buffer_unordered(jobs).take_until(cancel.cancelled()));
        while let Some((took, result)) = ended.next().await {
            self.note(took, result);
        }
        self.end()
    }

    /// Counts one operation with its duration.
    fn note(&mut self, took: Duration, result: Result<u64>) {
        match result {
            Ok(bytes) => {
                self.phase.latencies.note(took);
                self.phase.bytes += bytes;
            }
            Err(error) => {
                self.phase.errors += 1;
                self.phase.error.get_or_insert(error);
            }
        }
    }

    /// Adds counts that were collected elsewhere.
    pub(super) fn add(&mut self, latencies: &Histogram, errors: u64, error: Option<Error>) {
        self.phase.latencies.add(latencies);
        self.phase.errors += errors;
        self.phase.error = self.phase.error.take().or(error);
    }

    pub(super) fn end(mut self) -> Phase {
        self.phase.took = self.start.elapsed();
        self.phase.cpu = self.watched.used().since(self.before);
        self.phase
    }
}

impl Phase {
    /// Returns bytes per second.
    pub(crate) fn throughput(&self) -> f64 {
        self.bytes as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// Returns operations per second.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.total() as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// Returns the CPU seconds per GiB; none if no bytes were transferred.
    pub(crate) fn cpu_per_gib(&self) -> Option<f64> {
        (self.bytes > 0).then(|| self.cpu.total() / (self.bytes as f64 / (1u64 << 30) as f64))
    }

    fn json(&self) -> Value {
        let ms = |part: f64| self.latencies.percentile(part).as_secs_f64() * 1e3;
        json!({
            "phase": self.name,
            "jobs": self.jobs,
            "operations": self.latencies.total(),
            "errors": self.errors,
            "error": self.error.as_ref().map(ToString::to_string),
            "seconds": self.took.as_secs_f64(),
            "operations_per_second": self.rate(),
            "bytes": self.bytes,
            "bytes_per_second": self.throughput(),
            "latency_ms": { "p50": ms(0.5), "p90": ms(0.9), "p99": ms(0.99), "max": self.latencies.max().as_secs_f64() * 1e3 },
            "cpu_seconds": self.cpu,
            "cpu_seconds_per_gib": self.cpu_per_gib(),
        })
    }
}

impl Outcome {
    /// Returns the fraction of its limit that the phase reached.
    fn reached(&self, limit: &Limit) -> Option<f64> {
        let phase = self.phases.iter().find(|phase| phase.name == limit.of)?;
        let found = if limit.bytes { phase.throughput() } else { phase.rate() };
        (limit.per_second > 0.0).then(|| found / limit.per_second)
    }

    /// Returns the results as JSON.
    pub(crate) fn json(&self, name: &str) -> Value {
        let limits: Vec<Value> = self
            .limits
            .iter()
            .map(|limit| {
                json!({ "limit": limit.name, "of": limit.of, "per_second": limit.per_second,
                    "unit": if limit.bytes { "bytes" } else { "operations" }, "reached": self.reached(limit) })
            })
            .collect();
        json!({ "bench": name, "phases": self.phases.iter().map(Phase::json).collect::<Vec<_>>(), "limits": limits })
    }

    /// Returns the results as text for people.
    pub(crate) fn text(&self, view: &View) -> String {
        use dfs_term::figures::{count, latency, rate};
        use dfs_term::{Align, Table};
        let mut table = Table::new(&[
            ("WHAT", Align::Left),
            ("JOBS", Align::Right),
            ("RATE", Align::Right),
            ("THROUGHPUT", Align::Right),
            ("P50", Align::Right),
            ("P90", Align::Right),
            ("P99", Align::Right),
            ("MAX", Align::Right),
            ("ERRORS", Align::Right),
            ("CPU s", Align::Right),
            ("CPU s/GiB", Align::Right),
        ]);
        for phase in &self.phases {
            let at = |part: f64| latency(phase.latencies.percentile(part));
            let moved = if phase.bytes > 0 { rate(phase.throughput()) } else { String::new() };
            table.row([
                phase.name.to_owned(),
                phase.jobs.to_string(),
                per_second(phase.rate()),
                moved,
                at(0.5),
                at(0.9),
                at(0.99),
                latency(phase.latencies.max()),
                count(phase.errors),
                format!("{:.2}", phase.cpu.total()),
                phase.cpu_per_gib().map_or(String::new(), |cpu| format!("{cpu:.2}")),
            ]);
        }
        let mut text = table.render(view);
        for limit in &self.limits {
            let shown = if limit.bytes { rate(limit.per_second) } else { per_second(limit.per_second) };
            let reached =
                self.reached(limit).map_or(String::new(), |part| format!("; {} reached {part:.2} of it", limit.of));
            text.push_str(&format!("limit: {}: {shown}{reached}\n", limit.name));
        }
        for error in self.phases.iter().filter_map(|phase| phase.error.as_ref().map(|error| (phase.name, error))) {
            text.push_str(&format!("first error of {}: {}\n", error.0, dfs_term::text::sanitise(&error.1.to_string())));
        }
        text
    }
}

fn per_second(rate: f64) -> String {
    let shown = if rate < 10.0 { format!("{rate:.1}") } else { dfs_term::figures::count(rate.round() as u64) };
    format!("{shown}/s")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_types::ErrorCode;

    #[tokio::test]
    async fn an_interruption_ends_a_phase_in_the_middle_of_an_operation() {
        let cancel = CancellationToken::new();
        let collector = Collector::begin("put", 2, &Watched::default());
        let phase = collector.run(u64::MAX, &cancel, |number| {
            let cancel = cancel.clone();
            async move {
                match number {
                    0..5 => Ok(1),
                    5 => Err(Error::new(ErrorCode::Timeout, "too slow")),
                    6 => {
                        cancel.cancel();
                        Ok(1)
                    }
                    _ => std::future::pending().await,
                }
            }
        });
        let phase = phase.await;
        assert!(phase.bytes >= 5 && phase.errors == 1, "{phase:?}");
    }

    #[test]
    fn phases_stand_beside_their_limits() {
        let mut collector = Collector::begin("write", 2, &Watched::default());
        collector.note(Duration::from_millis(10), Ok(1 << 30));
        collector.note(Duration::from_millis(10), Err(Error::new(ErrorCode::Timeout, "too slow")));
        let mut phase = collector.end();
        phase.took = Duration::from_secs(2);
        let limit = Limit { name: "disk", of: "write", per_second: (1u64 << 30) as f64, bytes: true };
        let outcome = Outcome { phases: vec![phase], limits: vec![limit] };
        let document = outcome.json("write");
        assert_eq!(document["limits"][0]["reached"], 0.5);
        assert_eq!(document["phases"][0]["errors"], 1);
        let text = outcome.text(&View::default());
        assert!(
            text.contains("537 MB/s") && text.contains("reached 0.50 of it") && text.contains("too slow"),
            "{text}"
        );
    }
}

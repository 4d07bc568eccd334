//! Reads the CPU seconds of this process and of the local cluster's daemons, as the kernel counts
//! them.

use dfs_config::Directories;
use dfs_daemon::local;
use serde::Serialize;

/// The kernel counts in hundredths of a second, on every platform that has /proc.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds, the sum of user and system time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct CpuSeconds {
    pub client: f64,
    /// The sum of all daemons; none if they are not on this machine.
    pub daemons: Option<f64>,
}

/// The processes that are measured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watched {
    daemons: Vec<u32>,
}

impl Watched {
    /// Returns this process, and the daemons of the local cluster if that is the cluster in use.
    pub(crate) fn find(local_cluster: Option<&Directories>) -> Self {
        let status = local_cluster.and_then(|directories| local::status(directories).ok()).unwrap_or_default();
        Self { daemons: status.into_iter().filter_map(|daemon| daemon.pid).collect() }
    }

    /// Returns the CPU seconds used so far.
    pub(crate) fn used(&self) -> CpuSeconds {
        let daemons = || self.daemons.iter().filter_map(|pid| used_by(&pid.to_string())).sum();
        CpuSeconds { client: used_by("self").unwrap_or(0.0), daemons: (!self.daemons.is_empty()).then(daemons) }
    }
}

impl CpuSeconds {
    /// Returns the CPU seconds used since `before`.
    #[must_use]
    pub(crate) fn since(self, before: Self) -> Self {
        let daemons = self.daemons.zip(before.daemons).map(|(now, then)| (now - then).max(0.0));
        Self { client: (self.client - before.client).max(0.0), daemons }
    }

    /// Returns the sum of all processes.
    pub(crate) fn total(self) -> f64 {
        self.client + self.daemons.unwrap_or(0.0)
    }
}

fn used_by(process: &str) -> Option<f64> {
    parse(&std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// Parses proc_pid_stat(5): the name is in parentheses and may contain any character; user and
/// system time are fields 14 and 15.
fn parse(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) as f64 / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_behind_the_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 150 7 8 20 0 1 0 100 1000 10";
        assert_eq!(parse(stat), Some(4.0));
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn differences_are_never_negative() {
        let before = CpuSeconds { client: 1.0, daemons: Some(5.0) };
        let after = CpuSeconds { client: 1.5, daemons: Some(4.0) };
        assert_eq!(after.since(before), CpuSeconds { client: 0.5, daemons: Some(0.0) });
        assert_eq!(CpuSeconds::default().since(before).daemons, None);
    }
}

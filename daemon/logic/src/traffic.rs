//! Read and write rates of directories: bytes read from and written to the files directly in each
//! directory, decaying with time.
//!
//! A flow is a sum that decays by the factor e in each [`SPAN`]; the sum divided by the span is the
//! rate, roughly that of the last minute. The busiest [`DIRECTORIES_MAX`] directories are kept.

use dfs_types::{DfsPath, Timestamp};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

/// The maximum number of directories that are kept.
pub const DIRECTORIES_MAX: usize = 4_096;
/// When there is no room for another directory, this many of the least busy are dropped.
const FORGOTTEN_AT_ONCE: usize = DIRECTORIES_MAX / 4;
/// Traffic of this age counts for 1/e.
pub const SPAN: Duration = Duration::from_secs(60);

/// The traffic of the directories.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// By the path of the directory; that of the root is empty here, so that every path below
    /// begins with it and a slash.
    directories: BTreeMap<Box<str>, Flow>,
}

/// Bytes per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    pub read: u64,
    pub written: u64,
}

/// The traffic below one directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Below {
    /// Of everything in it, and below.
    pub whole: Rates,
    /// Of each directory in it, with everything below; sorted by the bytes of the names, without
    /// idle ones.
    pub directories: Vec<(String, Rates)>,
}

#[derive(Debug, Clone, Copy)]
struct Flow {
    read: f64,
    written: f64,
    at: Timestamp,
}

impl Flow {
    /// Returns the remaining value at `now`. If time goes back, nothing decays.
    fn faded(&self, now: Timestamp) -> Self {
        let left = (-now.since(self.at).as_secs_f64() / SPAN.as_secs_f64()).exp();
        Self { read: self.read * left, written: self.written * left, at: now.max(self.at) }
    }

    fn sum(&self) -> f64 {
        self.read + self.written
    }
}

/// Sums that are converted to rates.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    read: f64,
    written: f64,
}

impl Sums {
    fn add(&mut self, flow: &Flow) {
        self.read += flow.read;
        self.written += flow.written;
    }

    fn rates(&self) -> Rates {
        let rate = |sum: f64| (sum / SPAN.as_secs_f64()).round() as u64;
        Rates { read: rate(self.read), written: rate(self.written) }
    }
}

impl Traffic {
    /// Counts bytes that were read from, and written to, the file `path`.
    pub fn note(&mut self, path: &DfsPath, read: u64, written: u64, now: Timestamp) {
        let Some((directory, _)) = path.as_str().rsplit_once('/') else { return };
        let news = Flow { read: read as f64, written: written as f64, at: now };
        if let Some(flow) = self.directories.get_mut(directory) {
            let before = flow.faded(now);
            *flow = Flow { read: before.read + news.read, written: before.written + news.written, at: before.at };
            return;
        }
        if self.directories.len() >= DIRECTORIES_MAX {
            self.forget_the_least(now);
        }
        self.directories.insert(directory.into(), news);
        debug_assert!(self.directories.len() <= DIRECTORIES_MAX, "{} directories are kept", self.directories.len());
    }

    fn forget_the_least(&mut self, now: Timestamp) {
        let mut all: Vec<(f64, Box<str>)> =
            self.directories.iter().map(|(path, flow)| (flow.faded(now).sum(), path.clone())).collect();
        all.sort_unstable_by(|(one, _), (other, _)| one.total_cmp(other));
        for (_, path) in all.into_iter().take(FORGOTTEN_AT_ONCE) {
            self.directories.remove(&path);
        }
    }

    /// Returns the traffic of the directory `path`, and of each directory in it.
    pub fn below(&self, path: &DfsPath, now: Timestamp) -> Below {
        let directory = path.as_str().trim_end_matches('/');
        let mut whole = Sums::default();
        if let Some(flow) = self.directories.get(directory) {
            whole.add(&flow.faded(now));
        }
        let begin = format!("{directory}/");
        let mut directories: BTreeMap<&str, Sums> = BTreeMap::new();
        let behind = (Bound::Excluded(begin.as_str()), Bound::Unbounded);
        for (path, flow) in self.directories.range::<str, _>(behind) {
            let Some(rest) = path.strip_prefix(begin.as_str()) else { break };
            let flow = flow.faded(now);
            whole.add(&flow);
            directories.entry(rest.split_once('/').map_or(rest, |(name, _)| name)).or_default().add(&flow);
        }
        let directories = directories.into_iter().map(|(name, sums)| (name.to_owned(), sums.rates()));
        Below {
            whole: whole.rates(),
            directories: directories.filter(|(_, rates)| *rates != Rates::default()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> DfsPath {
        DfsPath::parse(text).expect("valid")
    }

    /// Returns the bytes that give a rate of `rate` immediately.
    fn bytes(rate: u64) -> u64 {
        rate * SPAN.as_secs()
    }

    fn read(rate: u64) -> Rates {
        Rates { read: rate, written: 0 }
    }

    #[test]
    fn directories_are_added_up_to_the_one_that_is_asked_for() {
        let mut traffic = Traffic::default();
        let now = Timestamp(1_000);
        for (file, rate) in [("/top", 1), ("/a/1", 2), ("/a/1", 3), ("/a!/1", 7), ("/a/b/1", 11), ("/a/b/c/1", 13)] {
            traffic.note(&path(file), bytes(rate), 0, now);
        }
        traffic.note(&path("/w/1"), 0, bytes(17), now);
        let written = Rates { read: 0, written: 17 };
        let below = |at: &str| traffic.below(&path(at), now);
        let root = vec![("a".to_owned(), read(29)), ("a!".to_owned(), read(7)), ("w".to_owned(), written)];
        assert_eq!(below("/"), Below { whole: Rates { read: 37, written: 17 }, directories: root });
        assert_eq!(below("/a"), Below { whole: read(29), directories: vec![("b".to_owned(), read(24))] });
        assert_eq!(below("/a/b/c"), Below { whole: read(13), directories: Vec::new() });
        assert_eq!(below("/nothing"), Below::default());
    }

    #[test]
    fn a_steady_flow_becomes_its_rate_and_fades_when_it_ends() {
        let mut traffic = Traffic::default();
        for second in 0..600 {
            traffic.note(&path("/a/file"), 1_000_000, 0, Timestamp(second * 1_000));
        }
        let rate = |at: u64| traffic.below(&path("/a"), Timestamp(at * 1_000)).whole.read;
        assert!((980_000..=1_020_000).contains(&rate(599)), "{}", rate(599));
        assert!((350_000..=390_000).contains(&rate(659)), "{}", rate(659));
        assert_eq!(rate(10_000), 0);
        assert_eq!(traffic.below(&path("/"), Timestamp(10_000_000)).directories, [], "idle directories are not listed");
        assert!(rate(0) >= rate(599), "if the clock goes back, nothing decays");
    }

    #[test]
    fn the_busiest_directories_are_remembered() {
        let mut traffic = Traffic::default();
        let busy = path("/busy/file");
        traffic.note(&busy, bytes(1_000), 0, Timestamp(0));
        for directory in 0..3 * DIRECTORIES_MAX {
            traffic.note(&path(&format!("/{directory}/file")), 1, 0, Timestamp(0));
            assert!(traffic.directories.len() <= DIRECTORIES_MAX);
        }
        assert_eq!(traffic.below(&path("/busy"), Timestamp(0)).whole, read(1_000));
    }
}

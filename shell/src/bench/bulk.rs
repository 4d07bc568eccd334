//! Measures writes and reads of large files.

use super::cpu::Watched;
use super::phase::Collector;
use super::raw::{Disk, Measurement, measure};
use super::scratch::Scratch;
use super::{Limit, Outcome, Phase, Plan};
use dfs_client::{CancellationToken, Dest, GetOptions, Progress, PutOptions, Source};
use dfs_types::Result;
use std::io::{self, Read};
use std::sync::Arc;

/// The size of the pattern that files consist of, in bytes; a prime number, so that no two chunks
/// are equal.
const PATTERN_BYTES: usize = 4_194_301;

/// Puts files of random bytes, and measures three direct writers to the disk for comparison.
///
/// # Errors
/// Returns `local_io` if the disk cannot be measured, or `interrupted`.
pub(crate) async fn write(
    plan: &Plan,
    scratch: &Scratch,
    watched: &Watched,
    disk: &Disk,
    cancel: &CancellationToken,
) -> Result<Outcome> {
    let limit = measure(disk, Measurement::Writes(plan.size), cancel).await?;
    let phase = put_files(plan, scratch, watched, cancel).await;
    let limit = Limit {
        name: "three writers at once, O_DIRECT and synced, user data",
        of: "write",
        per_second: limit,
        bytes: true,
    };
    Ok(Outcome { phases: vec![phase], limits: vec![limit] })
}

/// Gets files and verifies them, and measures three direct readers of the disk for comparison.
///
/// # Errors
/// Returns the errors of [`write`].
pub(crate) async fn read(
    plan: &Plan,
    scratch: &Scratch,
    watched: &Watched,
    disk: &Disk,
    cancel: &CancellationToken,
) -> Result<Outcome> {
    let limit = measure(disk, Measurement::Reads(plan.size), cancel).await?;
    let written = put_files(plan, scratch, watched, cancel).await;
    if let Some(error) = written.error {
        return Err(error);
    }
    let collector = Collector::begin("read", plan.jobs, watched);
    let get = |index| async move {
        let path = scratch.path(&format!("{index}"))?;
        let got = scratch.client.get(&path, Dest::Discard, GetOptions::default(), &Progress::new(), cancel).await;
        got.map(|stat| stat.size)
    };
    let phase = collector.run(plan.files, cancel, get).await;
    let limit = Limit { name: "three readers at once, O_DIRECT, together", of: "read", per_second: limit, bytes: true };
    Ok(Outcome { phases: vec![phase], limits: vec![limit] })
}

async fn put_files(plan: &Plan, scratch: &Scratch, watched: &Watched, cancel: &CancellationToken) -> Phase {
    let pattern: Arc<[u8]> = pattern().into();
    let collector = Collector::begin("write", plan.jobs, watched);
    let put = |index: u64| {
        let source = Pattern { pattern: pattern.clone(), at: index as usize * 4096 % PATTERN_BYTES, left: plan.size };
        async move {
            let path = scratch.path(&format!("{index}"))?;
            let source = Source::Reader(Box::new(source));
            let put = scratch.client.put(source, &path, PutOptions::default(), &Progress::new(), cancel).await;
            put.map(|stat| stat.size)
        }
    };
    collector.run(plan.files, cancel, put).await
}

fn pattern() -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut bytes: Vec<u8> = (0..PATTERN_BYTES.div_ceil(8)).flat_map(|_| next()).collect();
    bytes.truncate(PATTERN_BYTES);
    bytes
}

/// A file of any length that takes no disk and little CPU: the pattern repeated.
struct Pattern {
    pattern: Arc<[u8]>,
    at: usize,
    left: u64,
}

impl Read for Pattern {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.pattern.get(self.at..).unwrap_or_default();
        let length = rest.len().min(buffer.len()).min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), rest.get(..length)) {
            to.copy_from_slice(from);
        }
        self.left -= length as u64;
        self.at = (self.at + length) % PATTERN_BYTES;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_is_as_long_as_asked() {
        let mut source = Pattern { pattern: pattern().into(), at: 5, left: 10_000_000 };
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).expect("it cannot fail");
        assert_eq!(bytes.len(), 10_000_000);
        assert_ne!(bytes[..1000], bytes[1 << 20..(1 << 20) + 1000]);
    }
}

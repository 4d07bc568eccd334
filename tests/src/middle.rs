//! Faults in the middle of a transfer, verified to occur after its first bytes have arrived and
//! before its end.

use crate::cluster::{Cluster, walk};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::Duration;

/// Returns the size of the file that a test transfers during a fault: `DFS_TEST_FILE` (`64MiB`,
/// `1GiB`), or 64 MiB.
pub fn file_bytes() -> u64 {
    let text = std::env::var("DFS_TEST_FILE").unwrap_or_else(|_| "64MiB".to_owned());
    text.parse::<dfs_types::ByteSize>().unwrap_or_else(|error| panic!("DFS_TEST_FILE={text}: {error}")).0
}

/// The result of a transfer with a fault.
#[derive(Debug)]
pub struct Disturbed {
    pub status: ExitStatus,
    /// True if the fault occurred during the transfer. Otherwise nothing was tested.
    pub hit: bool,
}

/// Waits until `arrived` returns at least `bytes` for `transfer`, calls `fault`, and waits for the
/// end. The fault is skipped if the transfer ends before.
pub fn disturb(mut transfer: Child, arrived: impl Fn() -> u64, bytes: u64, fault: impl FnOnce()) -> Disturbed {
    let ended = |transfer: &mut Child| transfer.try_wait().expect("wait for the transfer").is_some();
    let mut hit = false;
    while !ended(&mut transfer) {
        if arrived() >= bytes.max(1) {
            fault();
            hit = !ended(&mut transfer);
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Disturbed { status: transfer.wait().expect("the transfer ends"), hit }
}

/// Returns the size of the complete chunks on the disk of a datanode.
pub fn stored(data_dir: &Path) -> u64 {
    let mut bytes = 0;
    walk(&data_dir.join("chunks"), &mut |path| bytes += path.metadata().map_or(0, |file| file.len()));
    bytes
}

/// Returns the size of the data in the local files of unfinished gets into `directory`.
pub fn part_files(directory: &Path) -> u64 {
    let mut bytes = 0;
    walk(directory, &mut |path| {
        if path.extension().is_some_and(|extension| extension == "partial") {
            // The allocated blocks, not the length: chunks are written at their offsets in any
            // order.
            bytes += path.metadata().map_or(0, |file| file.blocks() * 512);
        }
    });
    bytes
}

impl Cluster {
    /// Puts `local` and calls `fault` when a random part of it, less than half, has arrived at
    /// `datanode`.
    pub fn disturb_put(&self, local: &Path, to: &str, datanode: &str, fault: impl FnOnce()) -> Disturbed {
        let directory = self.daemon(datanode).data_dir;
        let before = stored(&directory);
        let put = self.shell_command().arg("put").arg(local).arg(to).spawn().expect("start put");
        disturb(put, || stored(&directory).saturating_sub(before), part_of(local), fault)
    }

    /// Gets `from`, which has the length of `local`, and calls `fault` when a random part of it,
    /// less than half, has arrived.
    pub fn disturb_get(&self, from: &str, local: &Path, to: &Path, fault: impl FnOnce()) -> Disturbed {
        let directory = to.parent().expect("a directory").to_owned();
        let get = self.shell_command().arg("get").arg(from).arg(to).spawn().expect("start get");
        disturb(get, || part_files(&directory), part_of(local), fault)
    }
}

fn part_of(local: &Path) -> u64 {
    fastrand::u64(1..local.metadata().expect("local file").len() / 2)
}

//! Faults in the middle of a transfer, proven to be there: after its first bytes have arrived and before its end.

use crate::cluster::{Cluster, walk};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::Duration;

/// Bytes that a test moves through a fault: `DFS_TEST_FILE` (`64MiB`, `1GiB`), else 64 MiB.
pub fn file_bytes() -> u64 {
    let text = std::env::var("DFS_TEST_FILE").unwrap_or_else(|_| "64MiB".to_owned());
    text.parse::<dfs_types::ByteSize>().unwrap_or_else(|error| panic!("DFS_TEST_FILE={text}: {error}")).0
}

/// What became of a transfer that was to be disturbed.
#[derive(Debug)]
pub struct Disturbed {
    pub status: ExitStatus,
    /// Whether the fault came while the transfer was under way. If not, nothing was tested.
    pub hit: bool,
}

/// Waits until `arrived` says that so many bytes of `transfer` have arrived, does `fault`, and waits for the end.
/// There is no fault when the transfer ends before.
pub fn disturb(mut transfer: Child, arrived: impl Fn() -> u64, bytes: u64, fault: impl FnOnce()) -> Disturbed {
    let ended = |transfer: &mut Child| transfer.try_wait().expect("look after the transfer").is_some();
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

/// Bytes of whole chunks that a datanode holds on its disk.
pub fn stored(data_dir: &Path) -> u64 {
    let mut bytes = 0;
    walk(&data_dir.join("chunks"), &mut |path| bytes += path.metadata().map_or(0, |file| file.len()));
    bytes
}

/// Bytes that stand in the local files that gets under way write into `directory`.
pub fn part_files(directory: &Path) -> u64 {
    let mut bytes = 0;
    walk(directory, &mut |path| {
        if path.extension().is_some_and(|extension| extension == "partial") {
            // Its blocks, not its length: chunks are written at their places in any order.
            bytes += path.metadata().map_or(0, |file| file.blocks() * 512);
        }
    });
    bytes
}

impl Cluster {
    /// Puts `local` and does `fault` when a drawn part of it, less than half, has arrived at `datanode`.
    pub fn disturb_put(&self, local: &Path, to: &str, datanode: &str, fault: impl FnOnce()) -> Disturbed {
        let directory = self.daemon(datanode).data_dir;
        let before = stored(&directory);
        let put = self.shell_command().arg("put").arg(local).arg(to).spawn().expect("start put");
        disturb(put, || stored(&directory).saturating_sub(before), part_of(local), fault)
    }

    /// Gets `from`, which is as long as `local`, and does `fault` when a drawn part of it, less than half, has arrived.
    pub fn disturb_get(&self, from: &str, local: &Path, to: &Path, fault: impl FnOnce()) -> Disturbed {
        let directory = to.parent().expect("a directory").to_owned();
        let get = self.shell_command().arg("get").arg(from).arg(to).spawn().expect("start get");
        disturb(get, || part_files(&directory), part_of(local), fault)
    }
}

fn part_of(local: &Path) -> u64 {
    fastrand::u64(1..local.metadata().expect("local file").len() / 2)
}

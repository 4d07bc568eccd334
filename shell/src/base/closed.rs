//! Standard output that was closed when the program began, as in `dfs-shell ls / >&-`.
//!
//! Before `main`, Rust's runtime opens `/dev/null` in the place of what is closed of the descriptors 0 to 2, so that no
//! file that is opened later gets such a number and what is meant for people. From then on every write succeeds and is
//! lost, and nothing tells that from output that somebody sent to `/dev/null` on purpose. So this looks before the runtime
//! does.

use dfs_types::{Error, ErrorCode, Result};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a write would have met.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// The functions of this section run before `main`, and before Rust's runtime begins (System V ABI, chapter 5).
#[expect(unsafe_code, reason = "the only place from which the descriptor can be seen as it was inherited")]
#[used]
// SAFETY: the section holds pointers to functions of the C calling convention, and this is one. It makes a system call and
// stores a number: nothing that needs the runtime.
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    let closed = matches!(rustix::io::fcntl_getfd(rustix::stdio::stdout()), Err(Errno::BADF));
    CLOSED.store(closed, Ordering::Relaxed);
}

/// Whether standard output was closed when the program began.
fn is_closed() -> bool {
    // Named here, so that the linker keeps it wherever this is used.
    std::hint::black_box(&LOOK);
    CLOSED.load(Ordering::Relaxed)
}

/// Returns what stands in for a closed standard output: a file that no byte can be written to. None where it is open.
///
/// # Errors
/// When the process may not open more files.
pub(crate) fn stand_in() -> io::Result<Option<File>> {
    // Opened for reading: a write fails as it would have.
    if is_closed() { File::open("/dev/null").map(Some) } else { Ok(None) }
}

/// Returns an error where standard output was closed.
///
/// # Errors
/// `local_io`.
pub(crate) fn check() -> Result<()> {
    if is_closed() { Err(error()) } else { Ok(()) }
}

/// The error for output that is closed.
pub(crate) fn error() -> Error {
    Error::new(ErrorCode::LocalIo, "standard output is closed")
}

//! Detects that standard output was closed when the program started, as in `dfs-shell ls / >&-`.
//!
//! Before `main`, Rust's runtime opens `/dev/null` in place of each closed descriptor from 0 to 2,
//! so that no file opened later gets such a number and receives the output. After that every write
//! succeeds and is lost, and nothing distinguishes this from output that was sent to `/dev/null` on
//! purpose. So the check here runs before that.

use dfs_types::{Error, ErrorCode, Result};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// True if standard output was closed when the program started.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// The functions of this section run before `main` and before Rust's runtime starts (System V ABI,
/// chapter 5).
#[expect(unsafe_code, reason = "the only place from which the descriptor can be seen as it was inherited")]
#[used]
// SAFETY: the section holds pointers to functions of the C calling convention, and this is one. It
// makes a system call and stores a number; neither needs the runtime.
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    let closed = matches!(rustix::io::fcntl_getfd(rustix::stdio::stdout()), Err(Errno::BADF));
    CLOSED.store(closed, Ordering::Relaxed);
}

/// Returns true if standard output was closed when the program started.
fn is_closed() -> bool {
    // Naming the static here makes the linker keep it.
    std::hint::black_box(&LOOK);
    CLOSED.load(Ordering::Relaxed)
}

/// Returns a file that rejects every write, as a replacement for closed standard output; `None` if
/// standard output is open.
///
/// # Errors
/// If the process has no descriptor left.
#[expect(clippy::disallowed_methods, reason = "a replacement for a descriptor of the process")]
pub fn stand_in() -> io::Result<Option<File>> {
    // Opened read-only, so that a write fails as it would have failed on the closed descriptor.
    if is_closed() { File::open("/dev/null").map(Some) } else { Ok(None) }
}

/// Checks that standard output was open when the program started.
///
/// # Errors
/// `local_io`.
pub fn check() -> Result<()> {
    if is_closed() { Err(error()) } else { Ok(()) }
}

/// Returns the error for closed standard output.
pub fn error() -> Error {
    Error::new(ErrorCode::LocalIo, "standard output is closed")
}

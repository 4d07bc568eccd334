//! The limit of open files, and errors from a temporary lack of descriptors, memory or threads,
//! which prove nothing about a disk.

use crate::clock;
use dfs_rpc::transport::ConnectError;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::time::Duration;

/// The time that an operation waits for a descriptor before it fails. Shorter than any peer waits
/// for the answer.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// Raises the soft limit of open files to the hard one: the usual soft limit is meant for
/// interactive programs.
pub fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Daemons also work with the lower limit, with tighter bounds.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// Returns the effective limit of open files.
pub fn limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Classifies errors that may mean that the process, or the machine, temporarily lacks a resource.
///
/// Such an error does not make a replica corrupt or a disk failed: the same call may succeed when
/// other operations have ended.
pub trait Scarcity {
    fn is_scarcity(&self) -> bool;
}

impl Scarcity for io::Error {
    fn is_scarcity(&self) -> bool {
        /// Lack of descriptors in the process or in the machine, of memory or of threads, and
        /// interruptions.
        const SCARCE: [Errno; 6] = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::INTR, Errno::AGAIN, Errno::NOBUFS];
        let number = self.raw_os_error();
        SCARCE.iter().any(|errno| number == Some(errno.raw_os_error()))
    }
}

impl Scarcity for ConnectError {
    fn is_scarcity(&self) -> bool {
        matches!(self, Self::Io(error) if error.is_scarcity())
    }
}

/// Retries for up to 1.5 s while the result is scarcity. Between two attempts `relieve` may close
/// something.
///
/// # Errors
/// The errors of the last attempt.
pub fn patiently<T, E: Scarcity>(relieve: impl Fn(), mut attempt: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let begun = clock::now();
    loop {
        match attempt() {
            Err(error) if error.is_scarcity() && clock::since(begun) < PATIENCE => {
                relieve();
                std::thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn scarcity_is_distinguished_from_failures_of_the_disk() {
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::INTR, Errno::AGAIN] {
            assert!(io::Error::from(errno).is_scarcity(), "{errno:?}");
        }
        for errno in [Errno::IO, Errno::NOSPC, Errno::NOENT, Errno::ROFS, Errno::ACCESS] {
            assert!(!io::Error::from(errno).is_scarcity(), "{errno:?}");
        }
        assert!(!io::Error::other("broken disk").is_scarcity());
    }

    #[test]
    fn what_is_scarce_is_waited_for_and_what_failed_is_not_tried_again() {
        let (relieved, tried) = (Cell::new(0), Cell::new(0));
        let relieve = || relieved.set(relieved.get() + 1);
        let got = patiently(relieve, || {
            tried.set(tried.get() + 1);
            if tried.get() < 3 { Err(io::Error::from(Errno::MFILE)) } else { Ok(()) }
        });
        assert!(got.is_ok());
        assert_eq!((relieved.get(), tried.get()), (2, 3));
        let failed: io::Result<()> = patiently(relieve, || Err(Errno::IO.into()));
        assert!(failed.is_err());
        assert_eq!(relieved.get(), 2);
    }
}

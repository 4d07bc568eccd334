//! The limit of open files, and errors that say nothing about a disk: no descriptor, no memory, no thread is left for the moment.

use crate::clock;
use dfs_rpc::transport::ConnectError;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::time::Duration;

/// How long work waits for a descriptor before it fails. Shorter than any peer waits for the answer.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Raises the soft limit of open files to the hard one: the usual soft limit is for interactive programs.
pub fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    // With the lower limit daemons work as well, with lower bounds.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// The limit of open files in force.
pub fn limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Errors that may mean that the process, or the machine, ran out of something for the moment.
///
/// Such an error is no verdict on a replica and no failure of a disk: the same call may succeed when others have ended.
pub trait Scarcity {
    fn is_scarcity(&self) -> bool;
}

impl Scarcity for io::Error {
    fn is_scarcity(&self) -> bool {
        /// Descriptors of the process and of the machine, memory, an interruption, threads.
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

/// Tries until something else than scarcity comes out of it, or for 1.5 s. Between two tries `relieve` may close something.
///
/// # Errors
/// Those of the last try.
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
    fn scarcity_is_told_from_failures_of_the_disk() {
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

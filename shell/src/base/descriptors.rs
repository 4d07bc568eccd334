//! The limit of open files, and errors that say that it was reached.

use dfs_types::Error;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;

/// Raises the soft limit of open files to the hard one: the usual soft limit is for programs that
/// open few.
pub(crate) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    // With the lower limit fewer files are transferred at the same time.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// Returns whether the process, or the machine, had no descriptor left: it has one when others are
/// closed.
pub(crate) fn is_lack(error: &io::Error) -> bool {
    [Errno::MFILE, Errno::NFILE].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// Returns whether an error of a transfer has come of it, for a local file or for a connection.
pub(crate) fn is_from_lack(error: &Error) -> bool {
    // The words of both errors begin so.
    error.message.to_lowercase().contains("too many open files")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::report::local_io;
    use std::path::Path;

    #[test]
    fn a_lack_of_descriptors_is_seen() {
        for (errno, lack) in [(Errno::MFILE, true), (Errno::NFILE, true), (Errno::NOENT, false), (Errno::MLINK, false)]
        {
            let error = io::Error::from(errno);
            assert_eq!((is_lack(&error), is_from_lack(&local_io(Path::new("x"), &error))), (lack, lack), "{errno:?}");
        }
    }
}

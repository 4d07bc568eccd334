//! The limit of open files, and detection of errors caused by it.

use dfs_types::Error;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;

/// Raises the soft limit of open files to the hard limit: the usual soft limit is meant for
/// programs that open few files.
pub(crate) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    // On failure the lower limit stays, and fewer files are transferred at the same time.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// Returns true if the process or the machine had no descriptor left. The operation can succeed
/// after other files are closed.
pub(crate) fn is_lack(error: &io::Error) -> bool {
    [Errno::MFILE, Errno::NFILE].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// Returns true if an error of a transfer was caused by this, for a local file or for a connection.
pub(crate) fn is_from_lack(error: &Error) -> bool {
    // The messages of both errors begin with these words.
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

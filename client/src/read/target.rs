//! The local file that a read writes: which one a path names, and whether it may be replaced.

#![expect(clippy::disallowed_methods, reason = "the destination is a file of this machine")]

use crate::transfer::local;
use dfs_types::{Detail, Error, ErrorCode, Result};
use std::fs::FileType;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// Directories whose entries are the open files of a process.
const OPEN_FILES: [&str; 3] = ["/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"];

/// Permission to replace what already has the name of a destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replacing {
    /// A regular file is replaced.
    pub files: bool,
    /// A symbolic link stays, and the regular file that it leads to is replaced, as with cp(1).
    /// Otherwise a link is refused.
    pub through_links: bool,
}

/// Returns the file to be written for the destination `path`: what is there may be replaced, or
/// nothing is there. It is another path than the given one where that is a symbolic link.
///
/// # Errors
/// `already_exists` for a file without [`Replacing::files`], for a device, a FIFO or a socket,
/// which are never replaced, and for a symbolic link that leads nowhere or may not be followed;
/// `is_a_directory`, `not_a_directory` for a path that ends in `/`, `local_io`.
pub fn local_target(path: &Path, replacing: Replacing) -> Result<PathBuf> {
    if is_open_file(path) {
        return Err(refused(path, "is an open file of this program").hint("`-` is standard output"));
    }
    // With a slash at its end the system looks through a link.
    let slash = path.as_os_str().as_bytes().ends_with(b"/");
    let found = match std::fs::symlink_metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !slash => return Ok(path.to_owned()),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) && slash => {
            let error = Error::new(ErrorCode::NotADirectory, "there is no such local directory");
            return Err(error.at(path.display()));
        }
        Err(error) => return Err(local(path, &error)),
    };
    if !found.is_symlink() {
        return may_replace(path, found, replacing).map(|()| path.to_owned());
    }
    if !replacing.through_links {
        return Err(refused(path, "is a symbolic link, which could lead out of the directory that was named"));
    }
    match std::fs::metadata(path) {
        Ok(found) => may_replace(path, found.file_type(), replacing)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(refused(path, "is a dangling symbolic link, which is not written through"));
        }
        Err(error) => return Err(local(path, &error)),
    }
    path.canonicalize().map_err(|error| local(path, &error))
}

fn may_replace(path: &Path, found: FileType, replacing: Replacing) -> Result<()> {
    let special = match () {
        () if found.is_dir() => return Err(Error::new(ErrorCode::IsADirectory, "is a directory").at(path.display())),
        () if found.is_file() && replacing.files => return Ok(()),
        () if found.is_file() => return Err(exists(path)),
        () if found.is_char_device() => "a character device",
        () if found.is_block_device() => "a block device",
        () if found.is_fifo() => "a FIFO",
        () if found.is_socket() => return Err(refused(path, "is a socket, not a regular file")),
        () => return Err(refused(path, "is not a regular file")),
    };
    let hint = format!("to write into it: cat FILE > {}", path.display());
    Err(refused(path, &format!("is {special}, not a regular file")).hint(hint))
}

/// Returns whether a path leads to a file that this process has open, under a name that the system
/// makes for it.
fn is_open_file(path: &Path) -> bool {
    let named =
        |path: &Path| path.parent().is_some_and(|parent| OPEN_FILES.iter().any(|known| Path::new(known) == parent));
    if named(path) {
        return true;
    }
    // `/dev/stdout` is a link to one of them.
    path.parent() == Some(Path::new("/dev")) && std::fs::read_link(path).is_ok_and(|to| named(&to))
}

/// The error for a file that is there and may not be replaced.
pub(super) fn exists(path: &Path) -> Error {
    Error::of(ErrorCode::AlreadyExists, Detail::LocalExists).at(path.display())
}

fn refused(path: &Path, what: &str) -> Error {
    Error::new(ErrorCode::AlreadyExists, what).at(path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    const ALL: Replacing = Replacing { files: true, through_links: true };

    fn said(path: &Path, replacing: Replacing) -> (ErrorCode, String) {
        let error = local_target(path, replacing).expect_err("it is refused");
        assert_eq!(error.path, Some(path.display().to_string()));
        (error.code, error.message)
    }

    #[test]
    fn only_regular_files_are_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("file"), "x").expect("written");
        rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), rustix::fs::Mode::RUSR).expect("made");
        let _socket = UnixListener::bind(at("socket")).expect("bound");
        assert_eq!(local_target(&at("new"), Replacing::default()), Ok(at("new")));
        assert_eq!(local_target(&at("file"), ALL), Ok(at("file")));
        for (path, code, message) in [
            (directory.path().to_owned(), ErrorCode::IsADirectory, "is a directory"),
            (at("fifo"), ErrorCode::AlreadyExists, "is a FIFO, not a regular file"),
            (at("socket"), ErrorCode::AlreadyExists, "is a socket, not a regular file"),
            ("/dev/null".into(), ErrorCode::AlreadyExists, "is a character device, not a regular file"),
            ("/dev/stdout".into(), ErrorCode::AlreadyExists, "is an open file of this program"),
            ("/dev/fd/1".into(), ErrorCode::AlreadyExists, "is an open file of this program"),
            (at("new/"), ErrorCode::NotADirectory, "there is no such local directory"),
            (at("file/"), ErrorCode::NotADirectory, "there is no such local directory"),
            (at("file/below"), ErrorCode::LocalIo, "not a directory"),
        ] {
            for replacing in [ALL, Replacing::default()] {
                assert_eq!(said(&path, replacing), (code, message.to_owned()), "{path:?}");
            }
        }
        assert_eq!(said(&at("file"), Replacing::default()).1, "already exists");
        let hint = local_target(&at("fifo"), ALL).expect_err("refused").hint.expect("a hint");
        assert_eq!(hint, format!("to write into it: cat FILE > {}", at("fifo").display()));
    }

    #[test]
    fn a_link_is_written_through_as_with_cp() {
        let directory = tempfile::tempdir().expect("a directory");
        let top = directory.path().canonicalize().expect("there");
        let at = |name: &str| top.join(name);
        std::fs::write(at("file"), "x").expect("written");
        for (to, link) in [("file", "link"), ("link", "second"), ("none", "dangling"), ("/dev/null", "null")] {
            symlink(to, at(link)).expect("linked");
        }
        assert_eq!(local_target(&at("link"), ALL), Ok(at("file")));
        assert_eq!(local_target(&at("second"), ALL), Ok(at("file")));
        assert_eq!(said(&at("link"), Replacing { files: false, ..ALL }).1, "already exists");
        assert_eq!(said(&at("null"), ALL).1, "is a character device, not a regular file");
        assert_eq!(said(&at("dangling"), ALL).1, "is a dangling symbolic link, which is not written through");
        let inside = Replacing { files: true, through_links: false };
        let what = "is a symbolic link, which could lead out of the directory that was named";
        for link in ["link", "dangling", "null"] {
            assert_eq!(said(&at(link), inside), (ErrorCode::AlreadyExists, what.to_owned()));
        }
    }
}

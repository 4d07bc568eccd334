//! Attributes `user.*` of local files: extended attributes, with `-p` of `put` and `get`.

use crate::report::{about, io_message, local_io};
use dfs_client::{Client, UserAttribute};
use dfs_rpc::USER_ATTRIBUTES_BYTES_MAX;
use dfs_types::{DfsPath, Error, ErrorCode, Result};
use rustix::fs::XattrFlags;
use rustix::io::Errno;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The longest list of names, and the longest value, that Linux has.
const XATTR_BYTES_MAX: usize = 64 << 10;

/// The prefix of the attributes that are kept.
const PREFIX: &str = "user.";

/// The result of writing attributes to a local file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    All,
    /// The local file system does not support attributes.
    Nowhere,
}

/// Returns the attributes `user.*` of a local file or directory; none where the file system does not support them.
///
/// # Errors
/// `local_io`, `invalid_argument` for more than a file of the DFS can have.
pub(super) fn read_local(path: &Path) -> Result<Vec<UserAttribute>> {
    let mut names = Vec::with_capacity(XATTR_BYTES_MAX);
    match rustix::fs::listxattr(path, rustix::buffer::spare_capacity(&mut names)) {
        Ok(_) => {}
        Err(Errno::NOTSUP) => return Ok(Vec::new()),
        Err(error) => return Err(local_io(path, &error.into())),
    }
    let mut found = Vec::new();
    for name in names.split(|byte| *byte == 0).filter(|name| name.starts_with(PREFIX.as_bytes())) {
        let mut value = Vec::with_capacity(XATTR_BYTES_MAX);
        match rustix::fs::getxattr(path, name, rustix::buffer::spare_capacity(&mut value)) {
            Ok(_) => {}
            // It has gone meanwhile.
            Err(Errno::NODATA) => continue,
            Err(error) => return Err(failed(path, &String::from_utf8_lossy(name), error)),
        }
        let name = String::from_utf8(name.to_vec());
        let name = name.map_err(|_| Error::new(ErrorCode::LocalIo, "the name of an attribute is not UTF-8"));
        found.push((name.map_err(|error| error.at(path.display()))?, value));
    }
    let bytes: usize = found.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes <= USER_ATTRIBUTES_BYTES_MAX {
        return Ok(found);
    }
    Err(Error::new(ErrorCode::InvalidArgument, "has more than 64 KiB of attributes user.*").at(path.display()))
}

/// Copies the attributes `user.*` of a local file or directory to one in the DFS.
///
/// # Errors
/// Those of [`read_local`] and of the call.
pub(super) async fn keep_remote(client: &Client, from: &Path, to: &DfsPath) -> Result<()> {
    let changes: Vec<_> = read_local(from)?.into_iter().map(|(name, value)| (name, Some(value))).collect();
    if changes.is_empty() {
        return Ok(());
    }
    client.set_user_attributes(to, &changes).await.map_err(|error| about(error, to))
}

/// Copies the attributes `user.*` of a file or directory in the DFS to a local one.
///
/// # Errors
/// Those of the call, `local_io`.
pub(super) async fn keep_local(client: &Client, from: &DfsPath, to: &Path) -> Result<Kept> {
    let found = client.user_attributes(from).await.map_err(|error| about(error, from))?;
    write_local(to, &found)
}

fn write_local(path: &Path, attributes: &[UserAttribute]) -> Result<Kept> {
    for (name, value) in attributes {
        match write_one(path, name, value) {
            Ok(()) => {}
            Err(Errno::NOTSUP) => return Ok(Kept::Nowhere),
            Err(error) => return Err(failed(path, name, error)),
        }
    }
    Ok(Kept::All)
}

fn write_one(path: &Path, name: &str, value: &[u8]) -> rustix::io::Result<()> {
    let set = || rustix::fs::setxattr(path, name, value, XattrFlags::empty());
    match set() {
        // Linux sets `user.*` only on files that the caller may write, also for the owner.
        Err(Errno::ACCESS) => {
            let Ok(before) = fs::metadata(path).map(|found| found.permissions()) else { return Err(Errno::ACCESS) };
            let open = fs::Permissions::from_mode(before.mode() | 0o200);
            fs::set_permissions(path, open).map_err(|_| Errno::ACCESS)?;
            let done = set();
            fs::set_permissions(path, before).map_err(|_| Errno::ACCESS)?;
            done
        }
        done => done,
    }
}

/// Returns the error for an attribute. It never has the message of a full disk, which would end the whole transfer.
fn failed(path: &Path, name: &str, error: Errno) -> Error {
    let why = match error {
        Errno::NOSPC | Errno::TOOBIG | Errno::RANGE => "the file system has too little room for it".to_owned(),
        error => io_message(&error.into()),
    };
    Error::new(ErrorCode::LocalIo, format!("attribute {name}: {why}")).at(path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Passes on file systems without attributes as well.
    #[test]
    fn attributes_are_written_and_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("f");
        fs::write(&path, "x").expect("written");
        assert_eq!(read_local(&path), Ok(Vec::new()));
        let attributes = vec![("user.a".to_owned(), b"1".to_vec()), ("user.b".to_owned(), vec![0, 0xff])];
        let kept = write_local(&path, &attributes).expect("written");
        let mut read = read_local(&path).expect("read");
        read.sort();
        assert_eq!(read, if kept == Kept::All { attributes } else { Vec::new() });
    }

    #[test]
    fn a_file_that_may_not_be_written_gets_attributes_and_stays_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("f");
        fs::write(&path, "x").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("closed");
        write_local(&path, &[("user.a".to_owned(), b"1".to_vec())]).expect("written");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o444);
    }

    #[test]
    fn little_room_for_attributes_is_not_taken_for_a_full_disk() {
        let error = failed(Path::new("x"), "user.a", Errno::NOSPC);
        assert_eq!(error.message, "attribute user.a: the file system has too little room for it");
    }
}

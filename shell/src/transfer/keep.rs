//! Copies attributes `user.*` of local files, which are extended attributes, for `-p` of `put` and
//! `get`.

use crate::base::report::{about, io_message, local_io};
use dfs_client::{Client, UserAttribute};
use dfs_rpc::USER_ATTRIBUTES_BYTES_MAX;
use dfs_types::{DfsPath, Error, ErrorCode, Result, USER_ATTRIBUTES_TOO_LARGE};
use rustix::fs::XattrFlags;
use rustix::io::Errno;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The maximum size of a list of names, and of a value, in Linux.
const XATTR_BYTES_MAX: usize = 64 << 10;

/// The prefix of the attributes that are kept.
const PREFIX: &str = "user.";

/// The attributes that could not be set on a local file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Missing {
    names: Vec<String>,
    /// The reason for the first of them.
    why: Errno,
}

/// Returns the attributes `user.*` of a local file or directory; none if the file system does not
/// support them.
///
/// # Errors
/// Returns `local_io`, or `invalid_argument` for more than a file of the DFS can have.
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
            // The attribute was removed meanwhile.
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
    Err(Error::new(ErrorCode::InvalidArgument, USER_ATTRIBUTES_TOO_LARGE).at(path.display()))
}

/// Copies the attributes `user.*` of a local file or directory to one in the DFS.
///
/// # Errors
/// Returns the errors of [`read_local`] and of the call.
pub(super) async fn keep_remote(client: &Client, from: &Path, to: &DfsPath) -> Result<()> {
    let changes: Vec<_> = read_local(from)?.into_iter().map(|(name, value)| (name, Some(value))).collect();
    if changes.is_empty() {
        return Ok(());
    }
    client.set_user_attributes(to, &changes).await.map_err(|error| about(error, to))
}

/// Copies the attributes `user.*` of a file or directory in the DFS to an existing local one.
/// Attributes that cannot be set are skipped, and the others are written.
///
/// # Errors
/// Returns the errors of the call, or `local_io` with the names of the skipped attributes.
pub(super) async fn keep_local(client: &Client, from: &DfsPath, to: &Path) -> Result<()> {
    let found = client.user_attributes(from).await.map_err(|error| about(error, from))?;
    write_local(to, &found).map_err(|missing| without(to, &missing))
}

fn write_local(path: &Path, attributes: &[UserAttribute]) -> std::result::Result<(), Missing> {
    let mut missing: Option<Missing> = None;
    for (name, value) in attributes {
        if let Err(why) = write_one(path, name, value) {
            missing.get_or_insert(Missing { names: Vec::new(), why }).names.push(name.clone());
        }
    }
    missing.map_or(Ok(()), Err)
}

fn write_one(path: &Path, name: &str, value: &[u8]) -> rustix::io::Result<()> {
    let set = || rustix::fs::setxattr(path, name, value, XattrFlags::empty());
    match set() {
        // Linux sets `user.*` only on files that the caller may write, even for the owner.
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

/// Returns the error for an attribute of a local file that cannot be read.
fn failed(path: &Path, name: &str, error: Errno) -> Error {
    Error::new(ErrorCode::LocalIo, format!("attribute {name}: {}", io_message(&error.into()))).at(path.display())
}

/// Returns the error for a local file or directory that lacks attributes. It never has the message
/// of a full disk, which would end the whole transfer.
fn without(path: &Path, missing: &Missing) -> Error {
    let why = match missing.why {
        Errno::NOTSUP => "the file system keeps no attributes".to_owned(),
        Errno::NOSPC | Errno::TOOBIG | Errno::RANGE => "the file system has too little room for it".to_owned(),
        error => io_message(&error.into()),
    };
    let kind = if path.is_dir() { "directory" } else { "file" };
    let attributes = if missing.names.len() == 1 { "attribute" } else { "attributes" };
    let names = missing.names.join(", ");
    let what = format!("the {kind} is there, without its {attributes} {names}: {why}");
    Error::new(ErrorCode::LocalIo, what).at(path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Also passes on file systems without attributes.
    #[test]
    fn attributes_are_written_and_read_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("f");
        fs::write(&path, "x").expect("written");
        assert_eq!(read_local(&path), Ok(Vec::new()));
        let attributes = vec![("user.a".to_owned(), b"1".to_vec()), ("user.b".to_owned(), vec![0, 0xff])];
        let written = write_local(&path, &attributes);
        let mut read = read_local(&path).expect("read");
        read.sort();
        match written {
            Ok(()) => assert_eq!(read, attributes),
            Err(missing) => assert_eq!((missing.why, read), (Errno::NOTSUP, Vec::new())),
        }
    }

    #[test]
    fn a_file_that_may_not_be_written_gets_attributes_and_stays_so() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("f");
        fs::write(&path, "x").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("closed");
        let written = write_local(&path, &[("user.a".to_owned(), b"1".to_vec())]);
        assert!(written.is_ok() || written.is_err_and(|missing| missing.why == Errno::NOTSUP));
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o444);
    }

    #[test]
    fn what_a_file_does_not_take_is_named_and_the_others_are_written() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("f");
        fs::write(&path, "x").expect("written");
        let long = format!("user.{}", "x".repeat(300));
        let attributes = [&long, "user.a"].map(|name| (name.to_owned(), b"1".to_vec()));
        let missing = write_local(&path, &attributes).expect_err("no system takes such a name");
        assert_eq!(missing.names[0], long);
        if missing.why != Errno::NOTSUP {
            assert_eq!(read_local(&path), Ok(vec![attributes[1].clone()]));
        }
    }

    #[test]
    fn the_error_says_that_the_file_is_there_and_what_it_lacks() {
        let text = |names: &[&str], why| {
            let missing = Missing { names: names.iter().map(|name| (*name).to_owned()).collect(), why };
            without(Path::new("x"), &missing).message
        };
        // This must not be mistaken for a full disk.
        assert_eq!(
            text(&["user.a"], Errno::NOSPC),
            "the file is there, without its attribute user.a: the file system has too little room for it"
        );
        assert_eq!(
            text(&["user.a", "user.b"], Errno::NOTSUP),
            "the file is there, without its attributes user.a, user.b: the file system keeps no attributes"
        );
    }
}

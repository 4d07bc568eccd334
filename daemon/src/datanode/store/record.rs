//! A record of the data directories that a datanode has had, stored outside of them.
//!
//! An empty directory is claimed by the datanode that starts on it. This is right for a new
//! directory, and wrong for the mount point of a disk that is not mounted: its replicas would count
//! as lost, and new ones would be written to the disk below. So the datanode records the id of each
//! of its directories in a file beside its settings, and refuses a directory whose id is missing or
//! different.

use super::format::{DirectoryFormat, FormatError};
use crate::durable;
use dfs_types::{ClusterId, DatanodeId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The version of the format of the file.
const VERSION: u16 = 1;
/// A larger file is not a record.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The random id of a data directory.
pub type DirectoryId = [u8; 16];

/// The content of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Document {
    version: u16,
    cluster: String,
    node: u16,
    directories: BTreeMap<PathBuf, Entry>,
}

/// A directory that was in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id, in hexadecimal digits.
    id: String,
    /// True if a disk was mounted on it.
    mount_point: bool,
}

/// The known directories of a datanode.
#[derive(Debug)]
pub struct Record {
    /// None if nothing is recorded.
    file: Option<PathBuf>,
    cluster: ClusterId,
    node: DatanodeId,
    accept_empty: bool,
    directories: BTreeMap<PathBuf, Entry>,
}

/// The result of comparing a directory with the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fine,
    Empty,
    Other,
}

fn judge(known: Option<&str>, found: Option<&str>, accept_empty: bool) -> Verdict {
    match (known, found) {
        (None, _) => Verdict::Fine,
        (Some(known), Some(found)) if known == found => Verdict::Fine,
        _ if accept_empty => Verdict::Fine,
        (Some(_), None) => Verdict::Empty,
        (Some(_), Some(_)) => Verdict::Other,
    }
}

fn hex(id: &DirectoryId) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Returns true if something is mounted on a directory: its device differs from that of its parent.
fn is_mount_point(path: &Path) -> bool {
    let (Ok(own), Ok(above)) = (std::fs::metadata(path), std::fs::metadata(path.join(".."))) else { return false };
    own.dev() != above.dev()
}

impl Record {
    /// Reads the record. A file that is corrupt or of another cluster counts as empty: the record
    /// is an aid, and not part of the data.
    pub fn load(file: Option<PathBuf>, cluster: ClusterId, node: DatanodeId, accept_empty: bool) -> Self {
        let known = file.as_deref().map(|file| read(file, cluster, node));
        let directories = known.unwrap_or(Ok(BTreeMap::new())).unwrap_or_else(|error| {
            let file = file.as_deref().unwrap_or(Path::new("")).display();
            tracing::warn!(%file, %error, "the record of data directories cannot be read; a new one is started");
            BTreeMap::new()
        });
        Self { file, cluster, node, accept_empty, directories }
    }

    /// Checks a directory before anything is created in it.
    ///
    /// # Errors
    /// Returns an error if it was a directory of this datanode, and is now empty or another one.
    pub fn check(&self, path: &Path) -> Result<(), FormatError> {
        let Some(known) = self.directories.get(&absolute(path)) else { return Ok(()) };
        let found = match DirectoryFormat::read(path) {
            Ok(format) => format.map(|format| hex(&format.directory)),
            // Opening the directory reports this error better.
            Err(_) => return Ok(()),
        };
        match judge(Some(&known.id), found.as_deref(), self.accept_empty) {
            Verdict::Fine => Ok(()),
            Verdict::Empty => Err(FormatError::Empty { unmounted: known.mount_point && !is_mount_point(path) }),
            Verdict::Other => Err(FormatError::Other { found: found.unwrap_or_default(), expected: known.id.clone() }),
        }
    }

    /// Records a directory that is in use now.
    pub fn note(&mut self, path: &Path, id: &DirectoryId) {
        let entry = Entry { id: hex(id), mount_point: is_mount_point(path) };
        self.directories.insert(absolute(path), entry);
    }

    /// Writes the entries of `configured`, the directories of this datanode, and drops the others.
    pub fn save(&mut self, configured: &[PathBuf]) {
        let configured: Vec<PathBuf> = configured.iter().map(|path| absolute(path)).collect();
        self.directories.retain(|path, _| configured.contains(path));
        let Some(file) = &self.file else { return };
        if let Err(error) = self.write(file) {
            tracing::warn!(file = %file.display(), %error, "the record of data directories cannot be written; a disk that is not mounted will not be noticed");
        }
    }

    fn write(&self, file: &Path) -> io::Result<()> {
        let text = encode(&self.directories, self.cluster, self.node)?;
        if std::fs::read(file).is_ok_and(|before| before == text) {
            return Ok(());
        }
        if let Some(directory) = file.parent() {
            durable::create_directory(directory)?;
        }
        durable::write_file(file, &text)
    }
}

fn read(file: &Path, cluster: ClusterId, node: DatanodeId) -> io::Result<BTreeMap<PathBuf, Entry>> {
    match std::fs::metadata(file) {
        Ok(metadata) if metadata.len() > FILE_BYTES_MAX => return Err(io::ErrorKind::FileTooLarge.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        looked => looked?,
    };
    decode(&std::fs::read(file)?, cluster, node)
}

/// Returns the bytes of the file that records these directories.
///
/// # Errors
/// Returns an error if a path is not UTF-8.
pub fn encode(directories: &BTreeMap<PathBuf, Entry>, cluster: ClusterId, node: DatanodeId) -> io::Result<Vec<u8>> {
    let (cluster, directories) = (cluster.to_string(), directories.clone());
    let document = Document { version: VERSION, cluster, node: node.0, directories };
    let mut text = serde_json::to_vec_pretty(&document)?;
    text.push(b'\n');
    Ok(text)
}

/// Decodes the output of [`encode`]. A file of another cluster or datanode holds no directories of
/// this one.
///
/// # Errors
/// Returns an error if the bytes are corrupt or of another version.
pub fn decode(bytes: &[u8], cluster: ClusterId, node: DatanodeId) -> io::Result<BTreeMap<PathBuf, Entry>> {
    let document: Document = serde_json::from_slice(bytes)?;
    if document.version != VERSION {
        return Err(io::Error::other(format!("it has version {}, not {VERSION}", document.version)));
    }
    let ours = document.cluster == cluster.to_string() && document.node == node.0;
    Ok(if ours { document.directories } else { BTreeMap::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_and_what_is_found() {
        use Verdict::{Empty, Fine, Other};
        #[rustfmt::skip]
        let table = [
            (None, None, false, Fine), (None, Some("a"), false, Fine), (Some("a"), Some("a"), false, Fine),
            (Some("a"), None, false, Empty), (Some("a"), Some("b"), false, Other),
            (Some("a"), None, true, Fine), (Some("a"), Some("b"), true, Fine), (Some("a"), Some("a"), true, Fine),
        ];
        for (known, found, accept, verdict) in table {
            assert_eq!(judge(known, found, accept), verdict, "{known:?} {found:?} {accept}");
        }
    }

    #[test]
    fn the_file_is_pinned_and_a_corrupt_or_foreign_one_counts_as_none() {
        let directory = tempfile::tempdir().expect("temp directory");
        let file = directory.path().join("state/record.json");
        let cluster = ClusterId([0xab; 16]);
        let load = |cluster, node| Record::load(Some(file.clone()), cluster, DatanodeId(node), false);
        let mut record = load(cluster, 3);
        record.note(Path::new("/no/such/place"), &[1; 16]);
        record.note(Path::new("/not/configured"), &[2; 16]);
        record.save(&["/no/such/place".into()]);
        let text = std::fs::read_to_string(&file).expect("read");
        let id = "01".repeat(16);
        let expected = format!(
            "{{\n  \"version\": 1,\n  \"cluster\": \"{cluster}\",\n  \"node\": 3,\n  \"directories\": {{\n    \"/no/such/place\": {{\n      \
             \"id\": \"{id}\",\n      \"mount_point\": false\n    }}\n  }}\n}}\n"
        );
        assert_eq!(text, expected);
        assert_eq!(load(cluster, 3).directories.len(), 1);
        assert_eq!((load(cluster, 4).directories.len(), load(ClusterId([1; 16]), 3).directories.len()), (0, 0));
        std::fs::write(&file, "{\"version\": 2}").expect("write");
        assert_eq!(load(cluster, 3).directories.len(), 0);
    }

    #[test]
    fn the_root_of_a_file_system_is_a_mount_point() {
        assert!(is_mount_point(Path::new("/proc")));
        let directory = tempfile::tempdir().expect("temp directory");
        assert!(!is_mount_point(directory.path()));
    }
}

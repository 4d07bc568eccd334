//! A file or directory as a JSON object; all commands use the same object.

use dfs_types::{EntryId, Kind, Stat};
use schemars::JsonSchema;
use serde::Serialize;

/// A file or directory in the output of `--json`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EntryJson<'a> {
    path: &'a str,
    name: &'a str,
    /// `file` or `directory`.
    #[serde(rename = "type")]
    kind: &'static str,
    size: u64,
    /// Milliseconds since 1970.
    modified_ms: u64,
    created_ms: u64,
    owner: &'a str,
    group: &'a str,
    /// Octal, as in `0644`.
    mode: String,
    replication: u8,
    chunk_size: u32,
    chunks: u64,
    files: u64,
    directories: u64,
    version: u64,
    /// The permanent id of the entry: never reused, and kept by a rename. Null where the masters do
    /// not report it.
    id: Option<u64>,
    /// Bytes with all replicas.
    space: u64,
}

impl<'a> EntryJson<'a> {
    pub(crate) fn of(path: &'a str, stat: &'a Stat) -> Self {
        Self {
            path,
            name: path.rsplit('/').next().unwrap_or(path),
            kind: kind_text(stat.kind),
            size: stat.size,
            modified_ms: stat.modified.0,
            created_ms: stat.created.0,
            owner: &stat.owner,
            group: &stat.group,
            mode: format!("{:04o}", stat.mode),
            replication: stat.replication,
            chunk_size: stat.chunk_size,
            chunks: stat.chunks,
            files: stat.files,
            directories: stat.directories,
            version: stat.version,
            id: (stat.id != EntryId::UNKNOWN).then_some(stat.id.0),
            space: stat.space,
        }
    }
}

/// Returns `file` or `directory`.
fn kind_text(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "file",
        Kind::Directory => "directory",
    }
}

/// Returns the mode as in `drwxr-xr-x`.
pub(crate) fn mode_text(kind: Kind, mode: u16) -> String {
    let first = if kind == Kind::Directory { 'd' } else { '-' };
    let bits = (0..9).map(|bit| match (mode & (0o400 >> bit) != 0, bit % 3) {
        (false, _) => '-',
        (true, 0) => 'r',
        (true, 1) => 'w',
        (true, _) => 'x',
    });
    std::iter::once(first).chain(bits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        assert_eq!(mode_text(Kind::Directory, 0o755), "drwxr-xr-x");
        assert_eq!(mode_text(Kind::File, 0o640), "-rw-r-----");
    }
}

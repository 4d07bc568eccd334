//! The kinds of files that dfs keeps, and the kinds of damage.

use super::damage::Damage;
use std::path::{Path, PathBuf};

/// A kind of file under `DFS_HOME`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    Chunk,
    Incoming,
    Quarantined,
    Format,
    /// Any other file of a datanode's data directory, and its record of these directories.
    DatanodeRecord,
    Segment,
    Spare,
    Vote,
    /// Any other file in the directory of the log, such as the mark of the log's end.
    LogRecord,
    Snapshot,
    /// Any other file of a master's data directory.
    MasterRecord,
    Spec,
    Settings,
    RunFile,
    UserCredential,
    DaemonCredential,
    Authority,
}

impl FileKind {
    pub const ALL: [Self; 17] = [
        Self::Chunk,
        Self::Incoming,
        Self::Quarantined,
        Self::Format,
        Self::DatanodeRecord,
        Self::Segment,
        Self::Spare,
        Self::Vote,
        Self::LogRecord,
        Self::Snapshot,
        Self::MasterRecord,
        Self::Spec,
        Self::Settings,
        Self::RunFile,
        Self::UserCredential,
        Self::DaemonCredential,
        Self::Authority,
    ];

    /// Returns the kind of the file at `path`, which is relative to `DFS_HOME`. Returns `None` for
    /// files without data: lock files, the daemons' logs, the history of the prompt, and files of
    /// the test.
    /// daemons' logs, the history of the prompt, and files of the test.
    pub fn of(path: &Path) -> Option<Self> {
        let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap_or_default()).collect();
        let name = *parts.last()?;
        if name == "lock" || name.ends_with(".lock") || name == "history" || name.ends_with(".new") {
            return None;
        }
        match parts.as_slice() {
            ["data", daemon, rest @ ..] if daemon.starts_with("master") => Some(match rest {
                ["log", file] if file.starts_with("segment-") => Self::Segment,
                ["log", file] if file.starts_with("spare-") => Self::Spare,
                ["log", "vote"] => Self::Vote,
                ["log", ..] => Self::LogRecord,
                ["snapshot", ..] => Self::Snapshot,
                _ => Self::MasterRecord,
            }),
            ["data", _, rest @ ..] => Some(match rest {
                ["chunks", ..] => Self::Chunk,
                ["incoming", ..] => Self::Incoming,
                ["quarantine" | "damaged", ..] => Self::Quarantined,
                ["format"] => Self::Format,
                _ => Self::DatanodeRecord,
            }),
            ["state", "cluster.json"] => Some(Self::Spec),
            ["state", _] if name.ends_with(".toml") => Some(Self::Settings),
            ["state", file] if file.starts_with("datanode-") => Some(Self::DatanodeRecord),
            ["run", _] => Some(Self::RunFile),
            ["credentials", "authority.pem"] => Some(Self::Authority),
            ["credentials", file] if file.starts_with("user-") => Some(Self::UserCredential),
            ["credentials", _] => Some(Self::DaemonCredential),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Chunk => "chunk",
            Self::Incoming => "incoming",
            Self::Quarantined => "quarantined",
            Self::Format => "format",
            Self::DatanodeRecord => "datanode record",
            Self::Segment => "log segment",
            Self::Spare => "spare segment",
            Self::Vote => "vote",
            Self::LogRecord => "record of the log",
            Self::Snapshot => "snapshot",
            Self::MasterRecord => "master record",
            Self::Spec => "cluster.json",
            Self::Settings => "ID.toml",
            Self::RunFile => "run file",
            Self::UserCredential => "user credential",
            Self::DaemonCredential => "daemon credential",
            Self::Authority => "authority",
        }
    }
}

/// A kind of damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DamageKind {
    FlipBit,
    /// 512 bytes become zero.
    ZeroSector,
    /// 4,096 bytes become zero.
    ZeroBlock,
    Truncate,
    /// Two files of the same kind are exchanged.
    Exchange,
    Rename,
    Remove,
    /// The content is replaced by that of an earlier time, or by that of another file of its kind.
    Age,
}

impl DamageKind {
    pub const ALL: [Self; 8] = [
        Self::FlipBit,
        Self::ZeroSector,
        Self::ZeroBlock,
        Self::Truncate,
        Self::Exchange,
        Self::Rename,
        Self::Remove,
        Self::Age,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::FlipBit => "flip",
            Self::ZeroSector => "sector",
            Self::ZeroBlock => "block",
            Self::Truncate => "cut",
            Self::Exchange => "exchange",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::Age => "age",
        }
    }

    /// Returns true if it changes bytes in place, so that it can be done and reversed while a
    /// daemon runs.
    pub fn in_place(self) -> bool {
        matches!(self, Self::FlipBit | Self::ZeroSector | Self::ZeroBlock)
    }

    /// Draws a damage of this kind for the file at `path`. `others` are the files of the same kind,
    /// and `older` are earlier contents of the file. Returns `None` if this kind would change
    /// nothing.
    pub fn draw(
        self,
        random: &mut fastrand::Rng,
        path: &Path,
        others: &[PathBuf],
        older: &[Vec<u8>],
    ) -> Option<Damage> {
        let bytes = std::fs::read(path).ok()?;
        let length = bytes.len();
        match self {
            Self::FlipBit => {
                let at = random.usize(0..length.max(1));
                let flipped = bytes.get(at)? ^ 1 << random.u32(0..8);
                Some(Damage::Overwrite { offset: at as u64, bytes: vec![flipped] })
            }
            Self::ZeroSector => zero(random, &bytes, 512),
            Self::ZeroBlock => zero(random, &bytes, 4096),
            Self::Truncate => (length > 0).then(|| Damage::Truncate { length: cut(random, length) }),
            Self::Exchange => {
                let differs = |other: &&PathBuf| *other != path && std::fs::read(other).is_ok_and(|read| read != bytes);
                let others: Vec<&PathBuf> = others.iter().filter(differs).collect();
                let with = random.choice(others)?.clone();
                Some(Damage::Exchange { with })
            }
            Self::Rename => Some(Damage::Rename { to: renamed(random, path) }),
            Self::Remove => Some(Damage::Remove),
            Self::Age => {
                let older: Vec<&Vec<u8>> = older.iter().filter(|old| **old != bytes).collect();
                Some(Damage::Age { bytes: random.choice(older)?.clone() })
            }
        }
    }
}

/// Zeros `size` aligned bytes that are not all zero. Most of a preallocated file is zero, so the
/// offset is drawn from the parts with data.
fn zero(random: &mut fastrand::Rng, bytes: &[u8], size: usize) -> Option<Damage> {
    let written = |at: &usize| bytes[*at..].iter().take(size).any(|byte| *byte != 0);
    let places: Vec<usize> = (0..bytes.len()).step_by(size).filter(written).collect();
    let at = random.choice(places)?;
    let length = size.min(bytes.len() - at);
    Some(Damage::Overwrite { offset: at as u64, bytes: vec![0; length] })
}

/// Returns a length to truncate a file to: any, often an aligned one, as file systems leave it, and
/// sometimes zero.
fn cut(random: &mut fastrand::Rng, length: usize) -> u64 {
    let any = random.usize(0..length);
    match random.u32(0..4) {
        0 => 0,
        1 => any as u64,
        _ => (any / 4096 * 4096) as u64,
    }
}

/// Returns another name in the same directory; for names with a number, often another number.
fn renamed(random: &mut fastrand::Rng, path: &Path) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let digit = name.rfind(|letter: char| letter.is_ascii_digit()).filter(|_| random.bool());
    let other = match digit {
        Some(at) => {
            let digit = name.as_bytes()[at] - b'0';
            format!("{}{}{}", &name[..at], (digit + random.u8(1..10)) % 10, &name[at + 1..])
        }
        None => format!("{name}.old"),
    };
    let other = path.with_file_name(other);
    if other.exists() { path.with_file_name(format!("{name}.old")) } else { other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_its_kind() {
        for (path, kind) in [
            ("data/master-1/log/segment-0000000000000001.log", Some(FileKind::Segment)),
            ("data/master-1/log/spare-2.log", Some(FileKind::Spare)),
            ("data/master-1/log/vote", Some(FileKind::Vote)),
            ("data/master-1/log/end", Some(FileKind::LogRecord)),
            ("data/master-1/snapshot/current.snapshot", Some(FileKind::Snapshot)),
            ("data/master-1/identity", Some(FileKind::MasterRecord)),
            ("data/master-1/lock", None),
            ("data/datanode-2/format", Some(FileKind::Format)),
            ("data/datanode-2/chunks/0a/000000000000000a_1.chunk", Some(FileKind::Chunk)),
            ("data/datanode-2/quarantine/000000000000000a_1.chunk", Some(FileKind::Quarantined)),
            ("data/datanode-2/incoming/000000000000000a_1.part", Some(FileKind::Incoming)),
            ("state/cluster.json", Some(FileKind::Spec)),
            ("state/starting.lock", None),
            ("state/master-1.toml", Some(FileKind::Settings)),
            ("run/master-1.json", Some(FileKind::RunFile)),
            ("credentials/user-ann.pem", Some(FileKind::UserCredential)),
            ("credentials/datanode-1.pem", Some(FileKind::DaemonCredential)),
            ("logs/master-1.log", None),
        ] {
            assert_eq!(FileKind::of(Path::new(path)), kind, "{path}");
        }
    }
}

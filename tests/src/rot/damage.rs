//! One damage of a file, and its reversal.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The change of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    Overwrite { offset: u64, bytes: Vec<u8> },
    Truncate { length: u64 },
    Exchange { with: PathBuf },
    Rename { to: PathBuf },
    Remove,
    Age { bytes: Vec<u8> },
}

/// One step of the reversal.
#[derive(Debug)]
enum Step {
    Write { path: PathBuf, offset: u64, bytes: Vec<u8> },
    Move { from: PathBuf, to: PathBuf },
}

/// Reverses a damage. Files keep their inodes, so that a running daemon that has them open is not
/// affected afterwards.
#[derive(Debug, Default)]
pub struct Undo(Vec<Step>);

impl Undo {
    /// Reverses the damage.
    ///
    /// # Panics
    /// Panics if the file system fails.
    pub fn apply(self) {
        for step in self.0.into_iter().rev() {
            match step {
                Step::Write { path, offset, bytes } => {
                    let file = OpenOptions::new().write(true).open(&path).expect("open a file to put its bytes back");
                    file.write_all_at(&bytes, offset).expect("put bytes back");
                }
                Step::Move { from, to } => std::fs::rename(from, to).expect("put a file back"),
            }
        }
    }
}

/// A directory outside the data of dfs, for files that are being renamed.
#[derive(Debug)]
pub struct Stash {
    directory: PathBuf,
    number: AtomicU64,
}

impl Stash {
    /// Creates the directory. It must be on the same file system as the files.
    ///
    /// # Panics
    /// Panics if it cannot be created.
    pub fn new(directory: PathBuf) -> Self {
        std::fs::create_dir_all(&directory).expect("make the stash");
        Self { directory, number: AtomicU64::new(0) }
    }

    fn place(&self) -> PathBuf {
        self.directory.join(self.number.fetch_add(1, Ordering::Relaxed).to_string())
    }
}

impl Damage {
    /// Damages the file at `path`.
    ///
    /// # Errors
    /// Returns an error if a file does not exist any more, as happens with a running daemon. The
    /// steps done until then are reversed.
    pub fn apply(&self, path: &Path, stash: &Stash) -> io::Result<Undo> {
        let mut undo = Undo::default();
        match self.steps(path, stash, &mut undo.0) {
            Ok(()) => Ok(undo),
            Err(error) => {
                undo.apply();
                Err(error)
            }
        }
    }

    fn steps(&self, path: &Path, stash: &Stash, undo: &mut Vec<Step>) -> io::Result<()> {
        let mut rename = |from: &Path, to: &Path| {
            std::fs::rename(from, to)?;
            undo.push(Step::Move { from: to.to_owned(), to: from.to_owned() });
            io::Result::Ok(())
        };
        match self {
            Self::Overwrite { offset, bytes } => {
                let file = OpenOptions::new().read(true).write(true).open(path)?;
                let mut before = vec![0; bytes.len()];
                file.read_exact_at(&mut before, *offset)?;
                file.write_all_at(bytes, *offset)?;
                undo.push(Step::Write { path: path.to_owned(), offset: *offset, bytes: before });
                Ok(())
            }
            Self::Truncate { length } => {
                let file = OpenOptions::new().read(true).write(true).open(path)?;
                let mut before = vec![0; tail(&file, *length)?];
                file.read_exact_at(&mut before, *length)?;
                file.set_len(*length)?;
                undo.push(Step::Write { path: path.to_owned(), offset: *length, bytes: before });
                Ok(())
            }
            Self::Exchange { with } => {
                let between = stash.place();
                rename(path, &between)?;
                rename(with, path)?;
                rename(&between, with)
            }
            Self::Rename { to } => rename(path, to),
            Self::Remove => rename(path, &stash.place()),
            Self::Age { bytes } => {
                let older = stash.place();
                std::fs::write(&older, bytes)?;
                rename(path, &stash.place())?;
                rename(&older, path)
            }
        }
    }

    /// Returns the content of the file after the damage; `None` if the file does not exist under
    /// its name any more.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read.
    pub fn outcome(&self, before: &[u8]) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Overwrite { offset, bytes } => {
                let mut after = before.to_vec();
                let place = after.get_mut(*offset as usize..*offset as usize + bytes.len());
                place.ok_or(io::ErrorKind::UnexpectedEof)?.copy_from_slice(bytes);
                Ok(Some(after))
            }
            Self::Truncate { length } => Ok(Some(before[..before.len().min(*length as usize)].to_vec())),
            Self::Exchange { with } => std::fs::read(with).map(Some),
            Self::Rename { .. } | Self::Remove => Ok(None),
            Self::Age { bytes } => Ok(Some(bytes.clone())),
        }
    }

    /// Returns a description, for the history of a run.
    pub fn describe(&self) -> String {
        match self {
            Self::Overwrite { offset, bytes } if bytes.len() == 1 => format!("a bit of byte {offset} flipped"),
            Self::Overwrite { offset, bytes } => format!("bytes {offset} to {} zeroed", offset + bytes.len() as u64),
            Self::Truncate { length } => format!("cut to {length} bytes"),
            Self::Exchange { with } => format!("exchanged with {}", with.display()),
            Self::Rename { to } => format!("renamed to {}", to.display()),
            Self::Remove => "removed".to_owned(),
            Self::Age { bytes } => format!("replaced by {} older bytes", bytes.len()),
        }
    }
}

fn tail(file: &File, length: u64) -> io::Result<usize> {
    let size = file.metadata()?.len();
    size.checked_sub(length).map(|tail| tail as usize).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_damage_has_the_predicted_result_and_is_reversed() {
        let directory = tempfile::tempdir().expect("directory");
        let stash = Stash::new(directory.path().join("stash"));
        let [path, other, third] = ["a", "b", "c"].map(|name| directory.path().join(name));
        std::fs::write(&path, [1; 5000]).expect("write");
        std::fs::write(&other, [2; 10]).expect("write");
        for damage in [
            Damage::Overwrite { offset: 512, bytes: vec![0; 512] },
            Damage::Truncate { length: 4096 },
            Damage::Exchange { with: other.clone() },
            Damage::Rename { to: third },
            Damage::Remove,
            Damage::Age { bytes: vec![7; 5] },
        ] {
            let expected = damage.outcome(&[1; 5000]).expect("foretold");
            let undo = damage.apply(&path, &stash).expect("done");
            assert_eq!(std::fs::read(&path).ok(), expected, "{damage:?}");
            undo.apply();
            assert_eq!(std::fs::read(&path).expect("back"), [1; 5000], "{damage:?}");
            assert_eq!(std::fs::read(&other).expect("back"), [2; 10], "{damage:?}");
        }
        assert!(Damage::Exchange { with: directory.path().join("none") }.apply(&path, &stash).is_err());
        assert_eq!(std::fs::read(&path).expect("still there"), [1; 5000]);
    }
}

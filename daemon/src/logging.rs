//! The logs of a daemon: written to a log file that rotates, or to standard error in the
//! foreground.
//!
//! The current file is `master-1.log`; when it has grown to `log.file_size` it becomes
//! `master-1.log.1`, that one `.2`, and so on up to `log.files`. Lines are written directly to the
//! file: a daemon that is killed loses none of them.

#![expect(clippy::disallowed_methods, reason = "the log is a file")]

use dfs_config::LogSettings;
use parking_lot::{Mutex, MutexGuard};
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The messages of libraries about each call and vote are shown only if `log.level` names the
/// libraries. They also have a cost: a span is made for each call if `info` is on.
const LIBRARIES: &str = "tarpc=error,openraft=warn";

/// The reason why logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    #[error("log.level: {0}")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    #[error("open log file {}: {source}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("logging was started before in this process")]
    Twice,
}

/// Starts logging for this process, panics included: to `file`, or to standard error if there is
/// none.
///
/// # Errors
/// Returns an error if the level is invalid, the file cannot be opened, or logging was started
/// before.
pub fn start(settings: &LogSettings, file: Option<&Path>) -> Result<(), LoggingError> {
    let filter = EnvFilter::try_new(format!("{LIBRARIES},{}", settings.level))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
    let started = match file {
        Some(path) => {
            let rotating = RotatingFile::open(path, settings.file_size.0, settings.files)
                .map_err(|source| LoggingError::Open { path: path.to_owned(), source })?;
            builder.with_ansi(false).with_writer(rotating).try_init()
        }
        None => builder.with_ansi(io::stderr().is_terminal()).with_writer(io::stderr).try_init(),
    };
    started.map_err(|_| LoggingError::Twice)?;
    log_panics();
    Ok(())
}

/// Writes panics to the log instead of standard error: the backtrace first, so that the log ends
/// with the reason.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = std::backtrace::Backtrace::force_capture();
        let thread = std::thread::current();
        tracing::error!("backtrace of the panic below:\n{backtrace}");
        tracing::error!("thread {}: {panic}", thread.name().unwrap_or("without a name"));
    }));
}

/// A file that is rotated when it has grown too large.
#[derive(Debug)]
pub struct RotatingFile {
    path: PathBuf,
    bytes_max: u64,
    kept: u32,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    file: File,
    bytes: u64,
}

/// Returns the name of the `number`th rotated file; 1 is the newest.
pub fn rotated(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

impl RotatingFile {
    /// Continues the file at `path`, or creates it. It grows to `bytes_max`; `kept` older files
    /// stay.
    ///
    /// # Errors
    /// Returns an error if it cannot be opened for writing.
    pub fn open(path: &Path, bytes_max: u64, kept: u32) -> io::Result<Self> {
        let current = Mutex::new(Current::open(path)?);
        Ok(Self { path: path.to_owned(), bytes_max, kept, current })
    }

    fn write_line(&self, current: &mut Current, line: &[u8]) -> io::Result<usize> {
        if current.bytes > 0 && current.bytes.saturating_add(line.len() as u64) > self.bytes_max {
            // If the rotation fails, the file continues to grow: a long log is better than none.
            let _ = self.rotate(current);
        }
        current.file.write_all(line)?;
        current.bytes += line.len() as u64;
        Ok(line.len())
    }

    fn rotate(&self, current: &mut Current) -> io::Result<()> {
        for number in (1..self.kept).rev() {
            match std::fs::rename(rotated(&self.path, number), rotated(&self.path, number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        match self.kept {
            0 => std::fs::remove_file(&self.path)?,
            _ => std::fs::rename(&self.path, rotated(&self.path, 1))?,
        }
        *current = Current::open(&self.path)?;
        Ok(())
    }
}

impl Current {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { file, bytes })
    }
}

/// One line that is being written to the file.
#[derive(Debug)]
pub struct Line<'a> {
    file: &'a RotatingFile,
    current: MutexGuard<'a, Current>,
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.file.write_line(&mut self.current, line)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for RotatingFile {
    type Writer = Line<'a>;
    fn make_writer(&'a self) -> Line<'a> {
        Line { file: self, current: self.current.lock() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn files_are_rotated_by_size_and_the_oldest_is_deleted() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.log");
        let log = RotatingFile::open(&path, 11, 2).expect("opened");
        for line in ["one\n", "two\n", "three\n", "four\n", "a line longer than the file\n", "six\n", "seven\n"] {
            log.make_writer().write_all(line.as_bytes()).expect("written");
        }
        assert_eq!(text(&path), "six\nseven\n");
        assert_eq!(text(&rotated(&path, 1)), "a line longer than the file\n");
        assert_eq!(text(&rotated(&path, 2)), "three\nfour\n");
        assert!(!rotated(&path, 3).exists());
    }

    #[test]
    fn a_new_start_continues_the_old_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.log");
        for line in ["one\n", "two\n", "three\n"] {
            let log = RotatingFile::open(&path, 9, 0).expect("opened");
            log.make_writer().write_all(line.as_bytes()).expect("written");
        }
        assert_eq!(text(&path), "three\n");
        assert!(!rotated(&path, 1).exists());
    }

    #[test]
    fn a_file_that_cannot_be_rotated_continues_to_grow() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.log");
        let log = RotatingFile::open(&path, 4, 1).expect("opened");
        // A directory that is not empty is in the place of the old file.
        std::fs::create_dir_all(rotated(&path, 1).join("in the way")).expect("made");
        for line in ["one\n", "two\n"] {
            log.make_writer().write_all(line.as_bytes()).expect("written");
        }
        assert_eq!(text(&path), "one\ntwo\n");
    }
}

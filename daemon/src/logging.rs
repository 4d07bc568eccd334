//! What a daemon writes about itself: to a log file that rotates, or to standard error in the foreground.
//!
//! `master-1.log` is the file being written; when it has grown to `log.file_size` it becomes `master-1.log.1`, that one
//! `.2`, and so on up to `log.files`. Lines are written straight to the file: a daemon that is killed loses none of them.

#![expect(clippy::disallowed_methods, reason = "the log is a file")]

use dfs_config::LogSettings;
use parking_lot::{Mutex, MutexGuard};
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// What libraries say of each call and vote is of use only to who asks for it by their name: `log.level` may do so. It
/// also costs: a span for each call is made where `info` is on.
const LIBRARIES: &str = "tarpc=error,openraft=warn";

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    #[error("log.level: {0}")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    #[error("open log file {}: {source}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("logging was started before in this process")]
    Twice,
}

/// Starts logging for this process, panics included: to `file`, or to standard error if there is none.
///
/// # Errors
/// When the level is no level, the file cannot be opened, or logging was started before.
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

/// A panic goes to the log in place of standard error: the backtrace first, so that the log ends with the reason.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = std::backtrace::Backtrace::force_capture();
        let thread = std::thread::current();
        tracing::error!("backtrace of the panic below:\n{backtrace}");
        tracing::error!("thread {}: {panic}", thread.name().unwrap_or("without a name"));
    }));
}

/// A file that is set aside when it has grown too large.
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

/// The name of the `number`th file set aside; 1 is the newest.
pub fn set_aside(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

impl RotatingFile {
    /// Goes on with the file at `path`, or begins it. It grows to `bytes_max`; `kept` older ones stay.
    ///
    /// # Errors
    /// When it cannot be opened for writing.
    pub fn open(path: &Path, bytes_max: u64, kept: u32) -> io::Result<Self> {
        let current = Mutex::new(Current::open(path)?);
        Ok(Self { path: path.to_owned(), bytes_max, kept, current })
    }

    fn write_line(&self, current: &mut Current, line: &[u8]) -> io::Result<usize> {
        if current.bytes > 0 && current.bytes.saturating_add(line.len() as u64) > self.bytes_max {
            // What cannot be set aside goes on growing: a long log is better than none.
            let _ = self.rotate(current);
        }
        current.file.write_all(line)?;
        current.bytes += line.len() as u64;
        Ok(line.len())
    }

    fn rotate(&self, current: &mut Current) -> io::Result<()> {
        for number in (1..self.kept).rev() {
            match std::fs::rename(set_aside(&self.path, number), set_aside(&self.path, number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        match self.kept {
            0 => std::fs::remove_file(&self.path)?,
            _ => std::fs::rename(&self.path, set_aside(&self.path, 1))?,
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

/// One line on its way to the file.
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
    fn files_are_set_aside_by_size_and_the_oldest_goes() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.log");
        let log = RotatingFile::open(&path, 11, 2).expect("opened");
        for line in ["one\n", "two\n", "three\n", "four\n", "a line longer than the file\n", "six\n", "seven\n"] {
            log.make_writer().write_all(line.as_bytes()).expect("written");
        }
        assert_eq!(text(&path), "six\nseven\n");
        assert_eq!(text(&set_aside(&path, 1)), "a line longer than the file\n");
        assert_eq!(text(&set_aside(&path, 2)), "three\nfour\n");
        assert!(!set_aside(&path, 3).exists());
    }

    #[test]
    fn a_new_start_goes_on_with_the_old_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.log");
        for line in ["one\n", "two\n", "three\n"] {
            let log = RotatingFile::open(&path, 9, 0).expect("opened");
            log.make_writer().write_all(line.as_bytes()).expect("written");
        }
        assert_eq!(text(&path), "three\n");
        assert!(!set_aside(&path, 1).exists());
    }

    #[test]
    fn what_cannot_be_set_aside_goes_on_growing() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.log");
        let log = RotatingFile::open(&path, 4, 1).expect("opened");
        // A directory that is not empty stands where the old file should go.
        std::fs::create_dir_all(set_aside(&path, 1).join("in the way")).expect("made");
        for line in ["one\n", "two\n"] {
            log.make_writer().write_all(line.as_bytes()).expect("written");
        }
        assert_eq!(text(&path), "one\ntwo\n");
    }
}

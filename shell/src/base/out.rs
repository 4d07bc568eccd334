//! The destinations of a command's output: stdout, a local file, a local command.

use crate::base::interrupt::{SignalEpoch, local_end};
use crate::base::own_line;
use crate::base::pager::{self, Screen};
use crate::base::report::{interrupted, local_io};
use dfs_daemon::closed;
use dfs_types::Result;
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The name of the output of this process.
const STDOUT: &str = "stdout";
/// Output is written in blocks of this many bytes.
const BUFFER_BYTES: usize = 64 << 10;

/// The output of one command.
#[derive(Debug)]
pub struct Out {
    writer: BufWriter<File>,
    /// The name of the destination in error messages.
    name: PathBuf,
    /// The command at the other end of a pipe, and the time it started.
    child: Option<(Child, SignalEpoch)>,
    terminal: bool,
    /// The line width of output that is kept for a terminal.
    cells: Option<usize>,
    /// Output held back while it is undecided whether it needs a pager.
    held: Option<Held>,
    /// The reader has closed the output; further output is discarded.
    closed: bool,
}

/// The output of a command, passed to the commands that it runs.
#[derive(Debug)]
pub struct Inherited {
    file: File,
    name: PathBuf,
    terminal: bool,
    cells: Option<usize>,
}

impl Inherited {
    /// Creates output to this file that is not shown yet.
    pub fn to(file: File) -> Self {
        Self { file, name: PathBuf::from(STDOUT), terminal: false, cells: None }
    }
}

/// How an output has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Finished {
    /// The error of the last write: a full disk, or a closed standard output.
    pub written: Result<()>,
    /// The reader has closed the output.
    pub reader_gone: bool,
    /// The error of the local command at the other end of a pipe.
    pub local: Result<()>,
}

/// The output written so far, and the screen size to compare it with.
#[derive(Debug)]
struct Held {
    bytes: Vec<u8>,
    screen: Screen,
}

impl Out {
    /// Opens the output of this process. If it is closed, the first write fails.
    ///
    /// # Errors
    /// If the process has no descriptor left.
    pub fn stdout() -> Result<Self> {
        if let Some(closed) = closed::stand_in().map_err(|error| local_io(Path::new(STDOUT), &error))? {
            return Ok(Self::of(closed.into(), PathBuf::from(STDOUT), None, false));
        }
        let stdout = io::stdout();
        let fd = stdout.as_fd().try_clone_to_owned().map_err(|error| local_io(Path::new(STDOUT), &error))?;
        Ok(Self::of(fd, PathBuf::from(STDOUT), None, stdout.is_terminal()))
    }

    /// Opens the output of this process, through a pager if it is longer than the screen.
    ///
    /// # Errors
    /// As [`Out::stdout`].
    pub fn paged(screen: Screen) -> Result<Self> {
        let held = Some(Held { bytes: Vec::new(), screen });
        Ok(Self { held, ..Self::stdout()? })
    }

    /// Opens a local file, truncated or in append mode.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn file(path: &Path, append: bool) -> Result<Self> {
        let file = OpenOptions::new().create(true).write(true).append(append).truncate(!append).open(path);
        let file = file.map_err(|error| local_io(path, &error))?;
        Ok(Self::of(file.into(), path.to_owned(), None, false))
    }

    /// Starts a command of the local shell and opens its input.
    ///
    /// # Errors
    /// If there is no shell.
    pub fn pipe(shell: &mut Command) -> Result<Self> {
        let failed = |error: &io::Error| local_io(Path::new("sh"), error);
        let begun = SignalEpoch::now();
        let mut child = shell.stdin(Stdio::piped()).spawn().map_err(|error| failed(&error))?;
        let stdin = child.stdin.take().ok_or_else(|| failed(&io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self::of(stdin.into(), PathBuf::from("pipe"), Some((child, begun)), false))
    }

    fn of(fd: OwnedFd, name: PathBuf, child: Option<(Child, SignalEpoch)>, terminal: bool) -> Self {
        let writer = BufWriter::with_capacity(BUFFER_BYTES, File::from(fd));
        Self { writer, name, child, terminal, cells: None, held: None, closed: false }
    }

    /// Creates a buffer for output that is laid out as if it went to `like`.
    ///
    /// # Errors
    /// If the system cannot allocate memory for it.
    pub fn kept(like: &Self) -> Result<Self> {
        let name = Path::new("memory");
        let fd = rustix::fs::memfd_create("dfs-shell", rustix::fs::MemfdFlags::CLOEXEC)
            .map_err(|error| local_io(name, &error.into()))?;
        let out = Self::of(fd, name.to_owned(), None, like.terminal);
        Ok(Self { cells: like.width(), ..out })
    }

    /// Returns the content of a buffer from [`Out::kept`].
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn into_kept(mut self) -> Result<Vec<u8>> {
        self.flush()?;
        let mut file = self.writer.get_ref();
        let mut bytes = Vec::new();
        let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut bytes));
        read.map(|_| bytes).map_err(|error| local_io(&self.name, &error))
    }

    /// Returns a handle on this output for the commands that a command runs. Output written before
    /// is flushed first.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn inherited(&mut self) -> Result<Inherited> {
        let file = self.handle()?;
        Ok(Inherited { file, name: self.name.clone(), terminal: self.terminal, cells: self.cells })
    }

    /// Creates the output of a command that runs within another one.
    ///
    /// # Errors
    /// If the process has no descriptor left.
    pub fn within(outer: &Inherited) -> Result<Self> {
        let file = outer.file.try_clone().map_err(|error| local_io(&outer.name, &error))?;
        let out = Self::of(file.into(), outer.name.clone(), None, outer.terminal);
        Ok(Self { cells: outer.cells, ..out })
    }

    /// Returns true if the output goes to a terminal.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Returns the cells of a line, if known.
    pub fn width(&self) -> Option<usize> {
        if self.cells.is_some() {
            return self.cells;
        }
        let size = self.terminal.then(|| rustix::termios::tcgetwinsize(self.writer.get_ref()).ok()).flatten()?;
        (size.ws_col > 0).then_some(usize::from(size.ws_col))
    }

    /// Returns the lines of the terminal, if known.
    pub fn height(&self) -> Option<usize> {
        let size = self.terminal.then(|| rustix::termios::tcgetwinsize(self.writer.get_ref()).ok()).flatten()?;
        (size.ws_row > 0).then_some(usize::from(size.ws_row))
    }

    /// Returns true if the reader has closed the output. Failures caused by that are not errors.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Writes bytes unchanged.
    ///
    /// # Errors
    /// `interrupted` if the reader has closed the output, `local_io` if the disk is full.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some(held) = &mut self.held {
            held.bytes.extend_from_slice(bytes);
            if !pager::is_long(&held.bytes, held.screen) {
                return Ok(());
            }
            return self.page();
        }
        let result = self.writer.write_all(bytes);
        if self.terminal && self.child.is_none() && self.name == Path::new(STDOUT) {
            own_line::note(bytes);
        }
        self.check(result)
    }

    /// Passes the held output, and all that follows, to a pager.
    fn page(&mut self) -> Result<()> {
        let Some(held) = self.held.take() else { return Ok(()) };
        let paged = Self::pipe(&mut pager::command())?;
        *self = Self { terminal: true, cells: Some(held.screen.cells), ..paged };
        self.write(&held.bytes)
    }

    /// Writes the held output to the terminal unchanged.
    fn release(&mut self) -> Result<()> {
        match self.held.take() {
            Some(held) => self.write(&held.bytes),
            None => Ok(()),
        }
    }

    /// Flushes the buffer.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn flush(&mut self) -> Result<()> {
        // An explicit flush means that output must be visible now: such output is not paged.
        self.release()?;
        let result = self.writer.flush();
        self.check(result)
    }

    /// Returns the underlying file, for callers that write large amounts directly. Output written
    /// before is flushed first.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn file_handle(&mut self) -> Result<File> {
        if self.name == Path::new(STDOUT) {
            closed::check()?;
        }
        self.handle()
    }

    fn handle(&mut self) -> Result<File> {
        self.flush()?;
        self.writer.get_ref().try_clone().map_err(|error| local_io(&self.name, &error))
    }

    /// Records that the caller of [`Out::file_handle`] found the output closed by its reader.
    pub fn note_closed(&mut self) {
        self.closed = true;
    }

    fn check(&mut self, result: io::Result<()>) -> Result<()> {
        match result {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Err(interrupted())
            }
            Err(error) if error.raw_os_error() == Some(Errno::BADF.raw_os_error()) => Err(closed::error()),
            Err(error) => Err(local_io(&self.name, &error)),
        }
    }

    /// Flushes everything, and waits for the command at the other end of a pipe.
    pub fn finish(mut self) -> Finished {
        let written = if self.closed { Ok(()) } else { self.flush() };
        let reader_gone = self.closed;
        // Dropping a BufWriter would try to write the rest again.
        let (file, _) = self.writer.into_parts();
        drop(file);
        let local = match self.child {
            None => Ok(()),
            Some((mut child, begun)) => child
                .wait()
                .map_err(|error| local_io(Path::new("sh"), &error))
                .and_then(|status| local_end(status, begun)),
        };
        Finished { written: if reader_gone { Ok(()) } else { written }, reader_gone, local }
    }

    /// Returns true if the output goes to a command of the local shell.
    pub fn is_pipe(&self) -> bool {
        self.child.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_made_and_appended_to() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("out");
        for (append, text) in [(false, "one\n"), (false, "two\n"), (true, "three\n")] {
            let mut out = Out::file(&path, append).expect("opened");
            out.write(text.as_bytes()).expect("written");
            assert_eq!(out.finish().written, Ok(()));
        }
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "two\nthree\n");
        assert!(Out::file(directory.path(), false).is_err());
    }

    #[test]
    fn a_reader_that_goes_is_no_error() {
        let mut out = Out::pipe(Command::new("true").stdout(Stdio::null())).expect("started");
        let block = vec![b'x'; BUFFER_BYTES];
        // A pipe buffers some bytes; the closed reader is certain once more was written than any
        // pipe can hold.
        let failed = (0..64).find_map(|_| out.write(&block).err());
        assert!(failed.is_some() && out.is_closed());
        assert_eq!(out.finish(), Finished { written: Ok(()), reader_gone: true, local: Ok(()) });
    }

    #[test]
    fn a_reader_that_is_gone_is_seen_at_the_end() {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let mut out = Out::of(writer.into(), PathBuf::from(STDOUT), None, false);
        out.write(b"short").expect("kept in memory");
        assert_eq!(out.finish(), Finished { written: Ok(()), reader_gone: true, local: Ok(()) });
    }

    #[test]
    fn a_local_command_that_fails_is_an_error() {
        let out = Out::pipe(&mut Command::new("false")).expect("started");
        assert!(out.finish().local.is_err());
    }
}

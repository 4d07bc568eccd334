//! Where the output of a command goes: stdout, a local file, a local command.

use crate::base::closed;
use crate::base::interrupt::{SignalEpoch, local_end};
use crate::base::pager::{self, Screen};
use crate::base::report::{interrupted, local_io};
use dfs_types::Result;
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Output is handed on in pieces of this many bytes.
const BUFFER_BYTES: usize = 64 << 10;

/// The output of one command.
#[derive(Debug)]
pub struct Out {
    writer: BufWriter<File>,
    /// What stands in errors.
    name: PathBuf,
    /// The command at the other end of a pipe, and when it began.
    child: Option<(Child, SignalEpoch)>,
    terminal: bool,
    /// The width of what stands in for a terminal.
    cells: Option<usize>,
    /// Output for a pager, as long as it is not clear whether it needs one.
    held: Option<Held>,
    /// The reader has gone: nothing more is wanted.
    closed: bool,
}

/// Where the output of a command went, for the commands that it runs.
#[derive(Debug)]
pub struct Inherited {
    file: File,
    name: PathBuf,
    terminal: bool,
    cells: Option<usize>,
}

impl Inherited {
    /// Output that goes to this file and that nobody looks at yet.
    pub fn to(file: File) -> Self {
        Self { file, name: PathBuf::from("stdout"), terminal: false, cells: None }
    }
}

/// What was written so far, and the screen that it may fit.
#[derive(Debug)]
struct Held {
    bytes: Vec<u8>,
    screen: Screen,
}

impl Out {
    /// The output of this process. Where it is closed, the first byte that is written is an error.
    ///
    /// # Errors
    /// When the process may not open more files.
    pub fn stdout() -> Result<Self> {
        if let Some(closed) = closed::stand_in().map_err(|error| local_io(Path::new("stdout"), &error))? {
            return Ok(Self::of(closed.into(), PathBuf::from("stdout"), None, false));
        }
        let stdout = io::stdout();
        let fd = stdout.as_fd().try_clone_to_owned().map_err(|error| local_io(Path::new("stdout"), &error))?;
        Ok(Self::of(fd, PathBuf::from("stdout"), None, stdout.is_terminal()))
    }

    /// The output of this process, which goes through a pager when it is longer than the screen.
    ///
    /// # Errors
    /// As [`Out::stdout`].
    pub fn paged(screen: Screen) -> Result<Self> {
        let held = Some(Held { bytes: Vec::new(), screen });
        Ok(Self { held, ..Self::stdout()? })
    }

    /// A local file, made anew or written to at its end.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn file(path: &Path, append: bool) -> Result<Self> {
        let file = OpenOptions::new().create(true).write(true).append(append).truncate(!append).open(path);
        let file = file.map_err(|error| local_io(path, &error))?;
        Ok(Self::of(file.into(), path.to_owned(), None, false))
    }

    /// The input of a command of the local shell.
    ///
    /// # Errors
    /// When there is no shell.
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

    /// A place to keep output in that is laid out as if it went to `like`.
    ///
    /// # Errors
    /// When the system gives no memory for it.
    pub fn kept(like: &Self) -> Result<Self> {
        let name = Path::new("memory");
        let fd = rustix::fs::memfd_create("dfs-shell", rustix::fs::MemfdFlags::CLOEXEC)
            .map_err(|error| local_io(name, &error.into()))?;
        let out = Self::of(fd, name.to_owned(), None, like.terminal);
        Ok(Self { cells: like.width(), ..out })
    }

    /// What [`Out::kept`] has kept.
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

    /// This output for the commands that a command runs. What was written before comes first.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn inherited(&mut self) -> Result<Inherited> {
        let file = self.handle()?;
        Ok(Inherited { file, name: self.name.clone(), terminal: self.terminal, cells: self.cells })
    }

    /// The output of a command that runs within another one.
    ///
    /// # Errors
    /// When the process may not open more files.
    pub fn within(outer: &Inherited) -> Result<Self> {
        let file = outer.file.try_clone().map_err(|error| local_io(&outer.name, &error))?;
        let out = Self::of(file.into(), outer.name.clone(), None, outer.terminal);
        Ok(Self { cells: outer.cells, ..out })
    }

    /// Whether people look at it.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// The cells of a line, where that is known.
    pub fn width(&self) -> Option<usize> {
        if self.cells.is_some() {
            return self.cells;
        }
        let size = self.terminal.then(|| rustix::termios::tcgetwinsize(self.writer.get_ref()).ok()).flatten()?;
        (size.ws_col > 0).then_some(usize::from(size.ws_col))
    }

    /// The lines of the terminal, where that is known.
    pub fn height(&self) -> Option<usize> {
        let size = self.terminal.then(|| rustix::termios::tcgetwinsize(self.writer.get_ref()).ok()).flatten()?;
        (size.ws_row > 0).then_some(usize::from(size.ws_row))
    }

    /// Whether the reader has gone. What failed because of that is no error.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// `interrupted` when the reader has gone, `local_io` when the disk is full.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some(held) = &mut self.held {
            held.bytes.extend_from_slice(bytes);
            if !pager::is_long(&held.bytes, held.screen) {
                return Ok(());
            }
            return self.page();
        }
        let result = self.writer.write_all(bytes);
        self.check(result)
    }

    /// Hands what was held back to a pager, and all that follows.
    fn page(&mut self) -> Result<()> {
        let Some(held) = self.held.take() else { return Ok(()) };
        let paged = Self::pipe(&mut pager::command())?;
        *self = Self { terminal: true, cells: Some(held.screen.cells), ..paged };
        self.write(&held.bytes)
    }

    /// What was held back goes to the terminal as it is.
    fn release(&mut self) -> Result<()> {
        match self.held.take() {
            Some(held) => self.write(&held.bytes),
            None => Ok(()),
        }
    }

    /// Hands on what is buffered.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn flush(&mut self) -> Result<()> {
        // Who hands on what there is so far wants it to be seen now: such output is not paged.
        self.release()?;
        let result = self.writer.flush();
        self.check(result)
    }

    /// The file behind it, for who writes much by themselves. What was written before comes first.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn file_handle(&mut self) -> Result<File> {
        if self.name == Path::new("stdout") {
            closed::check()?;
        }
        self.handle()
    }

    fn handle(&mut self) -> Result<File> {
        self.flush()?;
        self.writer.get_ref().try_clone().map_err(|error| local_io(&self.name, &error))
    }

    /// Notes that who wrote to [`Out::file_handle`] found the reader gone.
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

    /// Hands everything on, and waits for the command at the other end of a pipe.
    ///
    /// # Errors
    /// As [`Out::write`]; when that command failed.
    pub fn finish(mut self) -> Result<()> {
        let flushed = if self.closed { Ok(()) } else { self.flush() };
        let closed = self.closed;
        // Dropping a BufWriter would try to write the rest once more.
        let (file, _) = self.writer.into_parts();
        drop(file);
        let Some((mut child, begun)) = self.child else { return if closed { Ok(()) } else { flushed } };
        let status = child.wait().map_err(|error| local_io(Path::new("sh"), &error))?;
        local_end(status, begun)?;
        if closed { Ok(()) } else { flushed }
    }

    /// Whether it ends in a command of the local shell.
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
            out.finish().expect("finished");
        }
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "two\nthree\n");
        assert!(Out::file(directory.path(), false).is_err());
    }

    #[test]
    fn a_reader_that_goes_is_no_error() {
        let mut out = Out::pipe(Command::new("true").stdout(Stdio::null())).expect("started");
        let block = vec![b'x'; BUFFER_BYTES];
        // A pipe holds some; the reader has surely gone when as much as any pipe can hold was written.
        let failed = (0..64).find_map(|_| out.write(&block).err());
        assert!(failed.is_some() && out.is_closed());
        assert_eq!(out.finish(), Ok(()));
    }

    #[test]
    fn a_local_command_that_fails_is_an_error() {
        let out = Out::pipe(&mut Command::new("false")).expect("started");
        assert!(out.finish().is_err());
    }
}

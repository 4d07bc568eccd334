//! Runs scripts from `-c`, a file, or standard input. A script stops at the first failure and
//! reports its position.

use super::run::{self, one_line};
use crate::base::exit::Ended;
use crate::base::interrupt::guarded;
use crate::base::report::{Location, interrupted, local_io, usage};
use crate::base::stderr::errln;
use crate::lang::{Statement, SyntaxError, open, parse};
use crate::session::Session;
use dfs_types::{ByteSize, Error, ErrorCode, Result};
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// The maximum size of an unfinished statement of a script on standard input, in bytes.
const OPEN_BYTES_MAX: usize = 64 << 20;

/// The maximum size of a script, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Some editors write this character at the beginning of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';
/// The name of standard input as a script, in messages.
const STDIN: &str = "stdin";
/// The maximum nesting depth of scripts.
pub(crate) const DEPTH_MAX: usize = 16;

/// Runs a complete text; if it cannot be parsed, no part of it runs. Returns the exit code.
pub(crate) async fn run_text(session: &mut Session, name: &str, text: &str) -> u8 {
    let mut script = Script::new(name);
    match parse(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)) {
        Ok(statements) => script.statements(session, &statements, 0).await,
        Err(error) => script.not_understood(session, &error, 0),
    }
    script.code()
}

/// Runs a script from a file, or from standard input if that is `-`. Returns the exit code.
///
/// # Errors
/// Returns an error if the file cannot be read, or if it is already running: such a recursion would
/// never end.
pub(crate) async fn run_file(session: &mut Session, file: &Path) -> Result<u8> {
    if session.scripts.len() >= DEPTH_MAX {
        return Err(usage(format!("scripts run scripts {DEPTH_MAX} deep at most")).at(file.display()));
    }
    let (path, text) = read_apart(session, file).await?;
    session.scripts.push(path);
    let name = if is_stdin(file) { STDIN.to_owned() } else { file.display().to_string() };
    let code = run_text(session, &name, &text).await;
    session.scripts.pop();
    Ok(code)
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Reads a script on a blocking thread: it may be a pipe to which nothing is written, and Ctrl-C ends
/// the wait.
async fn read_apart(session: &Session, file: &Path) -> Result<(PathBuf, String)> {
    let (console, epoch) = (session.console.clone(), session.epoch);
    if is_stdin(file) && console.is_some() {
        return Err(usage("standard input belongs to the session: not in the background").at("-"));
    }
    let (file, running) = (file.to_owned(), session.scripts.clone());
    let work = |cancel: CancellationToken| async move {
        let reading = tokio::task::spawn_blocking(move || read(&file, &running));
        tokio::select! {
            biased;
            read = reading => read.unwrap_or_else(|error| Err(Error::new(ErrorCode::Internal, error.to_string()))),
            () = cancel.cancelled() => Err(interrupted()),
        }
    };
    match console {
        Some(console) => console.guarded(work).await,
        None => guarded(epoch, work).await,
    }
}

/// Returns the path that identifies a script among those that run, and its text. Only a regular file
/// has a path of its own: a pipe is read once, under any name.
fn read(file: &Path, running: &[PathBuf]) -> Result<(PathBuf, String)> {
    let unreadable = |error: std::io::Error| local_io(file, &error);
    let mut bytes = Vec::new();
    let mut path = file.to_owned();
    if is_stdin(file) {
        std::io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        if std::fs::metadata(file).map_err(unreadable)?.is_file() {
            // A file that was deleted can still be open under /dev/fd.
            path = file.canonicalize().unwrap_or(path);
            if running.contains(&path) {
                let chain: Vec<_> = running.iter().chain([&path]).map(|path| path.display().to_string()).collect();
                let what = format!("it is being run already: {}", chain.join(", which runs "));
                return Err(usage(what).at(file.display()));
            }
        }
        let opened = std::fs::File::open(file).map_err(unreadable)?;
        opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(usage(format!("the script is larger than {}", ByteSize(FILE_BYTES_MAX))).at(file.display()));
    }
    let text = String::from_utf8(bytes).map_err(|_| usage("the script is not UTF-8").at(file.display()))?;
    Ok((path, text))
}

/// Runs the statements of standard input as they arrive. Returns the exit code.
pub(crate) fn run_stdin(session: &mut Session, runtime: &Handle) -> u8 {
    let mut script = Script::new(STDIN);
    let (mut text, mut lines_done) = (String::new(), 0);
    while script.goes_on() {
        let mut line = String::new();
        // The lock is released after each line, because a command may read standard input as well.
        let read = std::io::stdin().lock().read_line(&mut line);
        let end = matches!(read, Ok(0));
        if let Err(error) = read {
            let what = usage(format!("standard input: {}", crate::base::report::io_message(&error)));
            session.report("dfs-shell", &what);
            script.fail(ErrorCode::Usage.exit_code());
            break;
        }
        let first = lines_done == 0 && text.is_empty();
        text.push_str(line.strip_prefix(BYTE_ORDER_MARK).filter(|_| first).unwrap_or(&line));
        if !end && text.len() < OPEN_BYTES_MAX && open(&text).is_some() {
            continue;
        }
        match parse(&text) {
            Err(error) => {
                script.not_understood(session, &error, lines_done);
                break;
            }
            Ok(statements) => runtime.block_on(script.statements(session, &statements, lines_done)),
        }
        lines_done += text.matches('\n').count();
        text.clear();
        if end {
            break;
        }
    }
    script.code()
}

/// A running script.
#[derive(Debug)]
struct Script<'n> {
    name: &'n str,
    /// The exit code of the first failure.
    failed: Option<u8>,
    /// The exit code, set when the script must stop.
    ended: Option<u8>,
}

impl<'n> Script<'n> {
    fn new(name: &'n str) -> Self {
        Self { name, failed: None, ended: None }
    }

    fn goes_on(&self) -> bool {
        self.ended.is_none()
    }

    fn code(&self) -> u8 {
        self.ended.or(self.failed).unwrap_or(0)
    }

    fn fail(&mut self, code: u8) {
        self.failed.get_or_insert(code);
        self.ended = self.failed;
    }

    fn not_understood(&mut self, session: &mut Session, error: &SyntaxError, lines_before: usize) {
        let line = error.line + lines_before;
        session.location = Some(Location { file: self.name.to_owned(), line, command: String::new() });
        session.report("dfs-shell", &usage(error.what.clone()).at(format!("{}:{line}", self.name)));
        self.fail(ErrorCode::Usage.exit_code());
    }

    async fn statements(&mut self, session: &mut Session, statements: &[Statement], lines_before: usize) {
        for statement in statements {
            let line = statement.line + lines_before;
            session.location = Some(Location { file: self.name.to_owned(), line, command: statement.source.clone() });
            if session.options.verbose && !statement.silent {
                errln!("{} {}", "+".repeat(session.scripts.len().max(1)), one_line(statement));
            }
            let ended = run::statement(session, statement).await;
            self.after(session, statement, line, ended);
            if let Some(code) = session.leave {
                self.ended.get_or_insert(code);
            }
            if !self.goes_on() {
                return;
            }
        }
    }

    fn after(&mut self, session: &Session, statement: &Statement, line: usize, ended: Ended) {
        match ended {
            Ended::Well => {}
            Ended::ReaderGone => self.ended = Some(ended.code()),
            Ended::Failed(code) if code == ErrorCode::Interrupted.exit_code() => self.ended = Some(code),
            Ended::Failed(_) if statement.may_fail => {}
            Ended::Failed(code) if session.options.keep_going => {
                self.failed.get_or_insert(code);
            }
            Ended::Failed(code) => {
                // In JSON the error already contains the position.
                if !session.options.json {
                    errln!("dfs-shell: {}:{line}: stopped at: {}", self.name, one_line(statement));
                }
                self.fail(code);
            }
        }
    }
}

//! Scripts: from `-c`, a file, or standard input. They stop at the first failure, and say where.

use crate::line::{Statement, SyntaxError, parse};
use crate::report::{Location, usage};
use crate::run::{self, Ended, one_line};
use crate::session::Session;
use dfs_types::ErrorCode;
use std::io::BufRead;
use tokio::runtime::Handle;

/// What a script on standard input may hold back for a quote to close, in bytes.
const OPEN_BYTES_MAX: usize = 64 << 20;

/// Runs a text that is there as a whole: when it cannot be understood, nothing of it runs. Gives the exit code.
pub fn run_text(session: &mut Session, runtime: &Handle, name: &str, text: &str) -> u8 {
    let mut script = Script::new(name);
    match parse(text) {
        Ok(statements) => script.statements(session, runtime, &statements, 0),
        Err(error) => script.not_understood(session, &error, 0),
    }
    script.code()
}

/// Runs what comes on standard input, statement by statement as they come. Gives the exit code.
pub fn run_stdin(session: &mut Session, runtime: &Handle) -> u8 {
    let mut script = Script::new("stdin");
    let (mut text, mut lines_done) = (String::new(), 0);
    while script.goes_on() {
        let mut line = String::new();
        // Not locked for longer, because a command may read standard input, too.
        let read = std::io::stdin().lock().read_line(&mut line);
        let end = matches!(read, Ok(0));
        if let Err(error) = read {
            let what = usage(format!("standard input: {}", crate::report::io_message(&error)));
            session.report("dfs-shell", &what);
            script.fail(ErrorCode::Usage.exit_code());
            break;
        }
        text.push_str(&line);
        match parse(&text) {
            Err(error) if error.incomplete && !end && text.len() < OPEN_BYTES_MAX => continue,
            Err(error) => {
                script.not_understood(session, &error, lines_done);
                break;
            }
            Ok(statements) => script.statements(session, runtime, &statements, lines_done),
        }
        lines_done += text.matches('\n').count();
        text.clear();
        if end {
            break;
        }
    }
    script.code()
}

/// A script under way.
#[derive(Debug)]
struct Script<'n> {
    name: &'n str,
    /// The code of the first failure.
    failed: Option<u8>,
    /// Set when nothing more is to be run: the exit code.
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

    fn statements(&mut self, session: &mut Session, runtime: &Handle, statements: &[Statement], lines_before: usize) {
        for statement in statements {
            let line = statement.line + lines_before;
            session.location = Some(Location { file: self.name.to_owned(), line, command: statement.source.clone() });
            if session.options.verbose && !statement.silent {
                eprintln!("+ {}", one_line(statement));
            }
            let ended = runtime.block_on(run::statement(session, statement));
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
                // In JSON the error itself says where it was.
                if !session.options.json {
                    eprintln!("dfs-shell: {}:{line}: stopped at: {}", self.name, one_line(statement));
                }
                self.fail(code);
            }
        }
    }
}

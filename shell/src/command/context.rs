//! The context in which a command runs.

use super::line::Line;
use super::table::Table;
use crate::base::out::Out;
use crate::base::report::{error_text, interrupted};
use crate::lang::quote_words;
use crate::session::Session;
use crate::session::suggest::suggested;
use dfs_client::Client;
use dfs_term::{Report, View};
use dfs_types::{DfsPath, Error, ErrorCode, Kind, PathError, Result};
use futures::future::LocalBoxFuture;
use serde::Serialize;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::Path;
use std::pin::pin;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// The maximum number of missing paths per command that get a suggestion; a command with more of
/// them is unlikely to be mistyped.
const SUGGESTIONS_MAX: usize = 3;
/// A call that takes longer than this is announced to the user.
const SLOW_AFTER: Duration = Duration::from_secs(2);

/// The interface for commands that run other commands.
pub trait Interpreter: std::fmt::Debug + Sync {
    /// Returns all commands.
    fn commands(&self) -> Table;

    /// Runs a command as part of the current one, with its arguments unchanged and its output to
    /// the same destination. Errors are reported under its own name.
    ///
    /// # Errors
    /// `usage` for an unknown command, `interrupted`.
    fn within<'c>(&self, context: &'c mut Context<'_>, words: &'c [OsString]) -> LocalBoxFuture<'c, Result<()>>;

    /// Runs a command and keeps its output, on a terminal also its error messages; returns its
    /// failure as well.
    ///
    /// # Errors
    /// As [`Interpreter::within`].
    fn kept<'c>(&self, context: &'c mut Context<'_>, words: &'c [OsString]) -> LocalBoxFuture<'c, Result<Kept>>;

    /// Runs a script from a file and returns the exit code.
    ///
    /// # Errors
    /// If the script cannot be read or is already running: a script cannot end such a recursion.
    fn source<'c>(&self, session: &'c mut Session, file: &'c Path) -> LocalBoxFuture<'c, Result<u8>>;
}

/// The output of a command, and the first failure that it reported.
#[derive(Debug)]
pub struct Kept {
    pub text: String,
    pub failed: Option<Error>,
}

/// One run of one command.
#[derive(Debug)]
pub struct Context<'a> {
    pub session: &'a mut Session,
    pub out: &'a mut Out,
    /// Cancelled by Ctrl-C.
    pub cancel: CancellationToken,
    /// The name of the command.
    pub command: &'static str,
    /// Runs other commands.
    pub interpreter: &'static dyn Interpreter,
    /// The first failure that was reported without ending the command.
    failed: Option<Error>,
    /// The running command with its flags, for the lines of a plan.
    line: Option<Line>,
    /// The lines of the plan that `--dry-run` shows.
    planned: Vec<String>,
    /// Error messages held back, if errors are held.
    held: Option<String>,
    /// The number of suggestions searched for.
    suggestions: usize,
    /// The text that ends the document in progress.
    document_end: Option<&'static str>,
}

impl<'a> Context<'a> {
    pub fn new(
        session: &'a mut Session,
        out: &'a mut Out,
        cancel: CancellationToken,
        command: &'static str,
        interpreter: &'static dyn Interpreter,
    ) -> Self {
        Self {
            session,
            out,
            cancel,
            command,
            interpreter,
            failed: None,
            line: None,
            planned: Vec::new(),
            held: None,
            suggestions: 0,
            document_end: None,
        }
    }

    /// Returns true if output is JSON.
    pub fn json(&self) -> bool {
        self.session.options.json
    }

    /// Returns the client of the cluster.
    ///
    /// # Errors
    /// If there is no cluster.
    pub async fn client(&mut self) -> Result<Client> {
        self.session.client().await
    }

    /// Waits for a call, at most until Ctrl-C.
    ///
    /// # Errors
    /// Those of the call, `interrupted`.
    pub async fn call<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let mut call = pin!(call);
        let mut slow = pin!(self.unanswered());
        let background = self.session.console.as_ref().is_some_and(|console| !console.is_watched());
        let mut told = self.json() || self.session.options.quiet || background;
        loop {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(interrupted()),
                result = &mut call => return result,
                () = &mut slow, if !told => {
                    told = true;
                    self.session.say_waiting(self.command);
                }
            }
        }
    }

    /// Waits until the user should see a message about a slow call. On a terminal this is after a
    /// fixed time; otherwise, where a call may take long, also not before all masters are
    /// unreachable.
    async fn unanswered(&self) {
        tokio::time::sleep(SLOW_AFTER).await;
        if !io::stderr().is_terminal() && self.session.is_answered().await {
            std::future::pending::<()>().await;
        }
    }

    /// Waits for `span`, at most until Ctrl-C.
    ///
    /// # Errors
    /// `interrupted`.
    pub async fn pause(&self, span: Duration) -> Result<()> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(interrupted()),
            () = tokio::time::sleep(span) => Ok(()),
        }
    }

    /// Waits between two looks at something in progress and returns true to look again. On a
    /// terminal Ctrl-C returns false.
    ///
    /// # Errors
    /// `interrupted` without a terminal.
    pub async fn look_again_after(&self, span: Duration) -> Result<bool> {
        match self.pause(span).await {
            Err(_) if self.out.is_terminal() => Ok(false),
            waited => waited.map(|()| true),
        }
    }

    /// Returns the remote path that an argument names. One that ends in `/` or `/.` names a
    /// directory.
    ///
    /// # Errors
    /// `invalid_path`; `not_a_directory` for a file that is written as a directory.
    pub async fn remote(&mut self, text: &OsStr) -> Result<DfsPath> {
        let Some(text) = text.to_str() else {
            return Err(Error::from(PathError::NotUtf8).at(text.to_string_lossy()));
        };
        let path = self.session.resolve(text)?;
        if path.is_root() || !(text.ends_with('/') || text.ends_with("/.")) {
            return Ok(path);
        }
        let client = self.client().await?;
        match self.call(client.stat(&path)).await {
            Ok(stat) if stat.kind == Kind::File => {
                Err(Error::new(ErrorCode::NotADirectory, "not a directory").at(path))
            }
            // Errors for missing or inaccessible paths are left to the command.
            Err(error) if error.code == ErrorCode::Interrupted => Err(error),
            _ => Ok(path),
        }
    }

    /// Reports a failure and continues; the command ends as failed.
    ///
    /// # Errors
    /// Returns an interruption as an error, because the command must not continue after it.
    pub fn fail(&mut self, error: Error) -> Result<()> {
        if error.code == ErrorCode::Interrupted {
            return Err(error);
        }
        let error = self.suggested(error);
        match &mut self.held {
            Some(text) => text.push_str(&error_text(self.command, &self.session.advised(error.clone()))),
            None => self.session.report(self.command, &error),
        }
        self.failed.get_or_insert(error);
        Ok(())
    }

    /// Holds error messages back from now on instead of printing them.
    pub fn hold_errors(&mut self) {
        self.held = Some(String::new());
    }

    /// Returns the error messages since [`Context::hold_errors`], formatted as they would have been
    /// printed.
    pub fn held_errors(&mut self) -> String {
        self.held.take().unwrap_or_default()
    }

    /// Records that the command has failed and that the failure has been reported.
    pub fn note_failed(&mut self, error: Error) {
        self.failed.get_or_insert(error);
    }

    /// Returns the error with a path that was probably meant.
    fn suggested(&mut self, error: Error) -> Error {
        if error.code != ErrorCode::NotFound || self.suggestions >= SUGGESTIONS_MAX {
            return error;
        }
        self.suggestions += 1;
        let session = &*self.session;
        tokio::task::block_in_place(|| Handle::current().block_on(suggested(session, error)))
    }

    /// Applies [`Context::fail`] to a result; returns its value, if there is one.
    ///
    /// # Errors
    /// As [`Context::fail`].
    pub fn check<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) => self.fail(error).map(|()| None),
        }
    }

    /// Returns true if a failure was reported.
    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Ends the run: prints the plan of a dry run and returns the first failure that was reported.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn finish(mut self) -> Result<Option<Error>> {
        let mut planned = std::mem::take(&mut self.planned);
        if self.session.may_fail {
            planned.iter_mut().for_each(|line| line.insert(0, '-'));
        }
        if self.session.options.dry_run && !planned.is_empty() {
            if self.json() {
                self.emit(&serde_json::json!({ "plan": planned }))?;
            } else {
                self.print(&(planned.join("\n") + "\n"))?;
            }
        }
        Ok(self.failed)
    }

    /// Writes text.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn print(&mut self, text: &str) -> Result<()> {
        self.out.write(text.as_bytes())
    }

    /// Prints the result of a command: as text, or as a document in one line.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn show(&mut self, report: &impl Report) -> Result<()> {
        if self.json() {
            return self.emit(report);
        }
        let text = report.shown(&self.view());
        self.print(&text)
    }

    /// Returns how output for people is laid out.
    pub fn view(&self) -> View {
        let view = self.session.view(self.out.width());
        View { colour: view.colour && self.out.is_terminal(), ..view }
    }

    /// Writes text in the glyphs of the locale. The text is our own and holds no name that programs
    /// read.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn print_ours(&mut self, text: &str) -> Result<()> {
        let text = self.view().glyphs.text(text).into_owned();
        self.print(&text)
    }

    /// Returns true if a frame may be drawn over the previous one: on a terminal that accepts
    /// control codes.
    pub fn redraws(&self) -> bool {
        self.out.is_terminal() && !self.session.is_plain()
    }

    /// Writes a document in one line.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn emit(&mut self, document: &impl Serialize) -> Result<()> {
        let mut text =
            serde_json::to_vec(document).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
        text.push(b'\n');
        self.out.write(&text)
    }

    /// Begins a document that is written piece by piece. The engine ends it if the command fails
    /// before it does.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn begin_document(&mut self, begin: &str, end: &'static str) -> Result<()> {
        self.document_end = Some(end);
        self.print(begin)
    }

    /// Ends the document in progress, if any.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn end_document(&mut self) -> Result<()> {
        self.document_end.take().map_or(Ok(()), |end| self.print(end))
    }

    /// Returns a name made safe for a terminal; unchanged where programs read it.
    pub fn shown<'t>(&self, name: &'t str) -> std::borrow::Cow<'t, str> {
        if self.out.is_terminal() { dfs_term::text::sanitise(name) } else { name.into() }
    }

    /// Sets the running command and returns the previous one, which is restored when this one has
    /// ended.
    pub(crate) fn runs(&mut self, line: Option<Line>) -> Option<Line> {
        std::mem::replace(&mut self.line, line)
    }

    /// Adds a line to the plan of a dry run: the command with its flags and these arguments.
    /// Returns true in a dry run, in which nothing may be changed.
    pub fn only_planned<S: Into<String>>(&mut self, arguments: impl IntoIterator<Item = S>) -> bool {
        self.only_planned_with(&[], arguments)
    }

    /// Does the same as [`Context::only_planned`], with more flags.
    pub fn only_planned_with<S: Into<String>>(
        &mut self,
        flags: &[&str],
        arguments: impl IntoIterator<Item = S>,
    ) -> bool {
        if self.session.options.dry_run {
            let arguments: Vec<String> = arguments.into_iter().map(Into::into).collect();
            let line = self.line.as_ref().map(|line| line.with(flags, &arguments));
            self.planned.extend(line);
        }
        self.session.options.dry_run
    }

    /// Adds a line of a different command to the plan of a dry run.
    pub fn plan_line(&mut self, line: String) {
        self.planned.push(line);
    }

    /// Does the same as [`Context::plan_line`], from words.
    pub fn plan_words<S: AsRef<str>>(&mut self, words: impl IntoIterator<Item = S>) {
        self.plan_line(quote_words(words));
    }
}

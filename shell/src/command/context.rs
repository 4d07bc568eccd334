//! What a command is given to do its work.

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

/// So many paths that are not there get a suggestion; who names more in one command was not mistyping.
const SUGGESTIONS_MAX: usize = 3;
/// After this long somebody who waits is told what for.
const SLOW_AFTER: Duration = Duration::from_secs(2);

/// What runs commands, as those see it that run others.
pub trait Interpreter: std::fmt::Debug + Sync {
    /// All commands.
    fn commands(&self) -> Table;

    /// Runs a command as a part of the one that runs: its arguments as they are, its output in the same place. What goes
    /// wrong is said under its own name.
    ///
    /// # Errors
    /// `usage` for an unknown command, `interrupted`.
    fn within<'c>(&self, context: &'c mut Context<'_>, words: &'c [OsString]) -> LocalBoxFuture<'c, Result<()>>;

    /// Runs a command and keeps what it writes, on a terminal also what went wrong; and how it failed.
    ///
    /// # Errors
    /// As [`Interpreter::within`].
    fn kept<'c>(&self, context: &'c mut Context<'_>, words: &'c [OsString]) -> LocalBoxFuture<'c, Result<Kept>>;

    /// Runs a script from a file. Gives the exit code.
    ///
    /// # Errors
    /// When it cannot be read, or is being run already: a script has no way to end such a circle.
    fn source<'c>(&self, session: &'c mut Session, file: &'c Path) -> LocalBoxFuture<'c, Result<u8>>;
}

/// What a command wrote, and the first failure that it reported.
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
    /// The command that runs with its flags, for the lines of a plan.
    line: Option<Line>,
    /// What `--dry-run` would do.
    planned: Vec<String>,
    /// What went wrong, where that is not to be said at once.
    held: Option<String>,
    /// Suggestions that were looked for.
    suggestions: usize,
    /// The end of the document that was begun.
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

    /// Whether output is for programs.
    pub fn json(&self) -> bool {
        self.session.options.json
    }

    /// The cluster.
    ///
    /// # Errors
    /// When there is none to talk to.
    pub async fn client(&mut self) -> Result<Client> {
        self.session.client().await
    }

    /// Waits for a call, but not beyond Ctrl-C.
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

    /// Waits until somebody who waits for a call should be told what for: on a terminal for a while; elsewhere, where a call
    /// may take its time, until no master can be reached either.
    async fn unanswered(&self) {
        tokio::time::sleep(SLOW_AFTER).await;
        if !io::stderr().is_terminal() && self.session.is_answered().await {
            std::future::pending::<()>().await;
        }
    }

    /// Waits so long, but not beyond Ctrl-C.
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

    /// Waits between two looks at something that goes on, and says whether to look again: on a terminal Ctrl-C is how it
    /// ends.
    ///
    /// # Errors
    /// `interrupted` off a terminal.
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
            // What is not there, or cannot be looked at, is the matter of the command.
            Err(error) if error.code == ErrorCode::Interrupted => Err(error),
            _ => Ok(path),
        }
    }

    /// Reports a failure and goes on; the command will have failed in the end.
    ///
    /// # Errors
    /// Gives an interruption back, because nothing goes on after that.
    pub fn fail(&mut self, error: Error) -> Result<()> {
        if error.code == ErrorCode::Interrupted {
            return Err(error);
        }
        let error = self.suggested(error);
        match &mut self.held {
            Some(text) => text.push_str(&error_text(self.command, &error)),
            None => self.session.report(self.command, &error),
        }
        self.failed.get_or_insert(error);
        Ok(())
    }

    /// Keeps what goes wrong from now on instead of saying it.
    pub fn hold_errors(&mut self) {
        self.held = Some(String::new());
    }

    /// What went wrong since [`Context::hold_errors`], as it would have been said.
    pub fn held_errors(&mut self) -> String {
        self.held.take().unwrap_or_default()
    }

    /// The command has failed, and that has been said already.
    pub fn note_failed(&mut self, error: Error) {
        self.failed.get_or_insert(error);
    }

    /// The error with a path that may have been meant.
    fn suggested(&mut self, error: Error) -> Error {
        if error.code != ErrorCode::NotFound || self.suggestions >= SUGGESTIONS_MAX {
            return error;
        }
        self.suggestions += 1;
        let session = &*self.session;
        tokio::task::block_in_place(|| Handle::current().block_on(suggested(session, error)))
    }

    /// [`Context::fail`] for a result: its value, if there is one.
    ///
    /// # Errors
    /// As [`Context::fail`].
    pub fn check<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) => self.fail(error).map(|()| None),
        }
    }

    /// Whether something was reported as failed.
    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Ends the run: the plan of a dry run is shown; gives the first failure that was reported.
    ///
    /// # Errors
    /// When the output cannot be written.
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

    /// Shows what the command found out: as text, or as a document in one line.
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

    /// How people look at the output.
    pub fn view(&self) -> View {
        let view = self.session.view(self.out.width());
        View { colour: view.colour && self.out.is_terminal(), ..view }
    }

    /// Writes text of ours, in which no name stands that programs read, in the glyphs of the locale.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn print_ours(&mut self, text: &str) -> Result<()> {
        let text = self.view().glyphs.text(text).into_owned();
        self.print(&text)
    }

    /// Returns whether a picture may be drawn in the place of the one before: on a terminal that
    /// gets control codes.
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

    /// Begins a document that is written piece by piece. The engine ends it where the command fails before it does.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn begin_document(&mut self, begin: &str, end: &'static str) -> Result<()> {
        self.document_end = Some(end);
        self.print(begin)
    }

    /// Ends the document that was begun, if one was.
    ///
    /// # Errors
    /// As [`Out::write`].
    pub fn end_document(&mut self) -> Result<()> {
        self.document_end.take().map_or(Ok(()), |end| self.print(end))
    }

    /// A name as people should see it; as it is where programs read.
    pub fn shown<'t>(&self, name: &'t str) -> std::borrow::Cow<'t, str> {
        if self.out.is_terminal() { dfs_term::text::sanitise(name) } else { name.into() }
    }

    /// Sets the command that runs now, and returns the one before it, which is set again when this one has ended.
    pub(crate) fn runs(&mut self, line: Option<Line>) -> Option<Line> {
        std::mem::replace(&mut self.line, line)
    }

    /// Adds a line to the plan of a dry run: the command with the flags that it was given, and these arguments. Returns
    /// whether this is a dry run, in which nothing may be done.
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

    /// Adds a line of another command to the plan of a dry run.
    pub fn plan_line(&mut self, line: String) {
        self.planned.push(line);
    }

    /// Does the same as [`Context::plan_line`], from words.
    pub fn plan_words<S: AsRef<str>>(&mut self, words: impl IntoIterator<Item = S>) {
        self.plan_line(quote_words(words));
    }
}

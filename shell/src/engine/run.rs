//! Runs a statement: expands its words, runs the command, redirects its output, returns its result.

use super::nesting::{NESTING_MAX, nested_too_deep};
use super::{expand, foreground, jobs, script};
use crate::base::exit::Ended;
use crate::base::interrupt::{SignalEpoch, guarded, local_end};
use crate::base::out::{Finished, Out};
use crate::base::report::{local_io, usage};
use crate::base::terminal;
use crate::command::{Command, Context, Elsewhere, Interpreter, Kept, Line, Parsed, Table};
use crate::commands::{COMMANDS, help_of};
use crate::lang::{Action, Output, Statement, Text, UnsetVariable, Word, parse, quote_words};
use crate::session::Session;
use crate::session::suggest::suggested;
use dfs_daemon::closed;
use dfs_types::{Error, Result};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitStatus};
use tokio_util::sync::CancellationToken;

/// Commands that need a terminal.
const NEED_A_TERMINAL: [&str; 2] = ["watch", "fg"];

/// Parses a typed line into statements.
///
/// # Errors
/// Returns `usage` if the line cannot be parsed.
pub(crate) fn typed(line: &str) -> Result<Vec<Statement>> {
    if let Some(control) = line.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        let code = u32::from(control);
        let error = usage(format!("the line contains a control character, U+{code:04X}"));
        return Err(error.hint(format!("write it as $'\\u{{{code:x}}}'")));
    }
    parse(line).map_err(|error| usage(error.what))
}

/// Runs a command with its arguments unchanged.
pub(crate) async fn literal(session: &mut Session, words: &[OsString]) -> Ended {
    let Some((_, arguments)) = words.split_first() else { return Ended::Well };
    let command = match COMMANDS.find(&plain(words)) {
        Ok(command) => command,
        Err(error) => return failed(session, "dfs-shell", &or_script(session, error, &plain(words), "dfs-shell -f")),
    };
    let out = match session.stdout() {
        Ok(out) => out,
        Err(error) => return failed(session, command.name, &error),
    };
    command_to(session, command, Given::Literal(arguments.to_vec()), out).await
}

/// Runs a statement of the shell language, or the statements of an alias if its first word is one.
pub(crate) async fn statement(session: &mut Session, statement: &Statement) -> Ended {
    match session.aliases.expand(statement) {
        Ok(None) => plain_statement(session, statement).await,
        Ok(Some(statements)) => {
            for one in &statements {
                match plain_statement(session, one).await {
                    Ended::Failed(_) if one.may_fail => {}
                    Ended::Well if session.leave.is_none() => {}
                    ended => return ended,
                }
            }
            Ended::Well
        }
        Err(error) => failed(session, "dfs-shell", &usage(error.what).at(one_line(statement))),
    }
}

/// Runs a statement without looking up its first word among the aliases.
pub(super) async fn plain_statement(session: &mut Session, statement: &Statement) -> Ended {
    session.may_fail = statement.may_fail;
    if session.options.dry_run
        && let Some(line) = local_effect(session, statement)
    {
        return planned(session, line);
    }
    // A command of a covered console already runs in the background.
    if statement.background && !session.options.dry_run && !session.is_covered() {
        return jobs::begin(session, statement);
    }
    if !session.options.dry_run && foreground::may_leave(session, statement) {
        return match jobs::try_begin(session, statement, PathBuf::new()) {
            Ok(job) => foreground::attend_to(session, job).await,
            Err(error) => failed(session, "dfs-shell", &error),
        };
    }
    match &statement.action {
        Action::Local(_) if session.is_covered() => failed(session, "!", &needs_terminal("a local command")),
        Action::Local(command) => local(session, command),
        Action::Command { words, output } => match prepare(session, words, output) {
            Ok((command, texts, out)) => command_to(session, command, Given::Texts(texts), out).await,
            Err((name, error)) => failed(session, &name, &error),
        },
    }
}

/// Returns the plan line for the effect that a statement has on this machine besides its command; a
/// dry run must not cause it.
fn local_effect(session: &Session, statement: &Statement) -> Option<Result<String>> {
    let (words, output) = match &statement.action {
        Action::Local(command) => return Some(Ok(format!("!{command}"))),
        Action::Command { output: Output::Stdout, .. } => return None,
        Action::Command { words, output } => (words, output),
    };
    Some(written(session, words).and_then(|line| {
        Ok(match output {
            Output::Stdout => line,
            Output::Pipe(command) => format!("{line} | {command}"),
            Output::File { path, append } => {
                let path = written(session, std::slice::from_ref(path))?;
                format!("{line} {} {path}", if *append { ">>" } else { ">" })
            }
        })
    }))
}

/// Returns the words as a line, with their variables expanded.
fn written(session: &Session, words: &[Word]) -> Result<String> {
    let mut line = Vec::new();
    for word in words {
        let texts = session.scope.expand(word).map_err(|error| unset(&error))?;
        line.extend(texts.iter().map(Text::written));
    }
    Ok(line.join(" "))
}

/// Prints a plan line.
fn planned(session: &mut Session, line: Result<String>) -> Ended {
    const NAME: &str = "dfs-shell";
    let mut out = match session.stdout() {
        Ok(out) => out,
        Err(error) => return failed(session, NAME, &error),
    };
    let mut context = Context::new(session, &mut out, CancellationToken::new(), NAME, &Engine);
    let shown = line.and_then(|line| {
        context.plan_line(line);
        context.finish()
    });
    finish(session, NAME, shown, out)
}

/// The interface to the engine for commands that run other commands.
#[derive(Debug)]
pub(crate) struct Engine;

impl Interpreter for Engine {
    fn commands(&self) -> Table {
        COMMANDS
    }

    fn within<'c>(&self, context: &'c mut Context<'_>, words: &'c [OsString]) -> LocalBoxFuture<'c, Result<()>> {
        within(context, words).boxed_local()
    }

    fn kept<'c>(&self, context: &'c mut Context<'_>, words: &'c [OsString]) -> LocalBoxFuture<'c, Result<Kept>> {
        kept(context, words).boxed_local()
    }

    fn source<'c>(&self, session: &'c mut Session, file: &'c Path) -> LocalBoxFuture<'c, Result<u8>> {
        script::run_file(session, file).boxed_local()
    }
}

async fn within(context: &mut Context<'_>, words: &[OsString]) -> Result<()> {
    let Some((_, arguments)) = words.split_first() else { return Ok(()) };
    let command = COMMANDS.find(&plain(words))?;
    let outer = std::mem::replace(&mut context.command, command.name);
    let result = run(command, Given::Literal(arguments.to_vec()), context).await;
    let result = context.check(result);
    context.command = outer;
    result.map(|_| ())
}

async fn kept(context: &mut Context<'_>, words: &[OsString]) -> Result<Kept> {
    let mut out = Out::kept(context.out)?;
    let cancel = context.cancel.clone();
    let mut inner = Context::new(context.session, &mut out, cancel, context.command, &Engine);
    // On a terminal, errors follow the output; elsewhere they go to standard error.
    if inner.out.is_terminal() && !inner.json() {
        inner.hold_errors();
    }
    within(&mut inner, words).await?;
    let errors = inner.held_errors();
    let failed = inner.finish()?;
    let text = out.into_kept()?;
    Ok(Kept { text: String::from_utf8_lossy(&text).into_owned() + &errors, failed })
}

/// Returns the command, its arguments and its output. On an error, also returns the name under
/// which to report it.
fn prepare(
    session: &Session,
    words: &[Word],
    output: &Output,
) -> Result<(&'static Command, Vec<Text>, Out), (String, Error)> {
    let shell = |error| ("dfs-shell".to_owned(), error);
    let mut texts = Vec::new();
    for word in words {
        texts.extend(session.scope.expand(word).map_err(|error| shell(unset(&error)))?);
    }
    if texts.is_empty() {
        return Err(shell(usage("the command is empty")));
    }
    let plain: Vec<String> = texts.iter().map(Text::plain).collect();
    let command = COMMANDS.find(&plain).map_err(|error| shell(or_script(session, error, &plain, "source")))?;
    texts.remove(0);
    let out = open(session, output).map_err(|error| (command.name.to_owned(), error))?;
    Ok((command, texts, out))
}

/// Adds a hint if a script was written where a command belongs; `runs` is what runs it.
fn or_script(session: &Session, error: Error, words: &[String], runs: &str) -> Error {
    let name = words.first().map(String::as_str).unwrap_or_default();
    if Elsewhere::named(name).is_some() || !session.local(Path::new(name)).is_file() {
        return error;
    }
    let line = quote_words(runs.split(' ').chain([name]));
    error.hint(format!("there is a local file of this name: `{line}` runs it as a script"))
}

fn unset(variable: &UnsetVariable) -> Error {
    let is_argument = variable.0.bytes().all(|byte| byte.is_ascii_digit());
    let hint = match is_argument {
        true => "arguments of a script follow its name: dfs-shell -f FILE ARG…",
        false => "set NAME=VALUE sets a variable; single quotes keep a $ as it is",
    };
    usage(variable.to_string()).hint(hint)
}

fn plain(words: &[OsString]) -> Vec<String> {
    words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

fn open(session: &Session, output: &Output) -> Result<Out> {
    match output {
        Output::Stdout => match session.paged() {
            Some(screen) => Out::paged(screen),
            None => session.stdout(),
        },
        Output::Pipe(_) if session.is_covered() => Err(needs_terminal("a local command")),
        Output::Pipe(command) => Out::pipe(&mut shell(session, command)),
        Output::File { .. } if session.read_only => Err(read_only("a file that is written to")),
        Output::File { path, append } => {
            let texts = session.scope.expand(path).map_err(|error| unset(&error))?;
            match texts.as_slice() {
                [text] => Out::file(&session.local(Path::new(&text.plain())), *append),
                _ => Err(usage("one file must stand behind >")),
            }
        }
    }
}

/// Returns the local shell, with the variables of the session as its environment and the arguments
/// of the script as its own.
fn shell(session: &Session, command: &str) -> Process {
    let mut shell = Process::new("sh");
    if let Some(console) = &session.console {
        shell.current_dir(&console.here);
    }
    shell.args(["-c", command, "dfs-shell"]).args(session.scope.arguments()).envs(session.scope.variables());
    shell
}

fn local(session: &Session, command: &str) -> Ended {
    let begun = SignalEpoch::now();
    let status = local_status(shell(session, command)).map_err(|error| local_io(Path::new("sh"), &error));
    match status.and_then(|status| local_end(status, begun)) {
        Ok(()) => Ended::Well,
        Err(error) => failed(session, "!", &error),
    }
}

/// Runs a local command with the standard output of this process, or with a closed one if that is
/// closed.
fn local_status(mut shell: Process) -> std::io::Result<ExitStatus> {
    if let Some(closed) = closed::stand_in()? {
        shell.stdout(closed);
    }
    shell.status()
}

/// Arguments before their expansion.
enum Given {
    /// Arguments that are used as they are.
    Literal(Vec<OsString>),
    /// Arguments with patterns to expand.
    Texts(Vec<Text>),
}

async fn command_to(session: &mut Session, command: &'static Command, given: Given, mut out: Out) -> Ended {
    let (console, epoch, nesting) = (session.console.clone(), session.epoch, session.nesting);
    let work = |cancel| {
        let session = &mut *session;
        let mut context = Context::new(session, &mut out, cancel, command.name, &Engine);
        async move {
            run(command, given, &mut context).await?;
            context.finish()
        }
    };
    let result = match console {
        Some(console) => console.guarded(work).await,
        None => guarded(epoch, work).await,
    };
    // A command that was dropped has not set it back.
    session.nesting = nesting;
    let result = match result {
        Err(error) => Err(suggested(session, error).await),
        done => done,
    };
    finish(session, command.name, result, out)
}

async fn run(command: &Command, given: Given, context: &mut Context<'_>) -> Result<()> {
    if context.session.is_covered() && NEED_A_TERMINAL.contains(&command.name) {
        return Err(needs_terminal(command.name));
    }
    if context.session.nesting >= NESTING_MAX {
        return Err(nested_too_deep());
    }
    let arguments = match given {
        Given::Literal(arguments) => arguments,
        Given::Texts(texts) => expand::arguments(command, &texts, context.session.nesting + 1, context).await?,
    };
    match command.parse(arguments)? {
        Parsed::Help => context.print_ours(&help_of(command)),
        Parsed::Arguments(matches) if context.session.read_only && command.changes(&matches) => {
            Err(read_only(command.name))
        }
        Parsed::Arguments(matches) => {
            let changes = std::mem::replace(&mut context.session.changes, command.changes(&matches));
            let outer = context.runs(Some(Line::of(command.name, command.definition(), &matches)));
            context.session.nesting += 1;
            let result = command.run(&matches, context).await;
            context.session.nesting -= 1;
            context.runs(outer);
            context.session.changes = changes;
            result.and(context.end_document())
        }
    }
}

/// Reports the result and closes the output. `result` is a failure that was already reported, or an
/// error that was not.
fn finish(session: &Session, name: &str, result: Result<Option<Error>>, out: Out) -> Ended {
    let (broken_off, pipe) = (out.is_closed(), out.is_pipe());
    let Finished { written, reader_gone, local } = out.finish();
    // `cmd | head` ends successfully when head does; if standard output itself is closed, no reader
    // is left.
    if reader_gone && !pipe {
        return Ended::ReaderGone;
    }
    let result = if broken_off { Ok(None) } else { result };
    // A write that has failed is often what ended the command.
    let lost = written.err().filter(|error| result.as_ref().err() != Some(error));
    if let Some(error) = &lost {
        session.report(name, error);
    }
    match (result, lost) {
        (Err(error), _) => failed(session, name, &error),
        (Ok(Some(error)), _) | (Ok(None), Some(error)) => Ended::Failed(error.code.exit_code()),
        (Ok(None), None) => match local {
            Ok(()) => Ended::Well,
            Err(error) => failed(session, name, &error),
        },
    }
}

fn needs_terminal(what: &str) -> Error {
    usage(format!("{what} needs the terminal, which the dashboard has")).hint("run it at the prompt of dfs-shell")
}

fn read_only(what: &str) -> Error {
    usage(format!("refused: {what} changes something, and this session is read-only"))
        .hint("leave, and start the dashboard without --read-only")
}

fn failed(session: &Session, command: &str, error: &Error) -> Ended {
    session.report(command, error);
    Ended::Failed(error.code.exit_code())
}

/// Returns a statement as one line, for messages.
pub(crate) fn one_line(statement: &Statement) -> String {
    const SHOWN_MAX: usize = 200;
    let line = dfs_term::text::sanitise(&statement.source).into_owned();
    terminal::glyphs().truncate(&line, SHOWN_MAX).into_owned()
}

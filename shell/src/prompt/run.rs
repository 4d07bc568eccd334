//! Runs the prompt: reads and runs lines until the end.

use super::desk::Shared;
use super::helper::{self, Assistant};
use super::keys::Keys;
use super::known::{Health, Known};
use super::read::{self, Line};
use super::{label, own_line, plain, startup};
use crate::base::exit::Ended;
use crate::base::interrupt::{self, SignalEpoch};
use crate::base::report::{error_text, usage};
use crate::base::{screen, stop, terminal};
use crate::engine::jobs;
use crate::engine::run;
use crate::session::Session;
use crate::session::connect::Target;
use crate::session::jobs::{announce, end_all};
use dfs_types::{Error, ErrorCode};
use rustyline::config::BellStyle;
use rustyline::error::ReadlineError;
use rustyline::{ColorMode, CompletionType, Config, Editor, ExternalPrinter, Prompt};
use tokio::runtime::Handle;

/// The time after which an escape key counts as a key of its own, in milliseconds.
const ESCAPE_ALONE_MS: u16 = 100;

/// Reads and runs lines until the end; returns the exit code.
pub(crate) fn run(session: &mut Session, runtime: &Handle) -> u8 {
    session.interactive = true;
    interrupt::keep_terminal();
    stop::listen(runtime);
    // Starts a local cluster if none is configured; does not wait for one that is running.
    let found = session.find_cluster().map(|_| ());
    let known = Known::new(runtime.clone());
    known.follow(session);
    let mut editor = match editor(session, known.clone()) {
        Ok(editor) => editor,
        Err(error) => return no_terminal(session, "no prompt", &error),
    };
    startup::read_history(session);
    startup::run_file(session, runtime);
    match found {
        Ok(()) => session.say("dfs: help lists the commands, Tab completes, Ctrl-D leaves"),
        Err(error) => session.report("dfs-shell", &error),
    }
    if session.target().is_some() && !session.is_plain() {
        watch(session, &known, &mut editor);
    }
    lines(session, runtime, &mut editor, &known)
}

fn lines(session: &mut Session, runtime: &Handle, editor: &mut Line, known: &Known) -> u8 {
    loop {
        if interrupt::is_hung_up() {
            let _ = runtime.block_on(end_all(session));
            return ErrorCode::Interrupted.exit_code();
        }
        let view = session.view(None);
        if let Some(code) = session.leave.take()
            && runtime.block_on(jobs::may_leave(session))
        {
            return code;
        }
        announce(session);
        known.follow(session);
        known.prefetch(&session.directory, "");
        let context = session.target().and_then(Target::context);
        let prompt = label::Label::new(context, &session.directory, known, &view, helper::screen().cells);
        if let Some(assistant) = editor.helper_mut() {
            assistant.refresh(session);
        }
        session.epoch = SignalEpoch::now();
        let read = if session.is_plain() {
            own_line::begin_plain(&view);
            plain::read_line(&view.glyphs.text(prompt.raw()))
        } else {
            own_line::begin(&view);
            read::entry(session, editor, &prompt, &view)
        };
        match read {
            Ok(line) => {
                session.history.add(line.trim_end_matches('\n'));
                let code = run_line(session, runtime, &line);
                known.outdate();
                known.look_again(code != ErrorCode::Unreachable.exit_code());
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => session.leave = Some(session.leave.unwrap_or(0)),
            // Input that is not UTF-8 is rejected, but does not end the session.
            Err(ReadlineError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                session.report("dfs-shell", &usage("what was typed is not UTF-8"));
            }
            Err(error) => return no_terminal(session, "the terminal", &error),
        }
    }
}

fn no_terminal(session: &Session, what: &str, error: &ReadlineError) -> u8 {
    if interrupt::hung_up_by_terminal() {
        return ErrorCode::Interrupted.exit_code();
    }
    session.report("dfs-shell", &Error::new(ErrorCode::LocalIo, format!("{what}: {error}")));
    ErrorCode::LocalIo.exit_code()
}

fn editor(session: &Session, known: Known) -> rustyline::Result<Line> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .keyseq_timeout(Some(ESCAPE_ALONE_MS))
        .bell_style(BellStyle::None)
        // The shell decides about colours; control characters are removed in any case.
        .color_mode(ColorMode::Enabled)
        .enable_signals(false)
        .build();
    let mut editor = Editor::with_history(config, session.history.clone())?;
    let keys = Keys { desk: Shared::default(), history: session.history.clone() };
    editor.set_helper(Some(Assistant::new(session, known, keys.desk.clone())));
    for (key, handler) in keys.all() {
        editor.bind_sequence(key, handler);
    }
    Ok(editor)
}

/// Prints changes of the state of the cluster above the prompt while it is shown.
fn watch(session: &Session, known: &Known, editor: &mut Line) {
    let quiet = session.options.quiet || session.options.json;
    let Ok(mut printer) = editor.create_external_printer() else { return };
    known.watch(move |before, now| {
        let text = news(before, now).filter(|_| !quiet);
        let text = text.map(|text| wrapped(&terminal::glyphs().text(&text), helper::screen().cells));
        if let Some(text) = text.filter(|text| !screen::above_all(text)) {
            // A prompt that cannot be written to is reported by the code that reads from it.
            let _ = printer.print(text);
        }
    });
}

/// Returns the message for a change of state; none if the change is not worth reporting.
fn news(before: &Health, now: &Health) -> Option<String> {
    match (before, now) {
        (Health::Away(_), Health::Away(_)) => None,
        (_, Health::Away(error)) => {
            let mut error = error.clone();
            error.hint.get_or_insert_with(|| "commands try again until their timeout; doctor finds out why".to_owned());
            Some(error_text("dfs: cluster unreachable", &error))
        }
        (Health::Away(_), _) => Some("dfs: the cluster is back\n".to_owned()),
        (Health::Troubled(before), Health::Troubled(now)) if before == now => None,
        (_, Health::Troubled(what)) => Some(format!("dfs: {what}; status shows more\n")),
        (Health::Troubled(_), Health::Well) => Some("dfs: the cluster is healthy again\n".to_owned()),
        (_, Health::Well | Health::Unknown) => None,
    }
}

/// Wraps each line between words at the width of the terminal.
fn wrapped(text: &str, cells: usize) -> String {
    let wrapped = |line: &str| {
        let words = line.trim_start();
        let blanks = &line[..line.len() - words.len()];
        format!("{blanks}{}\n", dfs_term::text::wrap(words, Some(cells), 2))
    };
    text.lines().map(wrapped).collect()
}

/// Runs the statements of a line up to the first that fails. Returns the exit code of that
/// statement.
fn run_line(session: &mut Session, runtime: &Handle, line: &str) -> u8 {
    let statements = match run::typed(line) {
        Ok(statements) => statements,
        Err(error) => {
            session.report("dfs-shell", &error);
            return error.code.exit_code();
        }
    };
    for statement in &statements {
        match runtime.block_on(run::statement(session, statement)) {
            Ended::Well => {}
            Ended::Failed(_) if statement.may_fail => {}
            ended @ (Ended::Failed(_) | Ended::ReaderGone) => return ended.code(),
        }
        if session.leave.is_some() {
            break;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_fit_the_terminal() {
        assert_eq!(wrapped("dfs: the cluster is back\n", 80), "dfs: the cluster is back\n");
        assert_eq!(wrapped("dfs: the cluster\n  hint: one two\n", 12), "dfs: the\n  cluster\n  hint: one\n  two\n");
    }

    #[test]
    fn changes_are_said_once() {
        let away = || Health::Away(Error::new(ErrorCode::Unreachable, "refused"));
        let troubled = || Health::Troubled("1 datanode is dead".to_owned());
        for (before, now, said) in [
            (Health::Unknown, Health::Well, false),
            (Health::Unknown, away(), true),
            (away(), away(), false),
            (away(), Health::Well, true),
            (Health::Well, troubled(), true),
            (troubled(), troubled(), false),
            (troubled(), Health::Well, true),
        ] {
            assert_eq!(news(&before, &now).is_some(), said, "{before:?} {now:?}");
        }
    }
}

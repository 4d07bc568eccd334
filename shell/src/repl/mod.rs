//! The prompt.
//!
//! The editor runs on the main thread, which is no thread of the runtime, and waits for commands and completions with
//! [`Handle::block_on`].

mod candidates;
mod helper;
mod history;
mod target;

use crate::jobs;
use crate::line::parse;
use crate::report::usage;
use crate::run::{self, Ended};
use crate::session::Session;
use dfs_types::{Error, ErrorCode};
use helper::Assistant;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};
use std::time::Duration;
use tokio::runtime::Handle;

/// How long a new session waits for the cluster before it says that it is away.
const GREETING_PATIENCE: Duration = Duration::from_secs(2);
/// The prompt shows at most so many cells of the path: its end.
const PATH_CELLS_MAX: usize = 40;

/// Reads and runs lines until the end; gives the exit code.
pub fn run(session: &mut Session, runtime: &Handle) -> u8 {
    session.interactive = true;
    runtime.block_on(greet(session));
    let mut editor = match editor(runtime) {
        Ok(editor) => editor,
        Err(error) => {
            session.report("dfs-shell", &Error::new(ErrorCode::LocalIo, format!("no prompt: {error}")));
            return ErrorCode::LocalIo.exit_code();
        }
    };
    let history = history::open(&session.options, &mut editor);
    loop {
        jobs::announce(session);
        if let Some(assistant) = editor.helper_mut() {
            assistant.refresh(session);
        }
        match editor.readline(&prompt(session)) {
            Ok(line) => {
                if !line.trim().is_empty() && editor.add_history_entry(line.as_str()).unwrap_or(false) {
                    history::append(history.as_deref(), &mut editor);
                }
                run_line(session, runtime, &line);
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => {
                session.leave.get_or_insert(0);
            }
            Err(error) => {
                session.report("dfs-shell", &Error::new(ErrorCode::LocalIo, format!("the terminal: {error}")));
                return ErrorCode::LocalIo.exit_code();
            }
        }
        if let Some(code) = session.leave.take()
            && runtime.block_on(jobs::may_leave(session))
        {
            return code;
        }
    }
}

fn editor(runtime: &Handle) -> rustyline::Result<Editor<Assistant, FileHistory>> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .history_ignore_space(true)
        .max_history_size(history::LINES_MAX)?
        .enable_signals(false)
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(Assistant::new(runtime.clone())));
    Ok(editor)
}

/// Looks whether the cluster is there. The session lives either way.
async fn greet(session: &mut Session) {
    let client = match session.client().await {
        Ok(client) => client.with_timeout(GREETING_PATIENCE),
        Err(error) => return session.report("dfs-shell", &error),
    };
    match client.ready().await {
        Ok(()) => session.say("dfs: help lists the commands, Tab completes, Ctrl-D leaves"),
        Err(error) => session.report("dfs-shell", &error.hint("commands try again by themselves")),
    }
}

fn prompt(session: &Session) -> String {
    let path = dfs_tui::text::sanitise(session.folder.as_str()).into_owned();
    let cells = dfs_tui::text::width(&path);
    if cells <= PATH_CELLS_MAX {
        return format!("dfs:{path}> ");
    }
    let mut end: Vec<char> = Vec::new();
    for c in path.chars().rev() {
        end.push(c);
        if dfs_tui::text::width(&end.iter().collect::<String>()) >= PATH_CELLS_MAX {
            break;
        }
    }
    format!("dfs:…{}> ", end.iter().rev().collect::<String>())
}

/// Runs the statements of a line up to the first that fails.
fn run_line(session: &mut Session, runtime: &Handle, line: &str) {
    let statements = match parse(line) {
        Ok(statements) => statements,
        Err(error) => return session.report("dfs-shell", &usage(error.what)),
    };
    for statement in &statements {
        match runtime.block_on(run::statement(session, statement)) {
            Ended::Well => {}
            Ended::Failed(_) if statement.may_fail => {}
            Ended::Failed(_) | Ended::ReaderGone => return,
        }
        if session.leave.is_some() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Scope;
    use crate::options::Options;
    use clap::Parser;
    use dfs_types::DfsPath;

    #[test]
    fn the_prompt_shows_where_we_are() {
        let mut session = Session::new(Options::parse_from(["dfs-shell"]), Scope::default());
        assert_eq!(prompt(&session), "dfs:/> ");
        session.folder = DfsPath::parse("/a\x1b[31m").expect("valid");
        assert_eq!(prompt(&session), "dfs:/a\\u{1b}[31m> ");
        session.folder = DfsPath::parse(&format!("/{}/end", "x".repeat(100))).expect("valid");
        assert!(prompt(&session).ends_with("xx/end> ") && prompt(&session).starts_with("dfs:…x"));
    }
}

//! The program: which way it was called, and with which exit code it ends.

use crate::base::exit::Ended;
use crate::base::interrupt;
use crate::base::options::Options;
use crate::base::report::io_message;
use crate::base::terminal;
use crate::commands::top_as_words;
use crate::engine::{jobs, run, script};
use crate::lang::Scope;
use crate::session::Session;
use crate::{dashboard, prompt};
use clap::Parser;
use dfs_daemon::cli::DAEMON_WORD;
use dfs_term::Glyphs;
use dfs_types::{Error, ErrorCode};
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How long the process stays for threads that clean up.
const CLEANUP_TIME: Duration = Duration::from_millis(500);

/// A program that is built from this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `dfs-shell`.
    Shell,
    /// `dfs-top`.
    Top,
}

/// Runs a program with the arguments of its command line, the first of which is its name; returns
/// the exit code.
///
/// Any of them, under whatever name it stands, is `dfsd` where the first argument is
/// [`DAEMON_WORD`]: the daemons of a local cluster are the program that starts them, so that it
/// works where it is the only one installed.
pub fn main_with(program: Program, arguments: impl Iterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.collect();
    if arguments.get(1).is_some_and(|word| word == DAEMON_WORD) {
        return dfs_daemon::cli::main_with(arguments.into_iter());
    }
    let words = match program {
        Program::Shell => Ok(arguments),
        Program::Top => top_as_words(arguments),
    };
    match words.and_then(Options::try_parse_from) {
        Ok(options) => run_with(options),
        Err(error) => {
            told(&error);
            if error.use_stderr() { ErrorCode::Usage.exit_code() } else { 0 }
        }
    }
}

/// Prints what clap has to tell, in the glyphs and colours that the terminal takes.
fn told(error: &clap::Error) {
    if terminal::glyphs() == Glyphs::Unicode && !terminal::is_dumb() {
        let _ = error.print();
        return;
    }
    let text = error.render().to_string();
    let text = terminal::glyphs().text(&text);
    if error.use_stderr() { eprint!("{text}") } else { print!("{text}") }
}

fn run_with(mut options: Options) -> u8 {
    let words = std::mem::take(&mut options.words);
    // The connections live on the one worker; the commands run on this thread, which may block on a slow reader.
    let runtime = match Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("dfs-shell: cannot start: {}", io_message(&error));
            return ErrorCode::LocalIo.exit_code();
        }
    };
    interrupt::listen(runtime.handle());
    let code = choose(&runtime, options, words);
    // A put that was dropped at a second Ctrl-C still gives its space back.
    runtime.block_on(dfs_client::settle());
    if code == ErrorCode::Interrupted.exit_code() {
        // What was dropped at a second Ctrl-C still takes its part files away.
        runtime.shutdown_timeout(CLEANUP_TIME);
    } else {
        // A read of the terminal that nobody waits for any more must not keep the process.
        runtime.shutdown_background();
    }
    code
}

fn choose(runtime: &Runtime, options: Options, words: Vec<OsString>) -> u8 {
    let (commands, file) = (options.commands.clone(), options.script.clone());
    let is_script = commands.is_some() || file.is_some();
    let mut session = Session::new(options, Scope::default());
    session.open_dashboard = Some(dashboard::world);
    if is_script {
        match words.into_iter().map(OsString::into_string).collect::<Result<Vec<_>, _>>() {
            Ok(arguments) => session.scope = Scope::new(arguments),
            Err(word) => {
                let error = Error::new(ErrorCode::Usage, "an argument of a script must be UTF-8");
                return failed(&session, &error.at(word.to_string_lossy()));
            }
        }
        let code = match (commands, file) {
            (Some(text), _) => runtime.block_on(script::run_text(&mut session, "-c", &text)),
            (None, Some(file)) => script_file(&mut session, runtime, &file),
            (None, None) => 0,
        };
        return runtime.block_on(jobs::at_end(&mut session, code));
    }
    if !words.is_empty() {
        let ended = runtime.block_on(run::literal(&mut session, &words));
        return match ended {
            Ended::Well => session.leave.unwrap_or(0),
            ended => ended.code(),
        };
    }
    if std::io::stdin().is_terminal() {
        prompt::run(&mut session, runtime.handle())
    } else {
        let code = script::run_stdin(&mut session, runtime.handle());
        runtime.block_on(jobs::at_end(&mut session, code))
    }
}

fn script_file(session: &mut Session, runtime: &Runtime, file: &Path) -> u8 {
    runtime.block_on(script::run_file(session, file)).unwrap_or_else(|error| failed(session, &error))
}

fn failed(session: &Session, error: &Error) -> u8 {
    session.report("dfs-shell", error);
    error.code.exit_code()
}

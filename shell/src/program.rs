//! Runs the program: chooses the mode in which it was called, and returns the exit code.

use crate::base::descriptors::raise_limit;
use crate::base::exit::{Ended, READER_GONE};
use crate::base::interrupt;
use crate::base::options::Options;
use crate::base::report::{error_json, error_text, io_message, local_io};
use crate::base::stderr::{err, errln};
use crate::base::terminal;
use crate::command::roles::{Role, roles};
use crate::command::usage_error;
use crate::commands::{COMMANDS, top_as_words};
use crate::engine::{jobs, run, script};
use crate::lang::Scope;
use crate::session::Session;
use crate::{dashboard, prompt};
use clap::{CommandFactory, Parser};
use dfs_daemon::cli::DAEMON_WORD;
use dfs_daemon::closed;
use dfs_term::Glyphs;
use dfs_types::{Error, ErrorCode};
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// The maximum time that the process waits for threads that clean up.
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
/// If the first argument is [`DAEMON_WORD`], any of them acts as `dfsd`, whatever its name is: the
/// daemons of a local cluster run the program that starts them, so that a local cluster works even
/// if only that program is installed.
pub fn main_with(program: Program, arguments: impl Iterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.collect();
    if arguments.get(1).is_some_and(|word| word == DAEMON_WORD) {
        return dfs_daemon::cli::main_with(arguments.into_iter());
    }
    raise_limit();
    let json = program == Program::Shell && wants_json(&arguments);
    let words = match program {
        Program::Shell => Ok(commands_apart(arguments)),
        Program::Top => top_as_words(arguments),
    };
    match words.and_then(Options::try_parse_from) {
        Ok(options) => run_with(options),
        Err(error) if json && error.use_stderr() => {
            let error = usage_error(&error, Options::command().render_usage(), None);
            err!("{}", error_json("dfs-shell", &error, None));
            error.code.exit_code()
        }
        Err(error) => told(&error),
    }
}

/// Returns true if `--json` is among the options before the command, whatever is wrong with others.
fn wants_json(arguments: &[OsString]) -> bool {
    let words: Vec<String> = arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let roles = roles(&Options::command(), &words);
    let mut options = words.iter().zip(roles).take_while(|(_, role)| !matches!(role, Role::Argument(_)));
    options.any(|(word, role)| role == Role::Flag && word == "--json")
}

fn run_with(mut options: Options) -> u8 {
    let words = std::mem::take(&mut options.words);
    // The connections run on the one worker thread; the commands run on this thread, which may
    // block on a slow reader.
    let runtime = match Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            errln!("dfs-shell: cannot start: {}", io_message(&error));
            return ErrorCode::LocalIo.exit_code();
        }
    };
    interrupt::listen(runtime.handle());
    let code = choose(&runtime, options, words);
    // A put that was dropped at a second Ctrl-C still releases its reserved space.
    runtime.block_on(dfs_client::settle());
    if code == ErrorCode::Interrupted.exit_code() {
        // A transfer that was dropped at a second Ctrl-C still deletes its part files.
        runtime.shutdown_timeout(CLEANUP_TIME);
    } else {
        // A pending read of the terminal must not keep the process alive.
        runtime.shutdown_background();
    }
    interrupt::exit_code(code)
}

/// Returns the arguments with `--` before a command in the style of `hdfs dfs`: `-cat` is not
/// `-c at`. The shell then reports the name of the command here.
fn commands_apart(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let words: Vec<String> = arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let roles = roles(&Options::command(), &words);
    let options = words.iter().zip(roles).take_while(|(_, role)| !matches!(role, Role::Argument(_)));
    let is_command = |(word, role): (&String, Role)| {
        let name = word.strip_prefix('-').filter(|name| name.len() > 1 && *name != "help");
        role == Role::Flag && name.is_some_and(|name| COMMANDS.named(name).is_some())
    };
    if let Some(at) = options.map(is_command).position(|is| is) {
        arguments.insert(at + 1, "--".into());
    }
    arguments
}

/// Prints a message of clap, in the glyphs and colours that the terminal supports: help and version
/// on standard output, errors on standard error. Returns the exit code.
fn told(error: &clap::Error) -> u8 {
    if error.use_stderr() {
        let _ = printed(error);
        return ErrorCode::Usage.exit_code();
    }
    let error = match closed::check().map(|()| printed(error)) {
        Ok(Ok(())) => return 0,
        Ok(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => return READER_GONE,
        Ok(Err(error)) => local_io(Path::new("stdout"), &error),
        Err(error) => error,
    };
    err!("{}", error_text("dfs-shell", &error));
    error.code.exit_code()
}

fn printed(error: &clap::Error) -> io::Result<()> {
    if terminal::glyphs() == Glyphs::Unicode && !terminal::is_dumb() {
        return error.print().and_then(|()| io::stdout().flush());
    }
    let text = error.render().to_string();
    let text = terminal::glyphs().text(&text);
    match error.use_stderr() {
        true => io::stderr().write_all(text.as_bytes()),
        false => io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()),
    }
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
    if io::stdin().is_terminal() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_a_dash_is_not_a_flag() {
        let apart = |line: &str| commands_apart(line.split(' ').map(OsString::from).collect()).join(" ".as_ref());
        assert_eq!(apart("dfs-shell -cat /x"), "dfs-shell -- -cat /x");
        assert_eq!(apart("dfs-shell --json -q -count /x"), "dfs-shell --json -q -- -count /x");
        // The value of -c is a statement that may fail.
        for line in ["dfs-shell -c -cat", "dfs-shell -qc -cat"] {
            assert_eq!(apart(line), line);
        }
        for line in ["dfs-shell -cpwd", "dfs-shell -c ls", "dfs-shell ls -cat", "dfs-shell -help", "dfs-shell"] {
            assert_eq!(apart(line), line);
        }
    }
}

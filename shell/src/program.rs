//! The program: which way it was called, and with which exit code it ends.

use crate::base::closed;
use crate::base::descriptors::raise_limit;
use crate::base::exit::Ended;
use crate::base::interrupt;
use crate::base::options::Options;
use crate::base::report::{error_text, io_message, local_io};
use crate::command::roles::{Role, roles};
use crate::commands::{COMMANDS, top_as_words};
use crate::engine::{jobs, run, script};
use crate::lang::Scope;
use crate::session::Session;
use crate::{dashboard, prompt};
use clap::{CommandFactory, Parser};
use dfs_types::{Error, ErrorCode};
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How long the process stays for threads that clean up.
const CLEANUP_TIME: Duration = Duration::from_millis(500);

/// Runs `dfs-shell` with these arguments, the first of which is its name; gives the exit code.
pub fn main_with(arguments: impl Iterator<Item = OsString>) -> u8 {
    raise_limit();
    let mut options = match Options::try_parse_from(commands_apart(arguments)) {
        Ok(options) => options,
        Err(error) => return told(&error),
    };
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
    interrupt::exit_code(code)
}

/// Returns the arguments with `--` before a command that is written as for `hdfs dfs`: `-cat` is not `-c at`. The shell then
/// says what it is called here.
fn commands_apart(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
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

/// Prints what clap has to say: help and version on standard output, errors on standard error. Returns the exit code.
fn told(error: &clap::Error) -> u8 {
    let written = match error.use_stderr() {
        false => closed::check().and_then(|()| error.print().map_err(|error| local_io(Path::new("stdout"), &error))),
        true => {
            let _ = error.print();
            return ErrorCode::Usage.exit_code();
        }
    };
    match written {
        Ok(()) => 0,
        Err(error) => {
            eprint!("{}", error_text("dfs-shell", &error));
            error.code.exit_code()
        }
    }
}

/// Runs `dfs-top` with these arguments, the first of which is its name; gives the exit code.
pub fn top_with(arguments: impl Iterator<Item = OsString>) -> u8 {
    main_with(top_as_words(arguments).into_iter())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_a_dash_is_not_a_flag() {
        let apart = |line: &str| commands_apart(line.split(' ').map(OsString::from)).join(" ".as_ref());
        assert_eq!(apart("dfs-shell -cat /x"), "dfs-shell -- -cat /x");
        assert_eq!(apart("dfs-shell --json -q -count /x"), "dfs-shell --json -q -- -count /x");
        // A statement that may fail, as the value of -c.
        for line in ["dfs-shell -c -cat", "dfs-shell -qc -cat"] {
            assert_eq!(apart(line), line);
        }
        for line in ["dfs-shell -cpwd", "dfs-shell -c ls", "dfs-shell ls -cat", "dfs-shell -help", "dfs-shell"] {
            assert_eq!(apart(line), line);
        }
    }
}

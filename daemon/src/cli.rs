//! The command line of `dfsd`, and of any of our programs that was started as a daemon.

mod args;
mod cluster;
mod daemon;
mod failure;

use crate::closed;
pub use crate::local::DAEMON_WORD;
use args::{Args, Command, ConfigCommand};
use clap::{CommandFactory, Parser};
use dfs_config::{Directories, Environment, Loaded, Sources};
use failure::Failure;
use std::ffi::OsString;
use std::io::{ErrorKind, Write};

/// Runs `dfsd` with the arguments of a complete command line: `dfsd ARG…`, or `PROGRAM __dfsd
/// ARG…`. Returns the exit code.
pub fn main_with(args: impl Iterator<Item = OsString>) -> u8 {
    let args = std::iter::once(OsString::from("dfsd")).chain(without_program(args));
    let parsed = match Args::try_parse_from(args) {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help and version go to standard output and are not errors.
            let told = if error.use_stderr() { error.print().map_err(Failure::from) } else { print(&error) };
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            return if let (Err(failure), 0) = (told, code) { failure.report() } else { code };
        }
    };
    match run(parsed) {
        Ok(()) => 0,
        Err(failure) => failure.report(),
    }
}

/// Prints help or the version on standard output.
fn print(told: &clap::Error) -> Result<(), Failure> {
    closed::check()?;
    match told.print().and_then(|()| std::io::stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::of_stdout(&error)),
        _ => Ok(()),
    }
}

/// Returns the definition of the command line, for completion.
pub fn definition() -> clap::Command {
    Args::command()
}

/// Returns the arguments after the program name and after the word that makes it a daemon, if it is
/// there.
fn without_program(args: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    let mut args = args.peekable();
    if args.next_if(|first| first == DAEMON_WORD).is_none() {
        args.next();
        args.next_if(|second| second == DAEMON_WORD);
    }
    args
}

/// The directories and settings of the user.
struct Context {
    directories: Directories,
    loaded: Loaded,
}

impl Context {
    fn load(args: &Args, overrides: Vec<String>) -> Result<Self, Failure> {
        let environment = Environment::of_process();
        let directories = Directories::of_user(&environment)?;
        let overrides = [args.set.clone(), overrides].concat();
        let default_file = directories.config_file();
        let sources = Sources {
            file: args.config.as_deref(),
            default_file: Some(&default_file),
            environment: &environment,
            overrides: &overrides,
        };
        let loaded = match dfs_config::load(&sources) {
            Err(error) if args.command.needs_no_settings() => {
                eprintln!("dfsd: warning: {error}");
                dfs_config::load_what_can_be(&sources)
            }
            loaded => loaded?,
        };
        Ok(Self { directories, loaded })
    }
}

/// Prints to standard error what the command waits for.
fn say(what: &str) {
    eprintln!("dfsd: waiting for {what}");
}

fn run(args: Args) -> Result<(), Failure> {
    if let Command::Config { command: ConfigCommand::Default } = args.command {
        return cluster::print(&dfs_config::default_file());
    }
    let context = Context::load(&args, args.command.overrides())?;
    match args.command {
        Command::Master(master) => daemon::master(&context, &master),
        Command::Datanode(datanode) => daemon::datanode(&context, &datanode),
        Command::Up(up) => cluster::up(&context, &up),
        Command::Down { purge, yes } => cluster::down(&context, purge, yes),
        Command::Status { json, verbose } => cluster::status(&context, json, verbose),
        Command::Start { id, accept_empty } => cluster::start(&context, id, accept_empty),
        Command::Remove { id, yes } => cluster::remove(&context, id, yes),
        Command::Stop { id } => cluster::stop(&context, id),
        Command::Restart { id } => cluster::restart(&context, id),
        Command::Logs { id, follow } => cluster::logs(&context, id, follow),
        Command::Config { .. } => cluster::show_config(&context),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_separated_from_its_arguments() {
        for line in [
            &["dfsd", "up", "x"][..],
            &["dfs-shell", "__dfsd", "up", "x"],
            &["dfsd", "__dfsd", "up", "x"],
            &["__dfsd", "up", "x"],
        ] {
            let rest: Vec<OsString> = without_program(line.iter().map(OsString::from)).collect();
            assert_eq!(rest, ["up", "x"], "{line:?}");
        }
        assert_eq!(without_program(std::iter::empty()).count(), 0);
    }
}

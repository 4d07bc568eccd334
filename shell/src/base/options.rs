//! The options of the program; all precede the command.

use clap::Parser;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// The maximum width of help texts.
pub(crate) const HELP_CELLS: usize = 80;

/// The console of dfs, a distributed file system.
///
/// Without a command it opens a prompt on a terminal, and otherwise reads a script from standard
/// input. `dfs-shell help` lists the commands.
#[derive(Debug, Clone, Parser)]
#[command(name = "dfs-shell", version, max_term_width = HELP_CELLS)]
pub struct Options {
    /// One JSON document per command on stdout, errors as JSON on stderr; help and the content of
    /// files stay as they are.
    #[arg(long)]
    pub json: bool,
    /// Print only data and errors.
    #[arg(short, long)]
    pub quiet: bool,
    /// Show each command of a script before it runs.
    #[arg(short, long)]
    pub verbose: bool,
    /// No progress bars.
    #[arg(long)]
    pub no_progress: bool,
    /// Print lines of text without control codes: no colours, no progress bars, no full screen.
    #[arg(long)]
    pub plain: bool,
    /// Continue after a failed command; the exit code is that of the first failure.
    #[arg(short, long)]
    pub keep_going: bool,
    /// Print what each command would change, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Time limit of one call to the masters, including retries.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// HOST:PORT of the masters, comma-separated.
    #[arg(long, value_name = "MASTERS", value_delimiter = ',')]
    pub masters: Vec<String>,
    /// The cluster of this name, as `context list` shows them; otherwise DFS_CONTEXT.
    #[arg(long, value_name = "NAME", conflicts_with = "masters")]
    pub context: Option<String>,
    /// The file of settings.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Do not start a local cluster where none is configured.
    #[arg(long)]
    pub no_start: bool,
    /// Run these commands, separated by `;` or newlines.
    #[arg(short = 'c', value_name = "COMMANDS", conflicts_with = "script")]
    pub commands: Option<String>,
    /// Run this script with the arguments that follow ($1 … $9); `-`: standard input.
    #[arg(short = 'f', value_name = "SCRIPT")]
    pub script: Option<PathBuf>,
    /// One command with literal arguments: no patterns, no variables.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub words: Vec<OsString>,
}

impl Options {
    /// Returns the options of a program that was called without any.
    pub fn none() -> Self {
        Self::parse_from(["dfs-shell"])
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    dfs_types::parse_duration(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Options {
        Options::try_parse_from(std::iter::once("dfs-shell").chain(words.iter().copied())).expect("valid")
    }

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        Options::command().debug_assert();
    }

    #[test]
    fn options_stand_before_the_command() {
        let options = options(&["--json", "--timeout", "3s", "ls", "--json", "-l", "--", "-x"]);
        assert!(options.json);
        assert_eq!(options.timeout, Some(Duration::from_secs(3)));
        assert_eq!(options.words, ["ls", "--json", "-l", "--", "-x"]);
    }

    #[test]
    fn scripts_take_arguments() {
        let options = options(&["-k", "-f", "nightly.dfs", "one", "-two"]);
        assert_eq!(options.script, Some(PathBuf::from("nightly.dfs")));
        assert_eq!(options.words, ["one", "-two"]);
        assert_eq!(self::options(&["-c", "ls; pwd"]).commands.as_deref(), Some("ls; pwd"));
        assert_eq!(self::options(&["--masters", "a:1,b:2"]).masters, ["a:1", "b:2"]);
    }
}

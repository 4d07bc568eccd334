//! `dfsd`: the daemons of the local cluster, started and stopped as by the program `dfsd`.

use crate::base::report::{local_io, usage};
use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb, Words};
use clap::Args;
use dfs_types::{Error, ErrorCode, Result};
use std::ffi::OsString;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use tokio::process::Command;

/// The flag of the program for one JSON document.
const JSON_FLAG: &str = "--json";
/// Subcommands that change nothing.
const LOOKING: [&str; 4] = ["status", "logs", "config", "--version"];

/// Arguments of `dfsd`.
#[derive(Debug, Args)]
pub(super) struct Dfsd {
    /// As for the program dfsd: status, up, down, start ID, stop ID, restart [ID], remove ID,
    /// logs [ID].
    #[arg(value_name = "WORD", required = true, allow_hyphen_values = true, trailing_var_arg = true)]
    words: Vec<OsString>,
}

impl Verb for Dfsd {
    const NAME: &'static str = "dfsd";
    const ABOUT: &'static str = "Start, stop and list the daemons of the local cluster";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::ChangesIf(Self::changes);
    const EXAMPLES: &'static [Example] =
        &[("dfsd status", "the daemons of the local cluster"), ("dfsd logs datanode-1", "the log of one daemon")];
    const MEANING: Meaning = Meaning { first: &[Kind::Words(Words(words))], rest: Kind::Daemon, last: None };

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        if self.changes() && context.only_planned(self.words.iter().map(|word| word.to_string_lossy())) {
            return Ok(());
        }
        let mut dfsd = Command::from(dfs_daemon::local::as_dfsd()?);
        dfsd.args(&self.words).kill_on_drop(true);
        if context.json() && !self.words.iter().any(|word| word == JSON_FLAG) {
            if self.words.first().is_none_or(|word| word != "status") {
                let words = self.words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
                return Err(usage(format!("dfsd {words} prints text, and has no JSON document"))
                    .hint("call it without --json; `dfsd status` has one"));
            }
            dfsd.arg(JSON_FLAG);
        }
        let failed = |error: std::io::Error| local_io(Path::new("dfsd"), &error);
        if context.out.is_terminal() && context.session.console.is_none() {
            context.out.flush()?;
            let status = context.call(async { dfsd.status().await.map_err(failed) }).await?;
            // It has reported its failure itself.
            let result = ended(status, "failed");
            if let (Err(error), true) = (&result, status.code().is_some()) {
                context.note_failed(error.clone());
                return Ok(());
            }
            return result;
        }
        dfsd.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let Output { status, stdout, stderr } = context.call(async { dfsd.output().await.map_err(failed) }).await?;
        context.out.write(&stdout)?;
        let said = String::from_utf8_lossy(&stderr);
        let mut lines = said.lines().filter(|line| !line.trim().is_empty());
        let what = lines.next().unwrap_or("it has not said why");
        let what = what.trim_start_matches("dfsd: ").trim_start_matches("error: ");
        let hint = lines.find_map(|line| line.trim_start().strip_prefix("hint: "));
        ended(status, what).map_err(|error| hint.map_or(error.clone(), |hint| error.hint(hint)))
    }
}

/// Returns the subcommands of the program with their descriptions.
fn words() -> Vec<(String, String)> {
    let program = dfs_daemon::cli::definition();
    let shown = program.get_subcommands().filter(|command| !command.is_hide_set());
    let about = |command: &clap::Command| command.get_about().map(ToString::to_string).unwrap_or_default();
    shown.map(|command| (command.get_name().to_owned(), about(command))).collect()
}

/// Returns the definition that applies after these words: for `dfsd` it depends on the subcommand.
pub(crate) fn definition_at(command: &crate::command::Command, words: &[String]) -> clap::Command {
    let first = words.first().filter(|_| command.name == Dfsd::NAME);
    let found = first.and_then(|first| dfs_daemon::cli::definition().find_subcommand(first).cloned());
    found.unwrap_or_else(|| command.definition())
}

impl Dfsd {
    fn changes(&self) -> bool {
        !self.words.first().is_some_and(|word| LOOKING.iter().any(|looking| word == looking))
    }
}

/// Converts the exit status of the program into the result of the command.
fn ended(status: ExitStatus, what: &str) -> Result<()> {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    match code {
        Some(0) => Ok(()),
        Some(code) => Err(Error::new(ErrorCode::of_exit(code), what)),
        None => Err(Error::new(ErrorCode::Interrupted, "a signal has ended it")),
    }
}

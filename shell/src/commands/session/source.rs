//! `source`: runs the commands of a file in this session.

use crate::base::exit::READER_GONE;
use crate::base::report::{as_code, interrupted};
use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use clap::Args;
use dfs_types::{ErrorCode, Result};
use std::path::PathBuf;

/// Arguments of `source`.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// The script; `-`: standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What $1 … $9 and $@ are in it; as outside if none.
    #[arg(value_name = "ARG", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Verb for Source {
    const NAME: &'static str = "source";
    const ABOUT: &'static str = "Run the commands of a file in this session";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[(
        "!echo 'mkdir -p /data/$1' > new-day.dfs\nsource new-day.dfs 2026",
        "write a script, and run it with an argument",
    )];
    const MEANING: Meaning = Meaning { first: &[Kind::Local], rest: Kind::Plain, last: None };

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let inherited = context.out.inherited()?;
        let (session, interpreter) = (&mut *context.session, context.interpreter);
        let outside = (session.location.clone(), session.inherited.replace(inherited), session.may_fail);
        let arguments = (!self.arguments.is_empty()).then(|| session.scope.replace_arguments(self.arguments));
        let ended = interpreter.source(session, &self.file).await;
        (session.location, session.inherited, session.may_fail) = outside;
        if let Some(arguments) = arguments {
            session.scope.replace_arguments(arguments);
        }
        match ended? {
            // `exit` ends the session and is not a failure.
            _ if context.session.leave.is_some() => Ok(()),
            code if code == ErrorCode::Interrupted.exit_code() => Err(interrupted()),
            READER_GONE => {
                context.out.note_closed();
                Err(interrupted())
            }
            code => {
                // The error was already reported within the script, with its line.
                as_code(code).into_iter().for_each(|error| context.note_failed(error));
                Ok(())
            }
        }
    }
}

//! What the editor asks us: completions, and whether a line is whole.

use super::candidates;
use super::target::{Place, Target, target};
use crate::commands::{Command, Kind};
use crate::line::parse;
use crate::session::Session;
use dfs_client::Client;
use dfs_types::DfsPath;
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};
use tokio::runtime::Handle;

/// Helps the person who types. It knows of the session what it needs, as it was when the prompt came.
#[derive(Debug)]
pub(super) struct Assistant {
    runtime: Handle,
    client: Option<Client>,
    folder: DfsPath,
    variables: Vec<String>,
}

impl Assistant {
    pub(super) fn new(runtime: Handle) -> Self {
        Self { runtime, client: None, folder: DfsPath::root(), variables: Vec::new() }
    }

    pub(super) fn refresh(&mut self, session: &Session) {
        self.client = session.client_if_any();
        self.folder = session.folder.clone();
        self.variables = session.scope.variables().map(|(name, _)| name.to_owned()).collect();
    }

    fn candidates(&self, target: &Target) -> Vec<Pair> {
        let typed = target.typed.as_str();
        match &target.place {
            Place::Command => candidates::commands(typed),
            Place::Variable => candidates::named(self.variables.iter(), typed),
            Place::LocalFile => candidates::local(typed, target.quote, false),
            Place::Argument(words) => {
                let Some((name, words)) = words.split_first() else { return Vec::new() };
                let Some(command) = Command::named(name) else { return Vec::new() };
                if typed.starts_with('-') && target.quote.is_none() && !words.iter().any(|word| word == "--") {
                    return candidates::flags(command, typed);
                }
                let kinds = candidates::kinds(command, words);
                kinds.into_iter().flat_map(|kind| self.of_kind(kind, target)).collect()
            }
        }
    }

    fn of_kind(&self, kind: Kind, target: &Target) -> Vec<Pair> {
        let (typed, quote) = (target.typed.as_str(), target.quote);
        match kind {
            Kind::Plain | Kind::Node => Vec::new(),
            Kind::Line => candidates::commands(typed),
            Kind::Variable => candidates::named(self.variables.iter(), typed),
            Kind::Command => candidates::commands(typed),
            Kind::Local => candidates::local(typed, quote, false),
            Kind::LocalFolder => candidates::local(typed, quote, true),
            Kind::Remote | Kind::RemoteFolder | Kind::RemoteOrNode => {
                let Some(client) = &self.client else { return Vec::new() };
                let only_folders = kind == Kind::RemoteFolder;
                self.runtime.block_on(candidates::remote(client, &self.folder, typed, quote, only_folders))
            }
        }
    }
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let Some(target) = line.get(..pos).and_then(target) else { return Ok((pos, Vec::new())) };
        Ok((target.start, self.candidates(&target)))
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        // An open quote goes on on the next line; everything else is told when the line is run.
        let open = parse(context.input()).is_err_and(|error| error.incomplete);
        Ok(if open { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Hinter for Assistant {
    type Hint = String;
}

impl Highlighter for Assistant {}

impl Helper for Assistant {}

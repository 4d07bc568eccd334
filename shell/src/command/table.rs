//! A command as the tables hold it, and the table of all groups.

use super::context::Context;
use super::roles::{Role, long_form, roles};
use super::verb::{Effect, Example, Group, Json, Meaning, Verb};
use crate::base::options::{HELP_CELLS, Options};
use crate::base::report::usage;
use clap::{ArgMatches, CommandFactory};
use dfs_types::{Error, Result};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use std::ffi::OsString;

/// What commands are called elsewhere (coreutils, `hdfs dfs`, `sftp`, `cmd.exe`), and what they are called here.
pub(crate) const ELSEWHERE: &[(&[&str], &str)] = &[
    (&["quit", "bye", "logout", "q"], "exit leaves"),
    (&["?", "man", "commands"], "help lists the commands, help COMMAND explains one"),
    (&["clear", "cls"], "Ctrl-L clears the screen"),
    (&["dir", "ll", "vdir"], "ls lists; ls -l says more"),
    (&["rmdir", "rmr", "del", "delete", "unlink"], "rm deletes; rm -r also directories"),
    (&["copyFromLocal", "moveFromLocal", "upload", "mput", "reput"], "put LOCAL… REMOTE; put -r takes directories"),
    (&["copyToLocal", "moveToLocal", "download", "mget", "reget"], "get REMOTE… LOCAL; get -r takes directories"),
    (&["ren", "rename", "move"], "mv SRC… DST"),
    (&["copy"], "cp SRC… DST copies inside the DFS; put and get copy from and to this machine"),
    (&["xattr", "getfattr", "setfattr"], "attr list PATH; attr get, attr set and attr remove take a name as well"),
    (&["more", "less", "text", "getmerge", "type"], "cat PATH | less"),
    (&["md", "makedir"], "mkdir -p PATH…"),
    (&["diff"], "cmp LOCAL REMOTE compares"),
    (&["chgrp"], "chown USER:GROUP PATH…"),
    (&["lmkdir", "lrm"], "! runs local commands: !mkdir DIRECTORY"),
    (&["dfsadmin", "report", "cluster", "health"], "status, nodes, replication and doctor tell how the cluster is"),
    (&["balancer", "volume.list", "cluster.ps"], "nodes lists the datanodes"),
    (&["grep"], "find -name GLOB or search TEXT look for names; cat PATH | grep TEXT looks into a file"),
    (&["vi", "vim", "nano", "edit"], "get it, edit it, and put -f it back"),
];

/// The commands, as lists that stand behind each other.
#[derive(Debug, Clone, Copy)]
pub struct Table(pub &'static [&'static [Command]]);

impl Table {
    /// All commands, in order.
    pub fn iter(self) -> impl Iterator<Item = &'static Command> {
        self.0.iter().copied().flatten()
    }

    /// The command of this name.
    pub fn named(self, name: &str) -> Option<&'static Command> {
        self.iter().find(|command| command.name == name)
    }

    /// The command of this name.
    ///
    /// # Errors
    /// `usage`, with the name that was probably meant.
    pub fn find(self, name: &str) -> Result<&'static Command> {
        self.named(name).ok_or_else(|| {
            let error = usage("no such command").at(name);
            if let Some((_, ours)) = ELSEWHERE.iter().find(|(names, _)| names.contains(&name)) {
                return error.hint(*ours);
            }
            match self.nearest(name) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint("help lists the commands"),
            }
        })
    }

    /// The name that is spelled most like this one, if it is near.
    pub fn nearest(self, name: &str) -> Option<&'static str> {
        let limit = 1 + name.chars().count() / 4;
        // Of names that are equally far, one that was typed with something behind it.
        let far = |known: &'static str| (strsim::damerau_levenshtein(name, known), !name.starts_with(known), known);
        let near = self.iter().map(|command| far(command.name)).filter(|(far, ..)| *far <= limit).min();
        near.map(|(.., known)| known)
    }
}

type Run = for<'c> fn(&ArgMatches, &'c mut Context<'_>) -> LocalBoxFuture<'c, Result<()>>;

/// A command in the table.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    pub name: &'static str,
    pub about: &'static str,
    pub group: Group,
    pub examples: &'static [Example],
    pub meaning: Meaning,
    pub json: Json,
    augment: fn(clap::Command) -> clap::Command,
    changes: fn(&ArgMatches) -> bool,
    run: Run,
}

impl Command {
    /// The command that a type describes.
    pub const fn of<V: Verb>() -> Self {
        Self {
            name: V::NAME,
            about: V::ABOUT,
            group: V::GROUP,
            examples: V::EXAMPLES,
            meaning: V::MEANING,
            json: V::JSON,
            augment: V::augment_args,
            changes: changes::<V>,
            run: run::<V>,
        }
    }

    /// Its definition for clap.
    pub fn definition(&self) -> clap::Command {
        // -h is for people-sized figures, as in ls; help stands behind the long flag alone.
        let help = clap::Arg::new("help").long("help").action(clap::ArgAction::Help).help("Show how it is used");
        let command = (self.augment)(clap::Command::new(self.name).disable_help_flag(true));
        let command =
            command.about(self.about).long_about(None).no_binary_name(true).max_term_width(HELP_CELLS).arg(help);
        match several_then_one(&command) {
            Some(usage) => command.override_usage(usage),
            None => command,
        }
    }

    /// Reads the arguments.
    ///
    /// # Errors
    /// `usage`; or, in [`Parsed::Help`], that help was asked for.
    pub fn parse(&self, mut arguments: Vec<OsString>) -> Result<Parsed> {
        use clap::error::ErrorKind;
        let definition = self.definition();
        let plain: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        for ((argument, word), role) in arguments.iter_mut().zip(&plain).zip(roles(&definition, &plain)) {
            if let Some(long) = long_form(&definition, word).filter(|_| role == Role::Flag) {
                *argument = long.into();
            }
        }
        match definition.try_get_matches_from(arguments) {
            Ok(matches) => Ok(Parsed::Arguments(matches)),
            Err(error) if error.kind() == ErrorKind::DisplayHelp => Ok(Parsed::Help),
            Err(error) => Err(self.usage_error(&error)),
        }
    }

    /// Whether it changes anything with these arguments.
    pub fn changes(&self, matches: &ArgMatches) -> bool {
        (self.changes)(matches)
    }

    /// Does it.
    ///
    /// # Errors
    /// Those of the command.
    pub fn run<'c>(&self, matches: &ArgMatches, context: &'c mut Context<'_>) -> LocalBoxFuture<'c, Result<()>> {
        (self.run)(matches, context)
    }

    /// `Usage: ls [OPTIONS] [PATH]...` without its first word.
    pub fn usage(&self) -> String {
        let usage = self.definition().render_usage().to_string();
        usage.trim_start_matches("Usage:").trim().to_owned()
    }

    /// What clap found wrong, in the form of all our errors.
    fn usage_error(&self, error: &clap::Error) -> Error {
        use clap::error::{ContextKind, ContextValue, ErrorKind};
        let said = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => Some(text.clone()),
            Some(ContextValue::Strings(texts)) => Some(texts.join(" ")),
            _ => None,
        };
        let message = match (error.kind(), said(ContextKind::InvalidArg)) {
            (ErrorKind::UnknownArgument, Some(flag)) => format!("{flag}: no such flag"),
            (ErrorKind::MissingRequiredArgument, Some(missing)) => format!("{missing} is missing"),
            (ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues, _) => "too few arguments".to_owned(),
            // The first line says it; those behind it repeat the usage.
            _ => error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
        };
        let hint = match said(ContextKind::SuggestedArg) {
            Some(near) => format!("did you mean {near}?"),
            None if error.kind() == ErrorKind::UnknownArgument && is_of_the_program(said(ContextKind::InvalidArg)) => {
                "it is an option of the program, and stands before the command: dfs-shell --json status".to_owned()
            }
            None if error.kind() == ErrorKind::UnknownArgument => {
                format!("usage: {}; a name that begins with - stands behind --", self.usage())
            }
            None => format!("usage: {}", self.usage()),
        };
        usage(message).hint(hint)
    }
}

/// `put [OPTIONS] <LOCAL>... <REMOTE>`: clap shows arguments of two names with the dots behind the second.
fn several_then_one(command: &clap::Command) -> Option<String> {
    let names = command.get_positionals().find_map(|arg| arg.get_value_names().filter(|names| names.len() == 2))?;
    let [several, one] = names else { return None };
    Some(format!("{} [OPTIONS] <{several}>... <{one}>", command.get_name()))
}

/// What came of reading arguments.
#[derive(Debug)]
pub enum Parsed {
    Arguments(ArgMatches),
    /// `--help` was among them.
    Help,
}

fn run<'c, V: Verb>(matches: &ArgMatches, context: &'c mut Context<'_>) -> LocalBoxFuture<'c, Result<()>> {
    match V::from_arg_matches(matches) {
        Ok(verb) => verb.run(context).boxed_local(),
        Err(error) => std::future::ready(Err(usage(error.to_string()))).boxed_local(),
    }
}

fn changes<V: Verb>(matches: &ArgMatches) -> bool {
    match V::EFFECT {
        Effect::Looks => false,
        Effect::Changes => true,
        // Arguments that cannot be read are an error when it is run.
        Effect::ChangesIf(changes) => V::from_arg_matches(matches).is_ok_and(|verb| changes(&verb)),
    }
}

/// Whether this is a flag of `dfs-shell` itself.
fn is_of_the_program(flag: Option<String>) -> bool {
    let flag = flag.unwrap_or_default();
    let name = flag.trim_start_matches('-').split('=').next().unwrap_or_default();
    let program = Options::command();
    !name.is_empty() && program.get_arguments().any(|known| known.get_long() == Some(name))
}

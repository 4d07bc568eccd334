//! A command as an entry of the tables, and the table of all groups.

use super::context::Context;
use super::elsewhere::{self, Elsewhere};
use super::roles::{Role, flag_of_value, long_form, roles};
use super::verb::{Effect, Example, Group, Json, Meaning, Verb};
use crate::base::near::nearest;
use crate::base::options::{HELP_CELLS, Options};
use crate::base::report::usage;
use crate::lang::quote_words;
use clap::{ArgMatches, CommandFactory};
use dfs_types::{Error, Result};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use std::ffi::OsString;
use std::fmt::Display;

/// The commands, as consecutive lists.
#[derive(Debug, Clone, Copy)]
pub struct Table(pub &'static [&'static [Command]]);

impl Table {
    /// Returns all commands, in order.
    pub fn iter(self) -> impl Iterator<Item = &'static Command> {
        self.0.iter().copied().flatten()
    }

    /// Returns the command of this name.
    pub fn named(self, name: &str) -> Option<&'static Command> {
        self.iter().find(|command| command.name == name)
    }

    /// Returns the command that the first of these words names.
    ///
    /// # Errors
    /// `usage`, with the name of the equivalent command here, or with the name that was probably
    /// meant.
    pub fn find<S: AsRef<str>>(self, words: &[S]) -> Result<&'static Command> {
        let name = words.first().map(AsRef::as_ref).unwrap_or_default();
        if let Some(command) = self.named(name) {
            return Ok(command);
        }
        let words: Vec<String> = words.iter().map(|word| word.as_ref().to_owned()).collect();
        let meant = elsewhere::named(&words);
        let error = usage("no such command").at(&meant.written);
        let hint = match (self.named(meant.name), Elsewhere::named(meant.name)) {
            (Some(command), _) => elsewhere::same_name(command.name, meant.rest),
            (None, Some(known)) => known.hint.to_owned(),
            (None, None) => match (elsewhere::already_here(&words), self.nearest(meant.name)) {
                (Some(already), _) => already,
                (None, Some(near)) => format!("did you mean {near}?"),
                (None, None) => "help lists the commands".to_owned(),
            },
        };
        Err(error.hint(hint))
    }

    /// Returns the name with the most similar spelling, if it is close enough.
    pub fn nearest(self, name: &str) -> Option<&'static str> {
        nearest(name, self.iter().map(|command| command.name))
    }
}

type Run = for<'c> fn(&ArgMatches, &'c mut Context<'_>) -> LocalBoxFuture<'c, Result<()>>;

/// An entry of the table.
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
    /// Creates the entry of the command that a type describes.
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

    /// Returns its definition for clap.
    pub fn definition(&self) -> clap::Command {
        // `-h` prints human-readable sizes, as in ls; help has only the long flag.
        let help = clap::Arg::new("help").long("help").action(clap::ArgAction::Help).help("Show this help");
        let command = (self.augment)(clap::Command::new(self.name).disable_help_flag(true));
        let command =
            command.about(self.about).long_about(None).no_binary_name(true).max_term_width(HELP_CELLS).arg(help);
        match SeveralThenOne::of(&command) {
            Some(two) => command.override_usage(format!("{} [OPTIONS] {}", self.name, two.ours)),
            None => command,
        }
    }

    /// Parses the arguments.
    ///
    /// # Errors
    /// `usage` if the arguments are invalid. A request for help is not an error: see
    /// [`Parsed::Help`].
    pub fn parse(&self, mut arguments: Vec<OsString>) -> Result<Parsed> {
        use clap::error::ErrorKind;
        let definition = self.definition();
        let plain: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        for ((argument, word), role) in arguments.iter_mut().zip(&plain).zip(roles(&definition, &plain)) {
            if let Some(long) = long_form(&definition, word).filter(|_| role == Role::Flag) {
                *argument = long.into();
            }
        }
        match definition.try_get_matches_from(&arguments) {
            Ok(matches) => Ok(Parsed::Arguments(matches)),
            Err(error) if error.kind() == ErrorKind::DisplayHelp => Ok(Parsed::Help),
            Err(error) => {
                let words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
                Err(usage_error(&error, self.usage(), Some((self, &words))))
            }
        }
    }

    /// Returns true if it changes anything with these arguments.
    pub fn changes(&self, matches: &ArgMatches) -> bool {
        (self.changes)(matches)
    }

    /// Runs the command.
    ///
    /// # Errors
    /// Those of the command.
    pub fn run<'c>(&self, matches: &ArgMatches, context: &'c mut Context<'_>) -> LocalBoxFuture<'c, Result<()>> {
        (self.run)(matches, context)
    }

    /// Returns `Usage: ls [OPTIONS] [PATH]...` without the first word.
    pub fn usage(&self) -> String {
        let usage = self.definition().render_usage().to_string();
        usage.trim_start_matches("Usage:").trim().to_owned()
    }

    /// Returns the usage, the arguments and the options.
    pub(crate) fn reference(&self) -> String {
        let definition = self.definition();
        let full = definition.clone().render_help().to_string();
        let text = full.find("Usage:").and_then(|at| full.get(at..)).unwrap_or(&full).trim_end();
        match SeveralThenOne::of(&definition) {
            Some(two) => text.replace(&two.by_clap, &two.ours),
            None => text.to_owned(),
        }
    }

    /// Returns the only long flag that begins with the letter of an unknown short one: `--yes` for
    /// `-y`.
    fn with_initial(&self, flag: &str) -> Option<String> {
        let letter = flag.strip_prefix('-').filter(|letter| letter.chars().count() == 1)?;
        let definition = self.definition();
        let mut longs =
            definition.get_arguments().filter_map(clap::Arg::get_long).filter(|long| long.starts_with(letter));
        match (longs.next(), longs.next()) {
            (Some(long), None) => Some(format!("--{long}")),
            _ => None,
        }
    }
}

/// Converts an error of clap into the format of all our errors. `of` is the usage of what was called,
/// `called` the command with its arguments if it was not the program itself.
pub(crate) fn usage_error(error: &clap::Error, of: impl Display, called: Option<(&Command, &[String])>) -> Error {
    use clap::error::{ContextKind, ContextValue, ErrorKind};
    let of = of.to_string();
    let of = of.trim_start_matches("Usage:").trim();
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(" ")),
        _ => None,
    };
    let invalid = said(ContextKind::InvalidArg);
    let is_flag = invalid.as_ref().is_some_and(|word| word.starts_with('-'));
    let message = match (error.kind(), &invalid) {
        (ErrorKind::UnknownArgument, Some(word)) if !is_flag => format!("{word}: not expected"),
        (ErrorKind::UnknownArgument, Some(flag)) => format!("{flag}: no such flag"),
        (ErrorKind::MissingRequiredArgument, Some(missing)) => format!("{missing} is missing"),
        (ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues, _) => "too few arguments".to_owned(),
        (ErrorKind::ArgumentConflict, Some(one)) => match said(ContextKind::PriorArg) {
            Some(other) if other != *one => format!("{one} cannot be used with {other}"),
            _ => format!("{one} was given more than once"),
        },
        (ErrorKind::ValueValidation, Some(arg)) => {
            let value = said(ContextKind::InvalidValue).unwrap_or_default();
            let why = std::error::Error::source(error).map(|why| plain(&why.to_string())).unwrap_or_default();
            format!("invalid value '{value}' for '{arg}': {why}")
        }
        // The first line holds the message; the following ones repeat the usage.
        _ => error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    };
    let unknown = invalid.as_deref().filter(|_| is_flag && error.kind() == ErrorKind::UnknownArgument);
    let near = said(ContextKind::SuggestedArg).or_else(|| said(ContextKind::SuggestedValue));
    let initial = || called.and_then(|(command, _)| command.with_initial(unknown?));
    let hint = match (near.or_else(initial), unknown, called) {
        (Some(near), ..) => format!("did you mean {near}?"),
        (None, Some(flag), Some((command, words))) if is_of_the_program(flag) => {
            let line = of_the_program(command.name, flag, words);
            format!("it is an option of the program, and stands before the command: {line}")
        }
        (None, Some(_), _) => format!("usage: {of}; put `--` before a name that begins with -"),
        (None, None, _) => match said(ContextKind::ValidValue).filter(|_| error.kind() == ErrorKind::InvalidValue) {
            Some(values) if !values.is_empty() => format!("it is one of {}", values.replace(' ', ", ")),
            _ => format!("usage: {of}"),
        },
    };
    usage(message).hint(hint)
}

/// Returns the line in which an option of the program, and its value, stand before the command.
fn of_the_program(name: &str, flag: &str, words: &[String]) -> String {
    let is_it = |word: &String| word == flag || word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('='));
    let at = words.iter().position(is_it).unwrap_or(words.len());
    let has_value = flag_of_value(&Options::command(), words.get(at).map_or(flag, String::as_str)).is_some();
    let end = (at + 1 + usize::from(has_value)).min(words.len());
    let option: Vec<&str> = match words.get(at..end).unwrap_or_default() {
        [] => vec![flag],
        option => option.iter().map(String::as_str).collect(),
    };
    let others = words.iter().take(at).chain(words.iter().skip(end)).map(String::as_str);
    let before = || std::iter::once("dfs-shell").chain(option.iter().copied()).chain(std::iter::once(name));
    elsewhere::short_line(before().chain(others)).unwrap_or_else(|| quote_words(before()))
}

/// Returns in plain words why a number was rejected; the standard library and clap use Rust terms.
fn plain(why: &str) -> String {
    if let Some((from, to)) = why.split_once(" is not in ").and_then(|(_, range)| range.split_once("..=")) {
        return format!("not from {from} to {to}");
    }
    match why {
        "invalid digit found in string" | "cannot parse integer from empty string" => "not a whole number".to_owned(),
        why if why.starts_with("number too ") => "too large".to_owned(),
        why => why.to_owned(),
    }
}

/// An argument with two names: several of the first, then one of the second.
struct SeveralThenOne {
    /// `<LOCAL> [REMOTE]...`: clap puts the dots after the second name.
    by_clap: String,
    /// `<LOCAL>... [REMOTE]`.
    ours: String,
}

impl SeveralThenOne {
    fn of(command: &clap::Command) -> Option<Self> {
        let of = |arg: &clap::Arg| match arg.get_value_names() {
            Some([several, one]) => {
                let least = arg.get_num_args().map_or(1, |range| range.min_values());
                let last = if least < 2 { format!("[{one}]") } else { format!("<{one}>") };
                Some(Self { by_clap: format!("<{several}> {last}..."), ours: format!("<{several}>... {last}") })
            }
            _ => None,
        };
        command.get_positionals().find_map(of)
    }
}

/// The result of parsing arguments.
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
        // Arguments that cannot be parsed are reported when the command runs.
        Effect::ChangesIf(changes) => V::from_arg_matches(matches).is_ok_and(|verb| changes(&verb)),
    }
}

/// Returns true if this is a flag of `dfs-shell` itself.
fn is_of_the_program(flag: &str) -> bool {
    let name = flag.trim_start_matches('-').split('=').next().unwrap_or_default();
    let program = Options::command();
    !name.is_empty() && program.get_arguments().any(|known| known.get_long() == Some(name))
}

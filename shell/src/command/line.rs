//! Builds the lines of a plan: with `--dry-run` each line shows what a command would do, and does
//! it when it is run.
//!
//! The command provides the arguments of the line, with absolute paths and expanded patterns. The
//! flags are derived from the parsed arguments, in one place for all commands, so that none is
//! forgotten.

use super::roles::{Role, roles};
use crate::lang::quote_words;
use clap::ArgMatches;
use clap::parser::ValueSource;

/// A command and its flags.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    name: &'static str,
    definition: clap::Command,
    /// Holds each flag as it is typed; a value is a word of its own.
    flags: Vec<Vec<String>>,
}

impl Line {
    /// Takes the flags from what was parsed.
    pub(crate) fn of(name: &'static str, definition: clap::Command, matches: &ArgMatches) -> Self {
        let given = |arg: &&clap::Arg| {
            !arg.is_positional() && matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
        };
        let flags = definition.get_arguments().filter(given).flat_map(|arg| written(arg, matches)).collect();
        Self { name, definition, flags }
    }

    /// Returns the line with these arguments. The flags `more` are always included.
    pub(crate) fn with(&self, more: &[&str], arguments: &[String]) -> String {
        let added = more.iter().filter(|flag| !self.flags.iter().any(|given| given.iter().eq([**flag])));
        let flags: Vec<String> =
            self.flags.iter().flatten().cloned().chain(added.map(|flag| (*flag).to_owned())).collect();
        // The action stands before the flags: `node drain --wait datanode-2`.
        let is_action =
            self.definition.get_positionals().next().is_some_and(|first| !first.get_possible_values().is_empty());
        let (action, arguments) = arguments.split_at(usize::from(is_action).min(arguments.len()));
        let words = |mark: Option<&str>| -> Vec<String> {
            let mark = mark.map(str::to_owned);
            [action, &flags].concat().into_iter().chain(mark).chain(arguments.iter().cloned()).collect()
        };
        let plain = words(None);
        let first = plain.len() - arguments.len();
        let is_read_so =
            roles(&self.definition, &plain).iter().zip(&plain).skip(first).all(|(role, word)| match role {
                Role::Argument(at) => !is_dashed(word) || takes_dashes(&self.definition, *at),
                Role::Flag | Role::Value => false,
            });
        // Such a command takes everything behind its first argument, flags included.
        let takes_all = self.definition.get_positionals().any(clap::Arg::is_trailing_var_arg_set)
            && !arguments.first().is_some_and(|first| is_dashed(first));
        let words = if is_read_so || takes_all { plain } else { words(Some("--")) };
        quote_words(std::iter::once(self.name).chain(words.iter().map(String::as_str)))
    }
}

/// Returns true if a word could be parsed as a flag.
fn is_dashed(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-')
}

/// Returns true if the argument at a position may begin with a dash, like the mode of `chmod`.
fn takes_dashes(definition: &clap::Command, at: usize) -> bool {
    let here = definition.get_positionals().nth(at).or_else(|| definition.get_positionals().last());
    here.is_some_and(clap::Arg::is_allow_hyphen_values_set)
}

/// Returns a flag as typed, once for each of its values.
fn written(arg: &clap::Arg, matches: &ArgMatches) -> Vec<Vec<String>> {
    let (short, long) =
        (arg.get_short().map(|short| format!("-{short}")), arg.get_long().map(|long| format!("--{long}")));
    let Some(flag) = short.clone().or_else(|| long.clone()) else { return Vec::new() };
    if !arg.get_action().takes_values() {
        return vec![vec![flag]];
    }
    let values = matches.get_raw(arg.get_id().as_str()).into_iter().flatten().map(|value| value.to_string_lossy());
    let word = |value: std::borrow::Cow<'_, str>| match &long {
        _ if !value.starts_with('-') => vec![flag.clone(), value.into_owned()],
        Some(long) => vec![format!("{long}={value}")],
        None => vec![format!("{flag}{value}")],
    };
    values.map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Parsed;
    use crate::command::table::Command;
    use crate::commands::COMMANDS;
    use std::ffi::OsString;

    fn matches(command: &Command, words: &[String]) -> Option<ArgMatches> {
        match command.parse(words.iter().map(OsString::from).collect()) {
            Ok(Parsed::Arguments(matches)) => Some(matches),
            Ok(Parsed::Help) | Err(_) => None,
        }
    }

    /// Returns the values of every argument with their sources.
    fn parsed(command: &Command, matches: &ArgMatches) -> Vec<(String, Option<ValueSource>, Vec<OsString>)> {
        let definition = command.definition();
        let of = |arg: &clap::Arg| {
            let id = arg.get_id().as_str();
            let values = matches.try_get_raw(id).ok().flatten().into_iter().flatten().map(OsString::from).collect();
            (id.to_owned(), matches.value_source(id), values)
        };
        definition.get_arguments().filter(|arg| arg.get_id() != "help").map(of).collect()
    }

    fn positionals(command: &Command, matches: &ArgMatches) -> Vec<String> {
        let definition = command.definition();
        let given = |id: &&str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let ids = definition.get_positionals().map(|arg| arg.get_id().as_str()).filter(given);
        let values = ids.flat_map(|id| matches.get_raw(id));
        values.flatten().map(|value| value.to_string_lossy().into_owned()).collect()
    }

    /// Returns words for the positional arguments of a command.
    fn places(definition: &clap::Command) -> Vec<String> {
        let mut words = Vec::new();
        for arg in definition.get_positionals() {
            let values = arg.get_possible_values();
            let word = values.first().map_or("3", |value| value.get_name());
            let count =
                if arg.is_required_set() { arg.get_num_args().map_or(1, |range| range.min_values()).max(1) } else { 0 };
            words.extend(std::iter::repeat_n(word.to_owned(), count));
        }
        words
    }

    /// Returns a value that the flag accepts.
    fn value(command: &Command, flag: &str, places: &[String]) -> Option<String> {
        let samples = ["3", "1s", "80x24", "nodes", "dark", "warning", "f", "-x", "none"];
        let takes = |sample: &&&str| {
            let words = [&[format!("{flag}={sample}")], places].concat();
            matches(command, &words).is_some()
        };
        samples.iter().find(takes).map(|sample| (*sample).to_owned())
    }

    #[test]
    fn a_line_reads_back_as_what_was_parsed() {
        let mut seen = 0;
        for command in COMMANDS.iter() {
            let definition = command.definition();
            let places = places(&definition);
            let flags: Vec<Vec<String>> = definition
                .get_arguments()
                .filter(|arg| !arg.is_positional() && arg.get_id() != "help")
                .filter_map(|arg| {
                    let flag = arg.get_long().map(|long| format!("--{long}"));
                    let flag = flag.or_else(|| arg.get_short().map(|short| format!("-{short}")))?;
                    if !arg.get_action().takes_values() {
                        return Some(vec![flag]);
                    }
                    let value = value(command, &flag, &places)?;
                    Some(vec![flag, value])
                })
                .collect();
            // No flag, each one alone, and every pair: conflicting pairs are rejected.
            let pairs = flags.iter().enumerate().flat_map(|(at, one)| {
                flags
                    .iter()
                    .skip(at)
                    .map(move |other| if one == other { one.clone() } else { [one.clone(), other.clone()].concat() })
            });
            for set in std::iter::once(Vec::new()).chain(pairs) {
                for dashes in [false, true] {
                    // Names that begin with a dash follow `--`.
                    let names: Vec<String> = match dashes {
                        true if definition.get_positionals().all(|arg| arg.get_possible_values().is_empty()) => {
                            std::iter::once("--".to_owned()).chain(places.iter().map(|_| "-r".to_owned())).collect()
                        }
                        _ => places.clone(),
                    };
                    let Some(given) = matches(command, &[set.clone(), names].concat()) else { continue };
                    let line =
                        Line::of(command.name, command.definition(), &given).with(&[], &positionals(command, &given));
                    let words: Vec<String> =
                        crate::lang::parse(&line).expect(&line).into_iter().flat_map(words).collect();
                    let again = matches(command, words.get(1..).unwrap_or_default()).expect(&line);
                    assert_eq!(parsed(command, &again), parsed(command, &given), "{line}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 300, "{seen}");
    }

    fn words(statement: crate::lang::Statement) -> Vec<String> {
        let crate::lang::Action::Command { words, .. } = statement.action else { panic!("a command") };
        let scope = crate::lang::Scope::default();
        words.iter().flat_map(|word| scope.expand(word).expect("no variables")).map(|text| text.plain()).collect()
    }
}

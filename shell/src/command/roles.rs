//! Classifies the words of a command line: a flag, the value of a flag, or an argument. Pure; used
//! for pattern expansion and completion.

use clap::{Arg, Command};

/// The role of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Flag,
    /// The value of the flag before it.
    Value,
    /// The argument with this number, from 0.
    Argument(usize),
}

/// Returns the roles of the words after the name of a command.
pub(crate) fn roles<S: AsRef<str>>(command: &Command, words: &[S]) -> Vec<Role> {
    let mut roles = Vec::with_capacity(words.len());
    let (mut arguments, mut only_arguments, mut value_next) = (0, false, false);
    for word in words {
        let word = word.as_ref();
        let role = if std::mem::take(&mut value_next) {
            Role::Value
        } else if !only_arguments && word == "--" {
            only_arguments = true;
            Role::Flag
        } else if !only_arguments && word.len() > 1 && word.starts_with('-') && !is_argument(command, word) {
            value_next = wants_value(command, word);
            Role::Flag
        } else {
            arguments += 1;
            Role::Argument(arguments - 1)
        };
        roles.push(role);
    }
    roles
}

/// Returns true if a word with a leading dash is an argument, like the mode in `chmod -x`.
fn is_argument(command: &Command, word: &str) -> bool {
    let takes_dashes = |arg: &clap::Arg| arg.is_allow_hyphen_values_set() && !arg.is_trailing_var_arg_set();
    let letter = word.chars().nth(1);
    let flag = letter == Some('-') || command.get_arguments().any(|arg| letter.is_some() && arg.get_short() == letter);
    !flag && command.get_positionals().any(takes_dashes)
}

/// Returns `--name` for `-name`, as find(1) and hdfs write it: one dash before the name of a long
/// flag, unless its letters are short flags as well. If there are no short flags, one dash is
/// treated as a typing error for two. Returns `None` for any other word.
pub(crate) fn long_form(command: &Command, word: &str) -> Option<String> {
    let flag = word.strip_prefix('-').filter(|flag| !flag.starts_with('-'))?;
    let name = flag.split('=').next().unwrap_or_default();
    let args = || command.get_arguments();
    let known = args().any(|arg| arg.get_long() == Some(name));
    let short = |letter| args().any(|arg| arg.get_short() == Some(letter));
    let slip =
        args().all(|arg| arg.get_short().is_none() && !(arg.is_positional() && arg.is_allow_hyphen_values_set()));
    (name.len() > 1 && (slip || (known && !name.chars().all(short)))).then(|| format!("-{word}"))
}

/// Returns true if the word after this flag is its value.
fn wants_value(command: &Command, flag: &str) -> bool {
    flag_of_value(command, flag).is_some()
}

/// Returns the flag whose value is the word after `word`.
pub(crate) fn flag_of_value<'c>(command: &'c Command, word: &str) -> Option<&'c Arg> {
    let long = long_form(command, word);
    let word = long.as_deref().unwrap_or(word);
    let mut valued = command.get_arguments().filter(|arg| !arg.is_positional() && arg.get_action().takes_values());
    if let Some(long) = word.strip_prefix("--") {
        return valued.find(|arg| arg.get_long() == Some(long));
    }
    // In `-rj 4` the last letter decides; if an earlier letter takes a value, the rest of the word
    // is that value.
    let letters = word.strip_prefix('-')?;
    let (at, flag) = letters.char_indices().find_map(|(at, letter)| {
        let flag = command.get_arguments().find(|arg| arg.get_short() == Some(letter))?;
        flag.get_action().takes_values().then_some((at + letter.len_utf8(), flag))
    })?;
    (at == letters.len()).then_some(flag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::COMMANDS;
    use Role::{Argument, Flag, Value};

    #[test]
    fn one_dash_will_do() {
        let find = COMMANDS.named("find").expect("there").definition();
        for (word, long) in [
            ("-name", Some("--name")),
            ("-under-replicated", Some("--under-replicated")),
            ("-size=+1M", Some("--size=+1M")),
            ("--name", None),
            ("-nmae", Some("--nmae")),
            ("-", None),
            ("name", None),
        ] {
            assert_eq!(long_form(&find, word).as_deref(), long, "{word}");
        }
        let words = ["/a", "-name", "-x*", "-under-replicated", "/b"];
        assert_eq!(roles(&find, &words), [Argument(0), Flag, Value, Flag, Argument(1)]);
    }

    #[test]
    fn a_mode_may_begin_with_a_dash() {
        let chmod = COMMANDS.named("chmod").expect("there").definition();
        assert_eq!(roles(&chmod, &["-R", "-x", "/a"]), [Flag, Argument(0), Argument(1)]);
        assert_eq!(roles(&chmod, &["--help", "-rw", "/a"]), [Flag, Argument(0), Argument(1)]);
    }

    #[test]
    fn flags_values_and_arguments() {
        let put = COMMANDS.named("put").expect("there").definition();
        for (words, expected) in [
            (vec!["a", "b"], vec![Argument(0), Argument(1)]),
            (vec!["-r", "-j", "4", "a"], vec![Flag, Flag, Value, Argument(0)]),
            (vec!["-rj", "4", "a"], vec![Flag, Value, Argument(0)]),
            (vec!["-j4", "a"], vec![Flag, Argument(0)]),
            (vec!["--rep=3", "a", "--rep", "3"], vec![Flag, Argument(0), Flag, Value]),
            (vec!["-", "--", "-r"], vec![Argument(0), Flag, Argument(1)]),
        ] {
            assert_eq!(roles(&put, &words), expected, "{words:?}");
        }
    }
}

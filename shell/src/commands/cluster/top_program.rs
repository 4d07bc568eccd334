//! The command line of `dfs-top`: the arguments of `top`, and the options of `dfs-shell` that
//! select a cluster.

use super::top::Top;
use crate::base::options::{HELP_CELLS, Options};
use crate::command::Verb;
use clap::{Args, CommandFactory};
use std::ffi::OsString;

/// The options of `dfs-shell` that `dfs-top` also has, by their ids.
const OF_SHELL: [&str; 6] = ["plain", "timeout", "masters", "context", "config", "no_start"];

fn of_shell() -> impl Iterator<Item = clap::Arg> {
    let options = Options::command();
    let arguments: Vec<clap::Arg> = options.get_arguments().cloned().collect();
    arguments.into_iter().filter(|argument| OF_SHELL.contains(&argument.get_id().as_str()))
}

fn definition() -> clap::Command {
    Top::augment_args(clap::Command::new("dfs-top"))
        .bin_name("dfs-top")
        .version(env!("CARGO_PKG_VERSION"))
        .about("The dashboard of dfs, a distributed file system: the whole cluster on the full screen")
        .max_term_width(HELP_CELLS)
        .after_help("What is done from it are commands of dfs-shell; `dfs-shell top` is the same.")
        .args(of_shell())
}

/// Converts the command line of `dfs-top` into one of `dfs-shell`: the options that are not those
/// of `top` precede the command.
///
/// # Errors
/// If help or the version is requested, or an argument is invalid.
pub(crate) fn as_words(arguments: Vec<OsString>) -> Result<Vec<OsString>, clap::Error> {
    definition().try_get_matches_from(&arguments)?;
    let mut before = vec![OsString::from("dfs-shell")];
    let mut behind = vec![OsString::from(Top::NAME)];
    let mut arguments = arguments.into_iter().skip(1);
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy().into_owned();
        let (name, value) = text.split_once('=').map_or((text.as_str(), None), |(name, value)| (name, Some(value)));
        let name = name.strip_prefix("--");
        match of_shell().find(|option| option.get_long() == name) {
            Some(option) => {
                before.push(argument);
                if option.get_action().takes_values() && value.is_none() {
                    before.extend(arguments.next());
                }
            }
            None => behind.push(argument),
        }
    }
    Ok(before.into_iter().chain(behind).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::error::ErrorKind;

    fn words(line: &str) -> Result<String, clap::Error> {
        let words = as_words(line.split(' ').map(OsString::from).collect())?;
        Ok(words.join(" ".as_ref()).to_string_lossy().into_owned())
    }

    #[test]
    fn the_definition_is_sound() {
        definition().debug_assert();
    }

    #[test]
    fn dfs_top_is_the_command_of_the_shell() {
        for (line, expected) in [
            ("dfs-top", "dfs-shell top"),
            ("/opt/top --once --masters a:1 --view nodes", "dfs-shell --masters a:1 top --once --view nodes"),
            ("dfs-top --config=x --read-only", "dfs-shell --config=x top --read-only"),
            (
                "dfs-top --timeout 3s --no-start --plain -f --record x",
                "dfs-shell --timeout 3s --no-start --plain top -f --record x",
            ),
        ] {
            assert_eq!(words(line).expect("valid"), expected);
        }
    }

    #[test]
    fn it_speaks_of_itself() {
        let told = |line| words(line).expect_err("nothing is run");
        let version = told("dfs-top --version");
        assert_eq!(version.kind(), ErrorKind::DisplayVersion);
        assert_eq!(version.to_string(), format!("dfs-top {}\n", env!("CARGO_PKG_VERSION")));
        let help = told("dfs-top --help").to_string();
        assert!(help.contains("Usage: dfs-top [OPTIONS]"), "{help}");
        assert!(help.contains("--masters") && help.contains("--replay"), "{help}");
        assert!(!told("dfs-top --nonsense").to_string().contains("Usage: dfs-shell"));
    }
}

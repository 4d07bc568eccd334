//! `set`: variables.

use crate::base::options::Options;
use crate::base::report::usage;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::lang::quote;
use clap::Args;
use dfs_term::{Report, View};
use dfs_types::{Error, Result};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Arguments of `set`.
#[derive(Debug, Args)]
#[command(after_help = OPTIONS_HELP)]
pub(super) struct Set {
    /// NAME=VALUE; without any, variables and options are listed.
    #[arg(value_name = "NAME=VALUE")]
    settings: Vec<String>,
}

/// Variables that are options of the shell; each is on or off.
const OPTIONS: [&str; 6] = ["keep_going", "pager", "plain", "progress", "quiet", "verbose"];

const OPTIONS_HELP: &str = "\
Options of the shell, each on or off:
  keep_going  a script goes on after a failed command, as with -k
  pager       long output on a terminal goes through $PAGER
  plain       no control codes: no colours, no bars, no full screen, as with --plain
  progress    bars while files are moved; off is --no-progress
  quiet       nothing but data and errors, as with -q
  verbose     each command of a script is shown before it runs, as with -v";

/// Returns the options, each with its effect when it is on.
pub(crate) fn shell_options() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = OPTIONS_HELP.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(' '));
    lines.map(|(name, about)| (name, about.trim_start()))
}

impl Verb for Set {
    const NAME: &'static str = "set";
    const ABOUT: &'static str = "Set variables and options, or list them";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("set day=2026-11-21; mkdir -p /data/$day", "a name that is used twice"),
        ("set verbose=on", "an option of the shell"),
        ("set", "all"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Setting);
    const JSON: Json = Json::of::<Variables>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        for setting in &self.settings {
            let (name, value) = split(setting).ok_or_else(|| not_a_setting(setting))?;
            if OPTIONS.contains(&name) {
                set_option(&mut context.session.options, name, value)?;
            }
            context.session.scope.set(name, value);
            context.only_planned([setting]);
        }
        if !self.settings.is_empty() {
            return Ok(());
        }
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut variables: BTreeMap<_, _> = context.session.scope.variables().map(owned).collect();
        for name in OPTIONS {
            if let Some(on) = option(&context.session.options, name) {
                variables.insert(name.to_owned(), if on { "on" } else { "off" }.to_owned());
            }
        }
        variables.entry("pager".to_owned()).or_insert_with(|| "off".to_owned());
        context.show(&Variables(variables))
    }
}

fn not_a_setting(text: &str) -> Error {
    usage("not NAME=VALUE").at(text).hint("names are of letters, digits and _, as in set day=monday")
}

fn set_option(options: &mut Options, name: &str, value: &str) -> Result<()> {
    let on = match value {
        "on" => true,
        "off" => false,
        _ => return Err(usage(format!("{name} is an option of the shell: on or off")).at(value)),
    };
    match name {
        "keep_going" => options.keep_going = on,
        "plain" => options.plain = on,
        "progress" => options.no_progress = !on,
        "quiet" => options.quiet = on,
        "verbose" => options.verbose = on,
        // The code that shows long output reads the variable.
        _ => {}
    }
    Ok(())
}

/// Returns the value of an option; `None` for one that is only a variable.
fn option(options: &Options, name: &str) -> Option<bool> {
    match name {
        "keep_going" => Some(options.keep_going),
        "plain" => Some(options.plain),
        "progress" => Some(!options.no_progress),
        "quiet" => Some(options.quiet),
        "verbose" => Some(options.verbose),
        _ => None,
    }
}

/// Variables and options, by name.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Variables(BTreeMap<String, String>);

impl Report for Variables {
    const HOLDS_NAMES: bool = true;

    fn text(&self, _: &View) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={}\n", quote(value))).collect()
    }
}

fn split(setting: &str) -> Option<(&str, &str)> {
    let (name, value) = setting.split_once('=')?;
    let plain = name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
    (plain && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_on_or_off_and_all_explained() {
        use clap::Parser;
        let mut options = Options::parse_from(["dfs-shell"]);
        for name in OPTIONS {
            assert!(shell_options().any(|(option, about)| option == name && !about.is_empty()), "{name}");
            assert_eq!(set_option(&mut options, name, "on"), Ok(()));
            assert!(set_option(&mut options, name, "maybe").is_err());
            assert!(option(&options, name).is_none_or(|on| on), "{name}");
        }
        assert!(options.keep_going && options.plain && options.quiet && options.verbose && !options.no_progress);
    }

    #[test]
    fn names_and_values() {
        assert_eq!(split("a=b=c"), Some(("a", "b=c")));
        assert_eq!(split("a="), Some(("a", "")));
        for wrong in ["a", "=b", "1a=b", "a-b=c", ""] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}

//! `set`: variables.

use super::{Example, Group, Kind, Meaning, Verb};
use crate::context::Context;
use crate::line::quote;
use crate::report::usage;
use clap::Args;
use dfs_types::Result;
use std::collections::BTreeMap;

/// Arguments of `set`.
#[derive(Debug, Args)]
pub struct Set {
    /// NAME=VALUE; without any, the variables are listed.
    #[arg(value_name = "NAME=VALUE")]
    settings: Vec<String>,
}

impl Verb for Set {
    const NAME: &'static str = "set";
    const ABOUT: &'static str = "Set variables, or list them";
    const GROUP: Group = Group::Shell;
    const EXAMPLES: &'static [Example] =
        &[("set day=2026-11-21; mkdir -p /logs/$day", "a name used twice"), ("set", "all of them")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        for setting in &self.settings {
            let (name, value) = split(setting).ok_or_else(|| usage("not NAME=VALUE").at(setting))?;
            context.session.scope.set(name, value);
            context.only_planned(["set", setting]);
        }
        if !self.settings.is_empty() {
            return Ok(());
        }
        let variables: BTreeMap<&str, &str> = context.session.scope.variables().collect();
        if context.json() {
            let document = serde_json::json!(variables);
            return context.emit(&document);
        }
        let text: String = variables.iter().map(|(name, value)| format!("{name}={}\n", quote(value))).collect();
        context.print(&text)
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
    fn names_and_values() {
        assert_eq!(split("a=b=c"), Some(("a", "b=c")));
        assert_eq!(split("a="), Some(("a", "")));
        for wrong in ["a", "=b", "1a=b", "a-b=c", ""] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}

//! `alias`: short names for lines.

use crate::base::report::usage;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::lang::quote;
use crate::session::alias::is_name;
use clap::Args;
use dfs_term::{Report, Tone, View};
use dfs_types::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write as _;

/// Arguments of `alias`.
#[derive(Debug, Args)]
pub(super) struct Set {
    /// NAME='LINE', or a NAME to be shown; without any, all are listed.
    #[arg(value_name = "NAME=LINE")]
    aliases: Vec<String>,
}

impl Verb for Set {
    const NAME: &'static str = "alias";
    const ABOUT: &'static str = "Define or list aliases";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("alias ll='ls -l'", "from now on ll /data is ls -l /data"),
        ("alias", "all of them; write them into the file shellrc to keep them"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Plain);

    const JSON: Json = Json::of::<Vec<Alias>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let mut wanted = Vec::new();
        for text in &self.aliases {
            match text.split_once('=') {
                Some((name, line)) => set(context, name, line)?,
                None => wanted.push(text.as_str()),
            }
        }
        if let Some(unknown) = wanted.iter().find(|name| context.session.aliases.get(name).is_none()) {
            return Err(no_such(context, unknown));
        }
        if wanted.is_empty() && !self.aliases.is_empty() {
            return Ok(());
        }
        let is_wanted = |name: &str| wanted.is_empty() || wanted.contains(&name);
        let all = context.session.aliases.iter().filter(|(name, _)| is_wanted(name));
        let all = all.map(|(name, line)| Alias { name: name.to_owned(), line: line.to_owned() }).collect();
        context.show(&List(all))
    }
}

fn set(context: &mut Context<'_>, name: &str, line: &str) -> Result<()> {
    if !is_name(name) {
        return Err(usage("this cannot be the name of an alias").at(name).hint("one word, such as ll"));
    }
    context.session.aliases.set(name, line).map_err(|error| usage(error.what).at(line))
}

/// Returns the error for an unknown alias.
pub(super) fn no_such(context: &Context<'_>, name: &str) -> Error {
    let error = Error::new(ErrorCode::InvalidArgument, "there is no such alias").at(name);
    let is_command = context.interpreter.commands().named(name).is_some();
    error.hint(if is_command { "it is a command: help explains it" } else { "alias lists them" })
}

#[derive(Debug, Serialize)]
struct List(Vec<Alias>);

/// A name and its text.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Alias {
    name: String,
    /// The text that replaces the name.
    line: String,
}

impl Report for List {
    const HOLDS_NAMES: bool = true;

    fn text(&self, view: &View) -> String {
        let mut text = String::new();
        for Alias { name, line } in &self.0 {
            let _ = writeln!(text, "alias {}={}", view.paint(Tone::Command, name), quote(line));
        }
        text
    }
}

//! `config`: the settings and their sources.

use crate::base::near::nearest;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb, Words};
use crate::session::connect::{self, Understood};
use crate::session::contexts::Chosen;
use clap::{Args, ValueEnum};
use dfs_config::{Loaded, keys};
use dfs_term::{Align, Cell, Report, Table, Tone, View};
use dfs_types::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::Serialize;

/// Arguments of `config`.
#[derive(Debug, Args)]
pub(super) struct Config {
    /// Action.
    #[arg(value_name = "ACTION")]
    action: Action,
    /// Only keys that begin with this, as in client.
    #[arg(value_name = "KEY")]
    prefix: Option<String>,
}

/// An action on the settings.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Action {
    /// Each key, its value, and where that comes from.
    Show,
}

impl Verb for Config {
    const NAME: &'static str = "config";
    const ABOUT: &'static str = "Show the settings of this machine and their sources";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("config show", "all"), ("config show client", "the settings of clients")];
    const MEANING: Meaning = Meaning { first: &[Kind::Plain], rest: Kind::Words(Words(settings)), last: None };
    const JSON: Json = Json::of::<Settings>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let Action::Show = self.action;
        let Understood { loaded, directories, context: chosen, error } = connect::understood(&context.session.options)?;
        if let Some(error) = error {
            context.session.say(&format!("config: warning: {}", error.message));
        }
        let default_file = directories.config_file();
        let mut settings = Settings::of(
            &loaded,
            chosen?.as_ref(),
            context.session.options.masters.is_empty(),
            context.session.options.timeout.is_none(),
        );
        settings.default_file = default_file.display().to_string();
        if let Some(prefix) = &self.prefix {
            settings.settings.retain(|setting| setting.key.starts_with(prefix.as_str()));
            if settings.settings.is_empty() {
                return Err(no_such(prefix));
            }
        }
        context.show(&settings)
    }
}

/// Returns the error for a prefix that matches no key.
fn no_such(prefix: &str) -> Error {
    let keys: Vec<String> = keys().iter().map(|key| key.dotted()).collect();
    let sections = keys.iter().filter_map(|key| key.split_once('.')).map(|(section, _)| section);
    let near = nearest(prefix, keys.iter().map(String::as_str).chain(sections));
    let hint = near.map_or("config show lists them".to_owned(), |near| format!("did you mean {near}?"));
    Error::new(ErrorCode::NotFound, "no such setting").at(prefix).hint(hint)
}

/// Returns the keys with their descriptions.
fn settings() -> Vec<(String, String)> {
    keys().iter().map(|key| (key.dotted(), key.meaning())).collect()
}

/// The settings.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Settings {
    /// The file that was loaded; null if there was none.
    file: Option<String>,
    /// The file that is loaded by default.
    default_file: String,
    settings: Vec<Setting>,
}

/// One setting.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Setting {
    /// As in `client.masters`.
    key: String,
    /// The value as written in a TOML file.
    value: String,
    /// The source: `default`, `FILE:LINE`, `environment VARIABLE`, `context NAME`, or the option of
    /// this program.
    source: String,
    /// The variable that sets it.
    variable: String,
}

impl Settings {
    fn of(loaded: &Loaded, chosen: Option<&Chosen>, masters_as_set: bool, timeout_as_set: bool) -> Self {
        let settings = keys().iter().map(|key| {
            let dotted = key.dotted();
            let source = match dotted.as_str() {
                dotted if chosen.is_some_and(|chosen| chosen.sets(dotted)) => {
                    &format!("context {}", chosen.map_or("", Chosen::name))
                }
                "client.masters" if !masters_as_set => "--masters",
                "client.rpc_timeout" if !timeout_as_set => "--timeout",
                dotted => loaded.place(dotted).unwrap_or("default"),
            };
            Setting {
                value: key.show(&loaded.settings),
                source: source.to_owned(),
                variable: key.variable(),
                key: dotted,
            }
        });
        let file = loaded.file.as_ref().map(|file| file.display().to_string());
        Self { file, default_file: String::new(), settings: settings.collect() }
    }
}

impl Report for Settings {
    const HOLDS_NAMES: bool = true;

    fn text(&self, view: &View) -> String {
        let mut table = Table::new(&[("KEY", Align::Left), ("VALUE", Align::Left), ("FROM", Align::Left)]);
        for setting in &self.settings {
            let tone = if setting.source == "default" { Tone::Dim } else { Tone::Plain };
            table.row([&setting.key, &setting.value, &setting.source].map(|text| Cell::new(tone, text)));
        }
        let file = match &self.file {
            Some(file) => format!("file: {file}"),
            None => format!("file: none; {} would be read", self.default_file),
        };
        let hint = "a variable DFS_SECTION_KEY overrides the file; `dfsd config default` explains each key";
        format!("{}{}\n{hint}\n", table.render(view), dfs_term::text::sanitise(&file))
    }
}

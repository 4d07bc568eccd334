//! `context`: clusters by name.

use crate::base::report::usage;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb, Words};
use crate::session::alias::is_name;
use crate::session::{connect, contexts};
use clap::{Args, ValueEnum};
use dfs_config::{Contexts, DEFAULT_CONTEXT, LOCAL_CONTEXT, NamedCluster};
use dfs_term::text::sanitise;
use dfs_term::{Align, Cell, Report, Table, Tone, View};
use dfs_types::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::Serialize;
use std::path::PathBuf;

/// Arguments of `context`.
#[derive(Debug, Args)]
pub(super) struct Of {
    /// Action; default: list.
    #[arg(value_name = "ACTION")]
    action: Option<Action>,
    /// The name of the context.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// With add: HOST:PORT of its masters, comma-separated; otherwise those of the settings.
    #[arg(long, value_name = "MASTERS", value_delimiter = ',')]
    masters: Vec<String>,
    /// With add: the credential file of the user; otherwise that of the settings.
    #[arg(long, value_name = "FILE")]
    credential: Option<PathBuf>,
    /// With use: keep it for later sessions.
    #[arg(long)]
    keep: bool,
}

/// An action on contexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Action {
    /// Show them, and which one is in use.
    List,
    /// Talk to this cluster from now on.
    Use,
    /// Add one.
    Add,
    /// Forget one. Its cluster stays as it is.
    Remove,
}

impl Verb for Of {
    const NAME: &'static str = "context";
    const ABOUT: &'static str = "Switch between clusters, and between users of one";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> =
        Effect::ChangesIf(|of| of.keep || matches!(of.action, Some(Action::Add | Action::Remove)));
    const EXAMPLES: &'static [Example] = &[
        ("context list", "those that there are"),
        ("context add office --masters 10.0.0.5:9870", "another cluster"),
        ("context use office", "talk to it; each context has a working directory of its own"),
        ("context add bob --credential bob.pem", "the same cluster as another user"),
        ("context use --keep local", "back to the local cluster, also in sessions to come"),
        ("context add lab --masters 10.0.0.9:9870; context remove lab", "add one, and forget it"),
    ];
    const MEANING: Meaning =
        Meaning { first: &[Kind::Plain, Kind::Words(Words(names))], rest: Kind::Plain, last: None };
    const JSON: Json = Json::of::<Vec<Listed>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let action = self.action.unwrap_or(Action::List);
        if action != Action::Add && (!self.masters.is_empty() || self.credential.is_some()) {
            return Err(usage("--masters and --credential are for add"));
        }
        if action != Action::Use && self.keep {
            return Err(usage("--keep is for use"));
        }
        match (action, self.name.as_deref()) {
            (Action::List, None) => list(context),
            (Action::List, Some(name)) => Err(usage("list takes no name").at(name)),
            (_, None) => Err(usage("the name of a context is missing").hint("context list shows them")),
            (Action::Use, Some(name)) => switch(context, name, self.keep),
            (Action::Add, Some(name)) => add(context, name, self.masters, self.credential),
            (Action::Remove, Some(name)) => remove(context, name),
        }
    }
}

/// Returns the names of the contexts, for completion.
fn names() -> Vec<(String, String)> {
    let all = contexts::all(&crate::base::options::Options::none()).unwrap_or_default();
    all.into_iter().map(|(name, cluster)| (name, about(&cluster))).collect()
}

fn about(cluster: &NamedCluster) -> String {
    let masters = if cluster.masters.is_empty() { "the local cluster".to_owned() } else { cluster.masters.join(", ") };
    match &cluster.credential {
        Some(credential) => format!("{masters} as {}", credential.display()),
        None => masters,
    }
}

fn list(context: &mut Context<'_>) -> Result<()> {
    let options = &context.session.options;
    // An invalid current name is not an error here, because the list helps to correct it.
    let current = contexts::current(options).ok();
    let listed = |(name, cluster): (String, NamedCluster)| Listed {
        current: current.as_ref() == Some(&name),
        name,
        masters: cluster.masters,
        credential: cluster.credential.map(|credential| credential.display().to_string()),
    };
    let mut all = contexts::always(options)?;
    let kept = contexts::read().map(|contexts| all.extend(contexts.contexts));
    let all = all.into_iter().map(listed).collect();
    context.show(&List(all))?;
    context.check(kept).map(drop)
}

fn switch(context: &mut Context<'_>, name: &str, keep: bool) -> Result<()> {
    if context.session.is_covered() {
        return Err(usage("the dashboard shows one cluster").hint(format!("`:ctx {name}` shows another one")));
    }
    let planned = context.only_planned(["use", name]);
    tokio::task::block_in_place(|| crate::session::switch::switch(context.session, name))?;
    if keep && !planned {
        change(|contexts| {
            contexts.current = Some(name.to_owned()).filter(|name| name != DEFAULT_CONTEXT);
            Ok(())
        })?;
    }
    Ok(())
}

fn add(context: &mut Context<'_>, name: &str, masters: Vec<String>, credential: Option<PathBuf>) -> Result<()> {
    if !is_name(name) {
        return Err(usage("not a name for a context").at(name).hint("one word of letters, digits, -, _ and ."));
    }
    if [LOCAL_CONTEXT, DEFAULT_CONTEXT].contains(&name) {
        return Err(usage("this context is always there").at(name));
    }
    if masters.is_empty() && credential.is_none() {
        return Err(usage("a context has --masters, --credential, or both"));
    }
    for master in &masters {
        Contexts::check_master(master).map_err(|problem| usage(problem).at(master))?;
    }
    let absolute = |file: PathBuf| {
        let file = context.session.local(&file);
        std::path::absolute(&file).map_err(|error| crate::base::report::local_io(&file, &error))
    };
    let credential = credential.map(absolute).transpose()?;
    if let Some(file) = &credential {
        connect::identity(file, &connect::directories()?, &context.session.options)?;
    }
    if context.only_planned(["add", name]) {
        return Ok(());
    }
    change(|contexts| {
        if contexts.contexts.contains_key(name) {
            let error = Error::new(ErrorCode::AlreadyExists, "there is such a context already").at(name);
            return Err(error.hint(format!("context remove {name} forgets it")));
        }
        contexts.contexts.insert(name.to_owned(), NamedCluster { masters, credential });
        Ok(())
    })
}

fn remove(context: &mut Context<'_>, name: &str) -> Result<()> {
    if context.only_planned(["remove", name]) {
        return Ok(());
    }
    if contexts::current(&context.session.options).is_ok_and(|current| current == name) {
        return Err(usage("the context is in use").at(name).hint(leave(context, name)));
    }
    change(|contexts| {
        contexts.contexts.remove(name).ok_or_else(|| contexts::none_of(name))?;
        if contexts.current.as_deref() == Some(name) {
            contexts.current = None;
        }
        Ok(())
    })
}

/// Returns how to leave the context in use: what was kept is in use until something else is kept,
/// and a single command has nothing to switch.
fn leave(context: &Context<'_>, name: &str) -> &'static str {
    let is_kept = contexts::read().is_ok_and(|contexts| contexts.current.as_deref() == Some(name));
    let is_session = context.session.interactive || context.session.location.is_some();
    match &context.session.options.context {
        _ if is_kept => "context use --keep local, and then remove it",
        _ if is_session => "context use local, and then remove it",
        Some(_) => "remove it without the option --context",
        None => "remove it without DFS_CONTEXT in the environment",
    }
}

/// Changes the contexts of the user.
fn change(change: impl FnOnce(&mut Contexts) -> Result<()>) -> Result<()> {
    let mut all = contexts::read()?;
    change(&mut all)?;
    all.write(&connect::config_directory()?).map_err(|error| Error::new(ErrorCode::LocalIo, error.to_string()))
}

/// A context.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listed {
    name: String,
    /// True for the context of this session.
    current: bool,
    /// `HOST:PORT` of its masters; empty if they are found without it.
    masters: Vec<String>,
    /// The file of the credential; null if it is found without it.
    credential: Option<String>,
}

#[derive(Debug, Serialize)]
struct List(Vec<Listed>);

impl Report for List {
    fn text(&self, view: &View) -> String {
        let mut table = Table::new(&[
            ("", Align::Left),
            ("NAME", Align::Left),
            ("MASTERS", Align::Left),
            ("CREDENTIAL", Align::Left),
        ]);
        for one in &self.0 {
            let tone = if one.current { Tone::Good } else { Tone::Plain };
            let mark = if one.current { "*" } else { "" };
            let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { text };
            let masters = or_none(one.masters.join(", "));
            let credential = or_none(sanitise(one.credential.as_deref().unwrap_or_default()).into_owned());
            table.row([mark, &one.name, &masters, &credential].map(|text| Cell::new(tone, text)));
        }
        table.render(view)
    }
}

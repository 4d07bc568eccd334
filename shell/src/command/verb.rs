//! What a command says of itself.

use crate::command::Context;
use clap::Args;
use dfs_types::Result;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

/// How a command is written. Its flags and arguments are the fields of the type, by clap's derive.
pub trait Verb: Args + 'static {
    const NAME: &'static str;
    /// One line, without a full stop.
    const ABOUT: &'static str;
    const GROUP: Group;
    /// Whether it changes anything.
    const EFFECT: Effect<Self>;
    /// Lines that do something useful, and what.
    const EXAMPLES: &'static [Example];
    /// What its arguments name.
    const MEANING: Meaning;
    /// What it prints with `--json`.
    const JSON: Json = Json::None;

    /// Does it.
    fn run(self, context: &mut Context<'_>) -> impl Future<Output = Result<()>>;
}

/// A line, and what it does.
pub type Example = (&'static str, &'static str);

/// What a command prints on stdout with `--json`.
#[derive(Debug, Clone, Copy)]
pub enum Json {
    /// Nothing, or data that is the same without it.
    None,
    /// One document of this form.
    Document(fn() -> Schema),
}

impl Json {
    /// The form that the type has.
    pub const fn of<T: JsonSchema>() -> Self {
        Self::Document(schema_of::<T>)
    }
}

fn schema_of<T: JsonSchema>() -> Schema {
    // Everything in one place: who reads the page of one command need not look elsewhere.
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>()
}

/// What a command does to what outlasts the session: the cluster, and the files of this machine. What a command runs by itself
/// (`time`, `watch`, `source`) is looked at when its turn comes.
#[derive(Debug, Clone, Copy)]
pub enum Effect<V> {
    /// It changes nothing.
    Looks,
    Changes,
    /// It changes something with such arguments.
    ChangesIf(fn(&V) -> bool),
}

/// Where `help` shows a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Files,
    Cluster,
    Shell,
}

/// What an argument names: how it is completed, and whether patterns in it are put out, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Remote,
    RemoteDirectory,
    Local,
    LocalDirectory,
    Command,
    /// A command, and behind it its own arguments.
    Line,
    /// A datanode, as in `datanode-2`.
    Node,
    /// A remote path, or a datanode.
    RemoteOrNode,
    /// A daemon of the local cluster, as in `master-1`.
    Daemon,
    /// A job in the background of the session, by its number.
    Job,
    /// One of a few words, each with what is said of it.
    Words(Words),
    /// A variable, without its `$`.
    Variable,
    /// `NAME=VALUE`.
    Setting,
    /// A user, perhaps with a group behind a colon.
    User,
    Alias,
    /// Anything else: as it is.
    Plain,
}

/// Gives words, each with what is said of it.
#[derive(Debug, Clone, Copy)]
pub struct Words(pub fn() -> Vec<(String, String)>);

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::fn_addr_eq(self.0, other.0)
    }
}

impl Eq for Words {}

/// What the arguments of a command name, by place; flags do not count.
#[derive(Debug, Clone, Copy)]
pub struct Meaning {
    /// The first ones.
    pub first: &'static [Kind],
    /// Those behind them.
    pub rest: Kind,
    /// The last one of several, where it differs.
    pub last: Option<Kind>,
}

impl Meaning {
    /// A command whose arguments all name such things.
    pub const fn all(rest: Kind) -> Self {
        Self { first: &[], rest, last: None }
    }

    /// What the argument at `index` of `count` names.
    pub fn kind(&self, index: usize, count: usize) -> Kind {
        match self.last {
            Some(last) if count > 1 && index + 1 == count => last,
            _ => self.first.get(index).copied().unwrap_or(self.rest),
        }
    }
}

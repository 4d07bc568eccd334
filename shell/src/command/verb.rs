//! The description of a command.

use crate::command::Context;
use clap::Args;
use dfs_types::Result;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

/// The definition of a command. Its flags and arguments are the fields of the type, by clap's
/// derive.
pub trait Verb: Args + 'static {
    const NAME: &'static str;
    /// A description in one line, without a full stop.
    const ABOUT: &'static str;
    const GROUP: Group;
    /// Its effect on the cluster and on local files.
    const EFFECT: Effect<Self>;
    /// Example lines, each with its description.
    const EXAMPLES: &'static [Example];
    /// The meaning of its arguments.
    const MEANING: Meaning;
    /// Its output with `--json`.
    const JSON: Json = Json::None;

    /// Runs the command.
    fn run(self, context: &mut Context<'_>) -> impl Future<Output = Result<()>>;
}

/// A line and its description.
pub type Example = (&'static str, &'static str);

/// The output of a command on stdout with `--json`.
#[derive(Debug, Clone, Copy)]
pub enum Json {
    /// No output, or data that is the same without `--json`.
    None,
    /// One document of this schema.
    Document(fn() -> Schema),
}

impl Json {
    /// Returns the schema of the type.
    pub const fn of<T: JsonSchema>() -> Self {
        Self::Document(schema_of::<T>)
    }
}

fn schema_of<T: JsonSchema>() -> Schema {
    // Subschemas are inlined, so that the page of one command is complete.
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>()
}

/// The effect of a command on state that outlasts the session: the cluster, and the files of this
/// machine. Commands that a command runs (`time`, `watch`, `source`) are checked separately when
/// they run.
#[derive(Debug, Clone, Copy)]
pub enum Effect<V> {
    /// It changes nothing.
    Looks,
    Changes,
    /// It changes something if the function returns true for its arguments.
    ChangesIf(fn(&V) -> bool),
}

/// The section of `help` that lists a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Files,
    Cluster,
    Shell,
}

/// The kind of an argument. It determines completion and pattern expansion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Remote,
    RemoteDirectory,
    Local,
    LocalDirectory,
    Command,
    /// A command, followed by its own arguments.
    Line,
    /// A datanode, as in `datanode-2`.
    Node,
    /// A remote path, or a datanode.
    RemoteOrNode,
    /// A daemon of the local cluster, as in `master-1`.
    Daemon,
    /// A job in the background of the session, by its number.
    Job,
    /// One of a few words, each with its description.
    Words(Words),
    /// A variable, without its `$`.
    Variable,
    /// `NAME=VALUE`.
    Setting,
    /// A user, optionally with a group after a colon.
    User,
    Alias,
    /// Anything else; taken unchanged.
    Plain,
}

/// Returns words, each with its description.
#[derive(Debug, Clone, Copy)]
pub struct Words(pub fn() -> Vec<(String, String)>);

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::fn_addr_eq(self.0, other.0)
    }
}

impl Eq for Words {}

/// The kinds of the arguments of a command, by position; flags do not count.
#[derive(Debug, Clone, Copy)]
pub struct Meaning {
    /// The first arguments.
    pub first: &'static [Kind],
    /// The arguments after those.
    pub rest: Kind,
    /// The last one of several, if its kind differs.
    pub last: Option<Kind>,
}

impl Meaning {
    /// Creates the meaning of a command whose arguments are all of this kind.
    pub const fn all(rest: Kind) -> Self {
        Self { first: &[], rest, last: None }
    }

    /// Returns the kind of the argument at `index` of `count`.
    pub fn kind(&self, index: usize, count: usize) -> Kind {
        match self.last {
            Some(last) if count > 1 && index + 1 == count => last,
            _ => self.first.get(index).copied().unwrap_or(self.rest),
        }
    }
}

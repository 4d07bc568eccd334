//! `mkdir`.

use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use clap::Args;
use dfs_term::{Report, View};
use dfs_types::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;

/// Arguments of `mkdir`.
#[derive(Debug, Args)]
pub(super) struct Mkdir {
    /// Create missing parent directories; an existing directory is no error.
    #[arg(short)]
    parents: bool,
    /// The directories to create.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Mkdir {
    const NAME: &'static str = "mkdir";
    const ABOUT: &'static str = "Create directories";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Changes;
    const EXAMPLES: &'static [Example] = &[
        ("mkdir /data/raw", "create one"),
        ("mkdir -p /data/2026/11", "and its missing parents"),
        ("mkdir /data/{in,out}", "create two"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Made>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let mut made = Vec::new();
        for text in &self.paths {
            let path = match context.remote(text).await {
                Ok(path) => path,
                Err(error) => {
                    context.fail(error)?;
                    continue;
                }
            };
            if context.only_planned([path.as_str()]) {
                continue;
            }
            let result = context.call(client.mkdir(&path, self.parents)).await;
            if context.check(result.map_err(|error| self.hinted(about(error, &path))))?.is_some() {
                made.push(path.to_string());
            }
        }
        if made.is_empty() { Ok(()) } else { context.show(&Made { made }) }
    }
}

impl Mkdir {
    fn hinted(&self, error: Error) -> Error {
        match error.code {
            ErrorCode::NotFound if !self.parents => error.hint("mkdir -p makes the directories above it, too"),
            _ => error,
        }
    }
}

/// The result of `mkdir`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Made {
    /// Paths; with -p including those that existed.
    made: Vec<String>,
}

impl Report for Made {
    /// A success prints nothing, as with the usual mkdir.
    fn text(&self, _: &View) -> String {
        String::new()
    }
}

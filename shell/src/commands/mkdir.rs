//! `mkdir`.

use super::{Example, Group, Kind, Meaning, Verb};
use crate::context::Context;
use crate::report::about;
use clap::Args;
use dfs_types::Result;
use std::ffi::OsString;

/// Arguments of `mkdir`.
#[derive(Debug, Args)]
pub struct Mkdir {
    /// Make the folders above it, too; an existing folder is no error.
    #[arg(short)]
    parents: bool,
    /// The folders to make.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Mkdir {
    const NAME: &'static str = "mkdir";
    const ABOUT: &'static str = "Make folders";
    const GROUP: Group = Group::Files;
    const EXAMPLES: &'static [Example] = &[
        ("mkdir /data", "make one"),
        ("mkdir -p /data/2026/11", "and those above it, where they are not there"),
        ("mkdir /data/{raw,clean}", "make two"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Remote);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let mut made = Vec::new();
        for text in &self.paths {
            let path = match context.remote(text) {
                Ok(path) => path,
                Err(error) => {
                    context.fail(error)?;
                    continue;
                }
            };
            let flag = self.parents.then_some("-p");
            if context.only_planned(["mkdir"].into_iter().chain(flag).chain([path.as_str()])) {
                continue;
            }
            let result = context.call(client.mkdir(&path, self.parents)).await;
            if context.check(result.map_err(|error| about(error, &path)))?.is_some() {
                made.push(path);
            }
        }
        if context.json() && !made.is_empty() {
            return context.emit(&serde_json::json!({ "made": made }));
        }
        Ok(())
    }
}

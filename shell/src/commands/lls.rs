//! `lls`: the local folder, as the `ls` of this machine shows it.

use super::{Example, Group, Kind, Meaning, Verb};
use crate::context::Context;
use crate::report::local_io;
use clap::Args;
use dfs_types::{Error, ErrorCode, Result};
use std::ffi::OsString;
use std::path::Path;

/// Arguments of `lls`.
#[derive(Debug, Args)]
pub struct Lls {
    /// Flags and paths, as for the local ls.
    #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
    arguments: Vec<OsString>,
}

impl Verb for Lls {
    const NAME: &'static str = "lls";
    const ABOUT: &'static str = "List a local folder";
    const GROUP: Group = Group::Shell;
    const EXAMPLES: &'static [Example] = &[("lls -l", "what put would find")];
    const MEANING: Meaning = Meaning::all(Kind::Local);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        if context.json() {
            return Err(Error::new(ErrorCode::Unsupported, "the local ls knows no --json"));
        }
        let mut ls = std::process::Command::new("ls");
        if context.out.is_terminal() {
            ls.args(["-C", "-q"]);
        }
        let output = ls.args(&self.arguments).output().map_err(|error| local_io(Path::new("ls"), &error))?;
        context.out.write(&output.stdout)?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Error::new(ErrorCode::LocalIo, said.lines().next().unwrap_or("failed").trim_start_matches("ls: ")))
    }
}

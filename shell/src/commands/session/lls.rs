//! `lls`: lists a local directory with the `ls` of this machine.

use crate::base::report::{local_io, usage};
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use clap::Args;
use dfs_term::text::{columns, sanitise};
use dfs_term::{Report, View};
use dfs_types::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::ffi::OsString;
use std::fs::Metadata;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// Arguments of `lls`.
#[derive(Debug, Args)]
pub(super) struct Lls {
    /// Flags and paths, as for the local ls.
    #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
    arguments: Vec<OsString>,
}

impl Verb for Lls {
    const NAME: &'static str = "lls";
    const ABOUT: &'static str = "List a local directory";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("lls", "the local files"), ("lls -l", "with all flags of the local ls")];
    const MEANING: Meaning = Meaning::all(Kind::Local);
    const JSON: Json = Json::of::<Vec<LocalEntry>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        if context.json() {
            return context.show(&Found { entries: self.entries()? });
        }
        let mut ls = std::process::Command::new("ls");
        if context.out.is_terminal() {
            ls.args(["-C", "-q"]);
            ls.args(context.out.width().map(|cells| format!("-w{cells}")));
            ls.args(context.view().colour.then_some("--color=always"));
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

impl Lls {
    /// Returns the entries for JSON output, which the local ls does not support.
    fn entries(&self) -> Result<Vec<LocalEntry>> {
        let here = [OsString::from(".")];
        let flag = self.arguments.iter().find(|argument| argument.to_string_lossy().starts_with('-'));
        if let Some(flag) = flag {
            let what = "flags of the local ls are for people; with --json give paths alone";
            return Err(usage(what).at(flag.to_string_lossy()));
        }
        let paths = if self.arguments.is_empty() { here.as_slice() } else { &self.arguments };
        let mut entries = Vec::new();
        for path in paths.iter().map(Path::new) {
            let metadata = std::fs::symlink_metadata(path).map_err(|error| local_io(path, &error))?;
            if !metadata.is_dir() {
                entries.push(LocalEntry::of(path, &metadata));
                continue;
            }
            for entry in std::fs::read_dir(path).map_err(|error| local_io(path, &error))? {
                let entry = entry.map_err(|error| local_io(path, &error))?;
                // Entries that were deleted meanwhile are skipped.
                entries.extend(entry.metadata().ok().map(|metadata| LocalEntry::of(&entry.path(), &metadata)));
            }
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }
}

struct Found {
    entries: Vec<LocalEntry>,
}

impl Serialize for Found {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.entries.serialize(serializer)
    }
}

impl Report for Found {
    const HOLDS_NAMES: bool = true;

    fn text(&self, view: &View) -> String {
        let names: Vec<String> = self.entries.iter().map(|entry| sanitise(&entry.name).into_owned()).collect();
        columns(&names, view.cells.unwrap_or(1))
    }
}

/// A local file or directory.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LocalEntry {
    path: String,
    name: String,
    /// `file`, `directory`, `symlink` or `other`.
    #[serde(rename = "type")]
    kind: &'static str,
    size: u64,
    /// Milliseconds since 1970; null where the file system keeps no time.
    modified_ms: Option<u64>,
}

impl LocalEntry {
    fn of(path: &Path, metadata: &Metadata) -> Self {
        let kind = metadata.file_type();
        let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Self {
            path: path.to_string_lossy().into_owned(),
            name: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            kind: match kind {
                _ if kind.is_dir() => "directory",
                _ if kind.is_file() => "file",
                _ if kind.is_symlink() => "symlink",
                _ => "other",
            },
            size: metadata.len(),
            modified_ms: modified.and_then(|span| u64::try_from(span.as_millis()).ok()),
        }
    }
}

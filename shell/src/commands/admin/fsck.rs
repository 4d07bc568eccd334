//! `fsck`: finds files with missing replicas.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::found::{Search, UnderReplicatedJson};
use crate::commands::shared::places::places;
use clap::Args;
use dfs_client::{Client, ClusterStatus, Found, Looked, UnderReplicated, Wanted};
use dfs_term::figures::{count, plural, size};
use dfs_term::{Tone, View};
use dfs_types::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;

/// The start of the document.
const BEGIN: &str = "{\"files\":[";

/// Arguments of `fsck`. The exit code is 5 if chunks are missing, 1 if only replicas are missing,
/// and 6 if something seems to be missing and not all datanodes have reported yet.
#[derive(Debug, Args)]
#[command(after_help = "Exit code 5: data is missing, 1: under-replicated, 6: not all datanodes have\nreported.")]
pub(super) struct Fsck {
    /// Where to look; default: everywhere.
    #[arg(value_name = "PATH")]
    path: Option<OsString>,
}

impl Verb for Fsck {
    const NAME: &'static str = "fsck";
    const ABOUT: &'static str = "Find files with missing replicas";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("fsck", "the whole cluster"), ("fsck /data", "one directory")];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Findings>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let text = self.path.unwrap_or_else(|| "/".into());
        let Some(place) = places(context, &[text]).await?.pop() else { return Ok(()) };
        let wanted = Wanted { under_replicated: true, ..Wanted::default() };
        let before = waiting(&context.call(client.status()).await?);
        let search = Search::new(&client, &place, &wanted);
        let mut totals = Totals::default();
        let after = match look(context, &client, search, &mut totals).await {
            Ok(after) => after,
            Err(error) => {
                // A document in progress is ended; nothing is written if none was begun.
                if totals.files_under_replicated > 0 && context.json() {
                    totals.waiting = before;
                    totals.document(context)?;
                }
                return Err(error);
            }
        };
        totals.end(context, place.as_str(), before.or(after))
    }
}

/// Shows the results of the search and sums them up. Returns what the masters wait for after its
/// end.
async fn look(
    context: &mut Context<'_>,
    client: &Client,
    mut search: Search,
    totals: &mut Totals,
) -> Result<Option<String>> {
    while let Some(page) = search.page(context).await? {
        totals.look(&page.looked);
        for found in &page.entries {
            show(context, totals, found)?;
        }
    }
    // A master that has just started does not know the locations of the chunks yet.
    Ok(waiting(&context.call(client.status()).await?))
}

/// Returns what the masters wait for until they know the locations of the chunks.
fn waiting(status: &ClusterStatus) -> Option<String> {
    let mode = status.safe_mode.as_ref().filter(|mode| mode.by.is_none());
    let awaited = |(reported, expected)| format!("{reported} of {expected} datanodes have reported");
    status.awaited().map(awaited).or_else(|| mode.map(|mode| mode.reason.clone()))
}

fn show(context: &mut Context<'_>, totals: &mut Totals, found: &Found) -> Result<()> {
    let first = totals.files_under_replicated == 0;
    totals.add(&found.under_replicated);
    if context.json() {
        let file = File {
            path: found.path.as_str(),
            chunks: found.stat.chunks,
            under_replicated: found.under_replicated.into(),
        };
        let document =
            serde_json::to_string(&file).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
        return context.print(&format!("{}{document}", if first { BEGIN } else { "," }));
    }
    let (tone, words) = words(found);
    let view = context.view();
    let text = format!("{}: {}\n", context.shown(found.path.as_str()), view.paint(tone, &words));
    context.print(&text)
}

/// Returns text as in `2 of 5 chunks missing, 1 with one replica left`.
fn words(found: &Found) -> (Tone, String) {
    let UnderReplicated { missing, at_risk, under } = found.under_replicated;
    let parts = [(missing, "missing"), (at_risk, "with one replica left"), (under, "under-replicated")];
    let mut parts = parts.into_iter().filter(|(chunks, _)| *chunks > 0);
    let mut text = String::new();
    if let Some((chunks, what)) = parts.next() {
        let of = plural(found.stat.chunks, "chunk", "chunks");
        text = format!("{} of {of} {what}", count(chunks));
    }
    for (chunks, what) in parts {
        text.push_str(&format!(", {} {what}", count(chunks)));
    }
    (if missing > 0 { Tone::Bad } else { Tone::Warning }, text)
}

/// Files with missing replicas, and totals.
#[derive(Debug, Serialize, JsonSchema)]
#[allow(dead_code, reason = "describes what is written as it comes")]
struct Findings {
    files: Vec<File<'static>>,
    totals: Totals,
}

/// A file with missing replicas.
#[derive(Debug, Serialize, JsonSchema)]
struct File<'a> {
    path: &'a str,
    chunks: u64,
    under_replicated: UnderReplicatedJson,
}

/// Totals of the search.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Totals {
    /// Every chunk has all its replicas.
    healthy: bool,
    files: u64,
    directories: u64,
    bytes: u64,
    chunks: u64,
    /// Files with chunks that have missing replicas.
    files_under_replicated: u64,
    /// Files with chunks that have no known live replica.
    files_missing: u64,
    /// Chunks by their state.
    chunks_missing: u64,
    chunks_at_risk: u64,
    chunks_under: u64,
    /// What the masters wait for; null when they know the locations of all chunks.
    waiting: Option<String>,
}

impl Totals {
    fn look(&mut self, looked: &Looked) {
        self.files += looked.files;
        self.directories += looked.directories;
        self.bytes += looked.bytes;
        self.chunks += looked.chunks;
    }

    fn add(&mut self, found: &UnderReplicated) {
        self.files_under_replicated += 1;
        self.files_missing += u64::from(found.missing > 0);
        self.chunks_missing += found.missing;
        self.chunks_at_risk += found.at_risk;
        self.chunks_under += found.under;
    }

    /// Shows the totals; the command fails if replicas are missing.
    fn end(mut self, context: &mut Context<'_>, place: &str, waiting: Option<String>) -> Result<()> {
        self.waiting = waiting;
        self.healthy = self.files_under_replicated == 0 && !context.has_failed();
        if context.json() {
            self.document(context)?;
        } else {
            let text = self.text(&context.view());
            context.print_ours(&text)?;
        }
        if let (Some(reason), true) = (&self.waiting, self.files_under_replicated > 0) {
            let what = format!("waiting: {reason}; what seems to be missing may only not be reported yet");
            let error = Error::new(ErrorCode::SafeMode, what).at(place);
            return context.fail(error.hint("look again when they have reported; status tells"));
        }
        if self.chunks_missing > 0 {
            let files = plural(self.files_missing, "file cannot", "files cannot");
            let error = Error::new(ErrorCode::NoHealthyReplica, format!("{files} be read whole")).at(place);
            return context.fail(error.hint("bring the dead datanodes back; see: nodes"));
        }
        if self.files_under_replicated > 0 {
            // Every line has reported it already, and re-replication is in progress.
            context.note_failed(Error::new(ErrorCode::Internal, "replicas are missing"));
        }
        Ok(())
    }

    /// Ends the document.
    fn document(&self, context: &mut Context<'_>) -> Result<()> {
        let totals = serde_json::to_string(self).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
        let begin = if self.files_under_replicated == 0 { BEGIN } else { "" };
        context.print(&format!("{begin}],\"totals\":{totals}}}\n"))
    }

    fn text(&self, view: &View) -> String {
        let looked = format!(
            "checked {} in {}: {}, {}",
            plural(self.files, "file", "files"),
            plural(self.directories, "directory", "directories"),
            plural(self.chunks, "chunk", "chunks"),
            size(self.bytes),
        );
        let verdict = if self.healthy {
            view.paint(Tone::Good, "every chunk has all its replicas").into_owned()
        } else {
            let (missing, at_risk, under) =
                (count(self.chunks_missing), count(self.chunks_at_risk), count(self.chunks_under));
            let text = format!(
                "{missing} missing, {at_risk} with one replica left, {under} under-replicated, in {}",
                plural(self.files_under_replicated, "file", "files"),
            );
            view.paint(if self.chunks_missing > 0 { Tone::Bad } else { Tone::Warning }, &text).into_owned()
        };
        format!("{looked}\n{verdict}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_their_words() {
        let mut totals = Totals::default();
        totals.look(&Looked { files: 3, directories: 2, bytes: 5 << 20, chunks: 7 });
        totals.add(&UnderReplicated { missing: 1, at_risk: 1, under: 0 });
        totals.add(&UnderReplicated { missing: 0, at_risk: 0, under: 2 });
        assert_eq!((totals.files_under_replicated, totals.files_missing), (2, 1));
        assert_eq!(
            totals.text(&View::default()),
            "checked 3 files in 2 directories: 7 chunks, 5.0 MiB\n\
             1 missing, 1 with one replica left, 2 under-replicated, in 2 files\n"
        );
    }
}

//! Shows the results of a search as they arrive.

use super::entry::EntryJson;
use super::places::places;
use super::rows::Rows;
use crate::base::report::about;
use crate::command::Context;
use crate::lang::quote_words;
use dfs_client::{Client, Find, Found, FoundPage, UnderReplicated, Wanted};
use dfs_types::{DfsPath, Error, ErrorCode, Kind, Result};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;

/// A file or directory that was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FoundJson<'a> {
    #[serde(flatten)]
    entry: EntryJson<'a>,
    /// Its chunks with missing replicas, if the search was for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    under_replicated: Option<UnderReplicatedJson>,
}

/// Chunks with fewer live replicas than wanted; each chunk counts in one of the numbers.
#[derive(Debug, Clone, Copy, Default, Serialize, JsonSchema)]
pub(crate) struct UnderReplicatedJson {
    /// No live replica.
    missing: u64,
    /// One live replica where more are wanted.
    at_risk: u64,
    /// More than one live replica, but fewer than wanted.
    under: u64,
}

impl From<UnderReplicated> for UnderReplicatedJson {
    fn from(UnderReplicated { missing, at_risk, under }: UnderReplicated) -> Self {
        Self { missing, at_risk, under }
    }
}

impl<'a> FoundJson<'a> {
    pub(crate) fn of(found: &'a Found, with_chunks: bool) -> Self {
        Self {
            entry: EntryJson::of(found.path.as_str(), &found.stat),
            under_replicated: with_chunks.then(|| found.under_replicated.into()),
        }
    }
}

/// A search, page by page.
pub(crate) struct Search {
    client: Client,
    find: Option<Find>,
}

impl Search {
    pub(crate) fn new(client: &Client, path: &DfsPath, wanted: &Wanted) -> Self {
        let find = Find { path: path.clone(), after: None, wanted: wanted.clone() };
        Self { client: client.clone(), find: Some(find) }
    }

    /// Returns the next page; `None` after the last one.
    ///
    /// # Errors
    /// Errors of the call. Unreadable directories are reported, and the search continues.
    pub(crate) async fn page(&mut self, context: &mut Context<'_>) -> Result<Option<FoundPage>> {
        let Some(find) = self.find.take() else { return Ok(None) };
        let mut page = context.call(self.client.find(find.clone())).await.map_err(|error| about(error, &find.path))?;
        self.find = page.next.take().map(|next| Find { after: Some(next), ..find });
        for closed in &page.closed {
            context.fail(Error::new(ErrorCode::PermissionDenied, "permission denied").at(closed))?;
        }
        Ok(Some(page))
    }
}

/// Searches at and below the paths in `texts`.
///
/// # Errors
/// If the search cannot continue.
pub(crate) async fn show(context: &mut Context<'_>, texts: &[OsString], wanted: Wanted) -> Result<()> {
    let client = context.client().await?;
    let mut rows = Rows::default();
    for place in places(context, texts).await? {
        let mut search = Search::new(&client, &place, &wanted);
        loop {
            let page = search.page(context).await.map_err(|error| meant_as_name(error, &place, texts, &wanted));
            let Some(page) = context.check(page)?.flatten() else { break };
            for found in &page.entries {
                let text = line(context, found);
                rows.add(context, &FoundJson::of(found, wanted.under_replicated), || text)?;
            }
        }
    }
    rows.end(context)
}

/// Adds a hint if the name of a file was given as the place to search, as in `find notes.txt`.
fn meant_as_name(error: Error, place: &DfsPath, texts: &[OsString], wanted: &Wanted) -> Error {
    let name = place.as_str().rsplit('/').next().unwrap_or_default();
    let is_plain = wanted.name.is_none() && wanted.text.is_none() && texts.iter().any(|text| text == name);
    if error.code != ErrorCode::NotFound || !is_plain {
        return error;
    }
    let name = quote_words([name]);
    error.hint(format!("`search {name}` looks for this name everywhere, as does `find / -name {name}`"))
}

fn line(context: &Context<'_>, found: &Found) -> String {
    let shown = context.shown(found.path.as_str());
    let tone = if found.stat.kind == Kind::Directory { dfs_term::Tone::Directory } else { dfs_term::Tone::Plain };
    format!("{}\n", context.view().paint(tone, &shown))
}

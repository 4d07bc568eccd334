//! The places that a command is given: the working directory where it is given none.

use crate::base::report::about;
use crate::command::Context;
use dfs_client::Client;
use dfs_types::{DfsPath, Result, Stat};
use std::borrow::Cow;
use std::ffi::OsString;

/// What the arguments name; the working directory if there are none.
pub(crate) fn or_here(texts: &[OsString]) -> Cow<'_, [OsString]> {
    if texts.is_empty() { Cow::Owned(vec![OsString::from(".")]) } else { Cow::Borrowed(texts) }
}

/// The paths that arguments name; the working directory if there are none.
///
/// # Errors
/// At Ctrl-C; wrong paths are reported.
pub(crate) async fn places(context: &mut Context<'_>, texts: &[OsString]) -> Result<Vec<DfsPath>> {
    let mut paths = Vec::new();
    for text in or_here(texts).iter() {
        let path = context.remote(text).await;
        paths.extend(context.check(path)?);
    }
    Ok(paths)
}

/// The path and attributes of what an argument names.
///
/// # Errors
/// `invalid_path`, those of the call.
pub(crate) async fn look(context: &mut Context<'_>, client: &Client, text: &OsString) -> Result<(DfsPath, Stat)> {
    let path = context.remote(text).await?;
    let stat = context.call(client.stat(&path)).await.map_err(|error| about(error, &path))?;
    Ok((path, stat))
}

/// Does `work` with each place that arguments name, one after the other; the working directory if there are none.
///
/// # Errors
/// Those of `work`, no cluster, Ctrl-C. Places that are not there are reported.
pub(crate) async fn each<'c>(
    context: &mut Context<'c>,
    texts: &[OsString],
    mut work: impl AsyncFnMut(&mut Context<'c>, &Client, DfsPath, Stat) -> Result<()>,
) -> Result<()> {
    let client = context.client().await?;
    for text in or_here(texts).iter() {
        let found = look(context, &client, text).await;
        let Some((path, stat)) = context.check(found)? else { continue };
        work(context, &client, path, stat).await?;
    }
    Ok(())
}

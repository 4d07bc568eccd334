//! The path arguments of a command: the working directory if there are none.

use crate::base::report::about;
use crate::command::Context;
use dfs_client::Client;
use dfs_types::{DfsPath, Result, Stat};
use std::borrow::Cow;
use std::ffi::OsString;

/// Returns the arguments; the working directory if there are none.
pub(crate) fn or_here(texts: &[OsString]) -> Cow<'_, [OsString]> {
    if texts.is_empty() { Cow::Owned(vec![OsString::from(".")]) } else { Cow::Borrowed(texts) }
}

/// Returns the paths of the arguments; the working directory if there are none.
///
/// # Errors
/// At Ctrl-C; invalid paths are reported.
pub(crate) async fn places(context: &mut Context<'_>, texts: &[OsString]) -> Result<Vec<DfsPath>> {
    let mut paths = Vec::new();
    for text in or_here(texts).iter() {
        let path = context.remote(text).await;
        paths.extend(context.check(path)?);
    }
    Ok(paths)
}

/// Returns the path and the attributes of an argument.
///
/// # Errors
/// `invalid_path`, errors of the call.
pub(crate) async fn look(context: &mut Context<'_>, client: &Client, text: &OsString) -> Result<(DfsPath, Stat)> {
    let path = context.remote(text).await?;
    let stat = context.call(client.stat(&path)).await.map_err(|error| about(error, &path))?;
    Ok((path, stat))
}

/// Runs `work` for each path of the arguments, in order; for the working directory if there are
/// none.
///
/// # Errors
/// Errors of `work`, no cluster, Ctrl-C. Missing paths are reported.
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

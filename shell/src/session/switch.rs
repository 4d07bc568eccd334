//! Switches a session to another context.

use super::Session;
use super::connect;
use super::contexts::current;
use crate::base::options::Options;
use dfs_config::DEFAULT_CONTEXT;
use dfs_types::{DfsPath, Result};

/// Switches a session to another context, and to the working directory that it had there. Background
/// jobs keep their context. Blocks while a local cluster starts.
///
/// # Errors
/// When there is no such context, or its cluster cannot be found; the session stays where it is.
pub(crate) fn switch(session: &mut Session, name: &str) -> Result<()> {
    let options = Options { context: Some(name.to_owned()), ..session.options.clone() };
    let before = current(&session.options).unwrap_or_else(|_| DEFAULT_CONTEXT.to_owned());
    let target = connect::find(&options, session.may_start())?;
    let now = current(&options)?;
    session.options = options;
    session.follow(target);
    if before != now {
        let (directory, directory_before) = session.places.remove(&now).unwrap_or((DfsPath::root(), None));
        let directory = std::mem::replace(&mut session.directory, directory);
        let directory_before = std::mem::replace(&mut session.directory_before, directory_before);
        session.places.insert(before, (directory, directory_before));
    }
    Ok(())
}

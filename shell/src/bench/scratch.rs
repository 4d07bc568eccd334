//! Manages the directory of the DFS in which a bench works.

use crate::base::report::about;
use crate::command::Context;
use dfs_client::{AttributeChange, Client};
use dfs_term::clock::calendar;
use dfs_types::{DfsPath, Error, ErrorCode, Kind, Result, Timestamp};
use futures::TryStreamExt;
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;
use tokio::runtime::Handle;

/// How the names of the directories begin.
const PREFIX: &str = ".bench-";
/// The age at which a directory is of a bench that was killed: a running one sets the time of its
/// directory more often.
const LEFT_AFTER: Duration = Duration::from_secs(3600);
/// The interval at which a running bench sets the time of its directory.
const SIGN_OF_LIFE_EVERY: Duration = Duration::from_secs(600);
/// The longest time for cleaning up after Ctrl-C; a user waits for it.
const CLEAN_LIMIT: Duration = Duration::from_secs(2);

/// A temporary directory for one bench. It is deleted with its content by [`Scratch::clean`], or
/// when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub client: Client,
    directory: DfsPath,
    /// True if the directory may exist.
    exists: bool,
}

impl Scratch {
    /// Creates the directory, named after this process and the current time.
    ///
    /// # Errors
    /// Returns the errors of the mkdir.
    pub(crate) async fn make(context: &mut Context<'_>) -> Result<Self> {
        let client = context.client().await?;
        let directory = DfsPath::root().join(&format!("{PREFIX}{}-{}", std::process::id(), calendar().0))?;
        let mut scratch = Self { client, directory, exists: true };
        let made = context.call(scratch.client.mkdir(&scratch.directory, false)).await;
        // A mkdir that was interrupted may have been made.
        scratch.exists = made.as_ref().err().is_none_or(|error| error.code == ErrorCode::Interrupted);
        made.map_err(|error| about(error, &scratch.directory))?;
        Ok(scratch)
    }

    /// Deletes the directories that benches of this user have left because they were killed, and
    /// names those that may be of running ones.
    ///
    /// # Errors
    /// Returns `interrupted`.
    pub(crate) async fn clean_up_after_others(&self, context: &Context<'_>) -> Result<()> {
        let told = match context.call(self.sweep()).await {
            Err(error) if error.code == ErrorCode::Interrupted => return Err(error),
            // The bench itself reports what is wrong with the cluster.
            Err(_) => return Ok(()),
            Ok(told) => told,
        };
        told.iter().for_each(|line| context.session.say(&format!("bench: {line}")));
        Ok(())
    }

    /// Returns a sentence for each other directory of a bench of this user.
    async fn sweep(&self) -> Result<Vec<String>> {
        let (me, now) = (self.client.whoami().await?, calendar());
        let mut told = Vec::new();
        let mut entries = pin!(self.client.list_all(&DfsPath::root(), PREFIX));
        while let Some(entry) = entries.try_next().await? {
            let is_other = self.directory.name() != Some(entry.name.as_str());
            if !is_other || !is_ours(&entry.name) || entry.stat.kind != Kind::Directory || entry.stat.owner != me {
                continue;
            }
            let path = DfsPath::root().join(&entry.name)?;
            // Jobs of this session may run benches.
            let is_of_this_process = entry.name.starts_with(&format!("{PREFIX}{}-", std::process::id()));
            match is_left(entry.stat.modified, now) {
                true => {
                    if self.client.delete(&path, true).await.is_ok() {
                        told.push(format!("deleted {path}, which a killed bench had left"));
                    }
                }
                false if is_of_this_process => {}
                false => told.push(format!(
                    "{path} is of a bench that runs or was killed; one that is left is deleted after 1 h"
                )),
            }
        }
        Ok(told)
    }

    /// Shows from time to time that the bench runs; never ends.
    pub(crate) async fn stay_alive(&self) -> Infallible {
        loop {
            tokio::time::sleep(SIGN_OF_LIFE_EVERY).await;
            let change = AttributeChange { modified: Some(calendar()), ..AttributeChange::default() };
            // The next one may succeed, and the bench itself reports what is wrong with the cluster.
            drop(self.client.set_attributes(&self.directory, change).await);
        }
    }

    /// Returns the path of a name in the directory.
    ///
    /// # Errors
    /// Returns an error if the name is not valid.
    pub(crate) fn path(&self, name: &str) -> Result<DfsPath> {
        Ok(self.directory.join(name)?)
    }

    /// Deletes the directory with its content, after Ctrl-C within a short time.
    ///
    /// # Errors
    /// Returns the errors of the delete, with a hint how to delete it manually.
    pub(crate) async fn clean(mut self, interrupted: bool) -> Result<()> {
        let client = if interrupted { self.hasty() } else { self.client.clone() };
        let deleted = client.delete(&self.directory, true).await;
        self.exists = false;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) if error.code == ErrorCode::NotFound => Ok(()),
            Err(error) => {
                let what = Error::new(error.code, format!("what the bench wrote is still there: {}", error.message));
                Err(what.at(&self.directory).hint(format!("rm -r --yes {}", self.directory)))
            }
        }
    }

    fn hasty(&self) -> Client {
        self.client.clone().with_timeout(CLEAN_LIMIT).fail_fast()
    }
}

impl Drop for Scratch {
    /// A second Ctrl-C drops the bench where it is.
    fn drop(&mut self) {
        if !std::mem::take(&mut self.exists) {
            return;
        }
        let (client, directory) = (self.hasty(), &self.directory);
        // The next bench names what is left.
        let Ok(runtime) = Handle::try_current() else { return };
        tokio::task::block_in_place(|| {
            drop(runtime.block_on(tokio::time::timeout(CLEAN_LIMIT, client.delete(directory, true))));
        });
    }
}

/// Returns true for the name of a directory of a bench.
fn is_ours(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-')).is_some_and(|(a, b)| is_number(a) && is_number(b))
}

/// Returns true if a directory with this time is of a bench that does not run any more.
fn is_left(modified: Timestamp, now: Timestamp) -> bool {
    now.0.saturating_sub(modified.0) > LEFT_AFTER.as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_of_benches_are_taken_for_such() {
        assert!(is_ours(".bench-2958-1764396637000"));
        for other in [".bench-", ".bench-1", ".bench-1-", ".bench-mine", ".bench-1-2-3", "bench-1-2", ".bench-1-b"] {
            assert!(!is_ours(other), "{other}");
        }
    }

    #[test]
    fn what_is_older_than_an_hour_is_left() {
        const HOUR: u64 = 3_600_000;
        let now = Timestamp(10 * HOUR);
        assert!(is_left(Timestamp(9 * HOUR - 1), now));
        for modified in [9 * HOUR, 10 * HOUR, 11 * HOUR] {
            assert!(!is_left(Timestamp(modified), now), "{modified}");
        }
    }
}

//! Manages the directory of the DFS in which a bench works.

use crate::command::Context;
use dfs_client::Client;
use dfs_types::{DfsPath, Error, ErrorCode, Result, Timestamp};
use std::time::{SystemTime, UNIX_EPOCH};

/// A temporary directory for one bench.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub client: Client,
    directory: DfsPath,
}

impl Scratch {
    /// Creates the directory, named after this process and the current time.
    ///
    /// # Errors
    /// Returns the errors of the mkdir.
    pub(crate) async fn make(context: &mut Context<'_>) -> Result<Self> {
        let client = context.client().await?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(Timestamp(0), |since| Timestamp(since.as_millis() as u64));
        let directory = DfsPath::root().join(&format!(".bench-{}-{}", std::process::id(), now.0))?;
        context
            .call(client.mkdir(&directory, false))
            .await
            .map_err(|error| crate::base::report::about(error, &directory))?;
        Ok(Self { client, directory })
    }

    /// Returns the path of a name in the directory.
    ///
    /// # Errors
    /// Returns an error if the name is not valid.
    pub(crate) fn path(&self, name: &str) -> Result<DfsPath> {
        Ok(self.directory.join(name)?)
    }

    /// Deletes the directory with its content, also after Ctrl-C.
    ///
    /// # Errors
    /// Returns the errors of the delete, with a hint how to delete it manually.
    pub(crate) async fn clean(self) -> Result<()> {
        match self.client.delete(&self.directory, true).await {
            Ok(_) => Ok(()),
            Err(error) if error.code == ErrorCode::NotFound => Ok(()),
            Err(error) => {
                let what = Error::new(error.code, format!("what the bench wrote is still there: {}", error.message));
                Err(what.at(&self.directory).hint(format!("rm -r --yes {}", self.directory)))
            }
        }
    }
}

//! Checks that everything that was acknowledged exists.

use super::reader::{self, ReadError};
use super::rig::{Rig, path};
use crate::cluster::PATIENCE;
use dfs_client::Client;
use futures::StreamExt;
use std::collections::BTreeSet;
use std::time::Instant;

impl Rig {
    /// Reads all files. Returns the last failure; wrong bytes end the test.
    pub fn read_all(&self, client: &Client) -> Result<(), String> {
        let mut failed = Ok(());
        for (at, kept) in &self.files {
            match self.runtime.block_on(reader::read(client, at, *kept)) {
                Ok(()) => {}
                Err(ReadError::Failed(error)) => failed = Err(format!("{at}: {error}")),
                Err(ReadError::Wrong(what)) => self.fail(&format!("wrong bytes: {what}")),
            }
        }
        failed
    }

    /// Checks that every name exists, with no others next to them, and that every file can be read.
    pub fn check(&self) {
        let client = self.client();
        for (directory, expected) in [("/names", self.directories.clone()), ("/files", self.names_of_files())] {
            let listed = client.list_all(&path(directory), "").map(|entry| entry.map(|entry| entry.name.to_string()));
            let listed: Vec<_> = self.runtime.block_on(listed.collect());
            let listed: Result<BTreeSet<String>, _> = listed.into_iter().collect();
            match listed {
                Ok(found) if found == expected => {}
                Ok(found) => {
                    let lost: Vec<_> = expected.difference(&found).take(5).collect();
                    let more: Vec<_> = found.difference(&expected).take(5).collect();
                    self.fail(&format!(
                        "{directory} has {} names of {}; lost {lost:?}, not written {more:?}",
                        found.len(),
                        expected.len()
                    ));
                }
                Err(error) => self.fail(&format!("list {directory}: {error}")),
            }
        }
        let deadline = Instant::now() + PATIENCE;
        while let Err(failed) = self.read_all(&client) {
            if Instant::now() > deadline {
                self.fail(&format!("lost: {failed}"));
            }
        }
    }

    fn names_of_files(&self) -> BTreeSet<String> {
        self.files.keys().filter_map(|at| at.strip_prefix("/files/")).map(str::to_owned).collect()
    }
}

//! Queries of users, each with the caller whose rights count.

use super::State;
use super::principals::Who;
use super::tree::{self, Met};
use crate::command::{Caller, Refusal};
use dfs_types::{ChunkId, ChunkRef, DfsPath, Entry, EntryId, Stat};
use std::ops::ControlFlow;

impl State {
    fn who(&self, caller: &str) -> Result<Who, Refusal> {
        Who::of(&self.principals, &Caller::user(caller))
    }

    /// Returns the attributes of the entry at `path`.
    ///
    /// # Errors
    /// Returns an error if there is no such entry, or `caller` may not pass a directory on the way.
    pub fn stat(&self, path: &DfsPath, caller: &str) -> Result<Stat, Refusal> {
        self.tree.stat(&self.principals, path, &self.who(caller)?)
    }

    /// Returns the id of the entry at `path`.
    ///
    /// # Errors
    /// The same as for [`stat`](State::stat).
    pub fn entry_id(&self, path: &DfsPath, caller: &str) -> Result<EntryId, Refusal> {
        self.tree.entry_id(path, &self.who(caller)?)
    }

    /// Returns at most `limit` entries of a directory whose names begin with `prefix` and come
    /// after `after`, sorted by the bytes of their names, and true if there are more. A file lists
    /// as itself.
    ///
    /// # Errors
    /// Returns an error if there is no such entry, or `caller` may not read it.
    pub fn list(
        &self,
        path: &DfsPath,
        after: Option<&str>,
        prefix: &str,
        limit: usize,
        caller: &str,
    ) -> Result<(Vec<Entry>, bool), Refusal> {
        self.tree.list(&self.principals, path, after, prefix, limit, &self.who(caller)?)
    }

    /// Returns the chunks of a file that hold `offset..offset + length`, at most `max` of them,
    /// each with the offset in the file at which it begins.
    ///
    /// # Errors
    /// Returns an error if there is no such file, or `caller` may not read it.
    pub fn chunks(
        &self,
        path: &DfsPath,
        offset: u64,
        length: u64,
        max: usize,
        caller: &str,
    ) -> Result<(Stat, Vec<(u64, ChunkRef)>), Refusal> {
        let file = self.tree.readable(path, &self.who(caller)?)?;
        let place = |(begin, id): (u64, ChunkId)| Some((begin, self.chunk(id)?.reference(id)));
        let chunks = file.range(offset, length, max).into_iter().filter_map(place).collect();
        Ok((file.stat(&self.principals), chunks))
    }

    /// Checks whether [`apply`](State::apply) would refuse a commit at `path` now, so that a caller
    /// can ask before it sends data.
    ///
    /// # Errors
    /// The refusal of the commit.
    pub fn check_write(&self, path: &DfsPath, overwrite: bool, caller: &str) -> Result<(), Refusal> {
        self.tree.write_target(path, overwrite, &self.who(caller)?).map(|_| ())
    }

    /// Returns a file that names a chunk; none if no file does, or none in a directory that
    /// `caller` may look into.
    ///
    /// # Errors
    /// Returns an error if `caller` is unknown.
    pub fn file_of(&self, chunk: ChunkId, caller: &str) -> Result<Option<DfsPath>, Refusal> {
        Ok(self.tree.file_of(chunk, &self.who(caller)?))
    }

    /// Returns the attributes `user.*` of an entry, sorted by name.
    ///
    /// # Errors
    /// Returns an error if there is no such entry, or `caller` may not read it.
    pub fn user_attributes(&self, path: &DfsPath, caller: &str) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
        tree::user_attributes(&self.tree, path, &self.who(caller)?)
    }

    /// Visits the entry at `from` and everything below it, each directory before its content,
    /// sorted by the bytes of the names; with `after` only entries after that path. Ends when
    /// `visit` breaks, and then returns the path after which to continue.
    ///
    /// Entries that change between two calls may or may not be visited; entries that stay are
    /// visited once.
    ///
    /// # Errors
    /// Returns an error if there is no entry at `from`, `caller` may not pass a directory on the
    /// way to it, or `after` is not below it.
    pub fn walk(
        &self,
        from: &DfsPath,
        after: Option<&DfsPath>,
        caller: &str,
        visit: impl FnMut(&Met<'_>) -> ControlFlow<()>,
    ) -> Result<Option<DfsPath>, Refusal> {
        tree::walk(&self.tree, &self.principals, from, after, &self.who(caller)?, visit)
    }
}

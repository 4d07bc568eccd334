//! Questions of users: each with the caller whose rights count.

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

    /// The attributes of what is at `path`.
    ///
    /// # Errors
    /// When nothing is there, or `caller` may not pass a directory on the way.
    pub fn stat(&self, path: &DfsPath, caller: &str) -> Result<Stat, Refusal> {
        self.tree.stat(&self.principals, path, &self.who(caller)?)
    }

    /// The id of what is at `path`.
    ///
    /// # Errors
    /// As [`stat`](State::stat).
    pub fn entry_id(&self, path: &DfsPath, caller: &str) -> Result<EntryId, Refusal> {
        self.tree.entry_id(path, &self.who(caller)?)
    }

    /// At most `limit` entries of a directory whose names begin with `prefix` and come behind `after`, in the order of the
    /// bytes of their names, and whether there are more. A file lists as itself.
    ///
    /// # Errors
    /// When nothing is there, or `caller` may not read it.
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

    /// The chunks of a file that hold `offset..offset + length`, at most `max` of them, each with the place in the file
    /// where it begins.
    ///
    /// # Errors
    /// When there is no such file, or `caller` may not read it.
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

    /// The refusal that [`apply`](State::apply) would give now to a commit at `path`, for asking before the data is sent.
    ///
    /// # Errors
    /// As the commit.
    pub fn check_write(&self, path: &DfsPath, overwrite: bool, caller: &str) -> Result<(), Refusal> {
        self.tree.write_target(path, overwrite, &self.who(caller)?).map(|_| ())
    }

    /// A file that names a chunk; none if no file does, or none in a directory that `caller` may look into.
    ///
    /// # Errors
    /// When `caller` is nobody.
    pub fn file_of(&self, chunk: ChunkId, caller: &str) -> Result<Option<DfsPath>, Refusal> {
        Ok(self.tree.file_of(chunk, &self.who(caller)?))
    }

    /// The attributes `user.*` of an entry, in the order of their names.
    ///
    /// # Errors
    /// When nothing is there, or `caller` may not read it.
    pub fn user_attributes(&self, path: &DfsPath, caller: &str) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
        tree::user_attributes(&self.tree, path, &self.who(caller)?)
    }

    /// Shows `visit` what is at `from` and below it, each directory before what is in it, names in the order of their
    /// bytes; with `after` only what comes behind that path. Ends when `visit` breaks, and then says behind which path to
    /// go on.
    ///
    /// What changes between two stretches is met or not; what stays is met once.
    ///
    /// # Errors
    /// When nothing is at `from`, `caller` may not pass a directory on the way to it, or `after` is not in it.
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

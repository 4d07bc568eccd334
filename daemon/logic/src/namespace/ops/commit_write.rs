use crate::command::{Command, NewFile, Refusal};
use crate::namespace::node::{Attrs, File, Node};
use crate::namespace::spine::{Change, find_parent};
use crate::namespace::state::Namespace;
use crate::namespace::window::{CommittedFile, Remembered};
use dfs_types::ChunkRef;
use std::sync::Arc;

/// The permission bits that a mode may have.
pub(super) const MODE_BITS: u16 = 0o7777;

impl Namespace {
    /// Makes a file appear, whole, or replaces the old one.
    pub(in crate::namespace) fn commit_write(
        &mut self,
        command: &Command,
        new: &NewFile,
    ) -> Result<Remembered, Refusal> {
        let who = self.who(&command.caller)?;
        let replaced = self.write_target(&new.path, new.overwrite, who)?.cloned();
        check_shape(new.chunk_size, new.replication, &new.chunks)?;
        self.check_chunks(&new.chunks)?;
        let (parent, name) = find_parent(&self.root, &new.path, who)?;
        let group = parent.attrs.group;

        let attrs = Attrs {
            modified: new.modified,
            chunk_size: new.chunk_size,
            replication: new.replication,
            ..self.new_attrs(command, group, new.mode & MODE_BITS)
        };
        let file = File { attrs, chunks: new.chunks.as_slice().into() };
        let answer = CommittedFile { attrs, size: file.size(), chunks: new.chunks.len() as u64 };
        let change = Change {
            path: &new.path,
            added: file.weight(),
            removed: replaced.as_ref().map_or_else(Default::default, File::weight),
            reach: 0,
            at: command.at,
            version: self.version + 1,
        };
        change.open(&mut self.root)?.children.insert(name, Node::File(file));
        if let Some(file) = replaced {
            self.drop_chunks(file.chunks.iter());
        }
        for chunk in &new.chunks {
            self.chunks.insert(chunk, new.replication);
        }
        self.give_up(&new.abandoned);
        Ok(Remembered::File(Arc::new(answer)))
    }

    /// Whether these chunks are free to be named: handed out, not given up, no other file's, and each named once.
    fn check_chunks(&self, chunks: &[ChunkRef]) -> Result<(), Refusal> {
        for chunk in chunks {
            match chunk.id.0 {
                id if id >= self.next_chunk => return Err(Refusal::Malformed),
                _ if self.chunks.get(chunk.id).is_some() => return Err(Refusal::ChunkInUse),
                _ if self.is_given_up(chunk.id) => return Err(Refusal::TooLate),
                _ => {}
            }
        }
        if chunks.is_sorted_by(|a, b| a.id < b.id) {
            return Ok(());
        }
        let mut ids: Vec<_> = chunks.iter().map(|chunk| chunk.id).collect();
        ids.sort_unstable();
        let once = ids.is_sorted_by(|a, b| a < b);
        if once { Ok(()) } else { Err(Refusal::ChunkInUse) }
    }
}

/// Whether chunks of these lengths make a file: all full but the last, which has at least a byte.
pub(in crate::namespace) fn check_shape(chunk_size: u32, replication: u8, chunks: &[ChunkRef]) -> Result<(), Refusal> {
    let whole = match chunks.split_last() {
        None => true,
        Some((last, full)) => {
            (1..=chunk_size).contains(&last.length) && full.iter().all(|chunk| chunk.length == chunk_size)
        }
    };
    if whole && chunk_size > 0 && replication > 0 { Ok(()) } else { Err(Refusal::Malformed) }
}

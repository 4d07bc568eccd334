//! Conversions between the state in memory and its stored form.

use super::SnapshotError;
use crate::command::Copied;
use crate::state::principals::UserId;
use crate::state::results::{Asked, CommittedFile, Remembered};
use crate::state::tree::Attrs;
use crate::stored::snapshot::{AskedV1, AttrsV1, ResultV1};
use dfs_types::{ChunkId, Deleted, DfsPath, EntryId, RequestId, Timestamp};
use std::sync::Arc;

impl From<&Attrs> for AttrsV1 {
    fn from(attrs: &Attrs) -> Self {
        Self {
            id: attrs.id.0,
            created: attrs.created().0,
            modified: attrs.modified().0,
            version: attrs.version(),
            size: attrs.size(),
            owner: attrs.owner.0,
            group: attrs.group.0,
            chunk_size: attrs.chunk_size,
            mode: attrs.mode,
            layout: attrs.layout.map(Into::into),
        }
    }
}

impl From<AttrsV1> for Attrs {
    fn from(stored: AttrsV1) -> Self {
        let (owner, group) = (UserId(stored.owner), UserId(stored.group));
        let created = Timestamp(stored.created);
        let mut attrs = Self::new(EntryId(stored.id), owner, group, created, stored.version);
        (attrs.chunk_size, attrs.mode) = (stored.chunk_size, stored.mode);
        attrs.layout = stored.layout.map(Into::into);
        attrs.set_modified(Timestamp(stored.modified));
        attrs.set_size(stored.size);
        attrs
    }
}

impl From<&Asked> for AskedV1 {
    fn from(asked: &Asked) -> Self {
        Self { request: asked.request.0, caller: asked.caller.clone() }
    }
}

impl From<AskedV1> for Asked {
    fn from(stored: AskedV1) -> Self {
        Self { request: RequestId(stored.request), caller: stored.caller }
    }
}

impl From<&Remembered> for ResultV1 {
    fn from(result: &Remembered) -> Self {
        match result {
            Remembered::Done => Self::Done,
            Remembered::Deleted(Deleted { files, directories, bytes }) => {
                Self::Deleted { files: *files, directories: *directories, bytes: *bytes }
            }
            Remembered::File(file) => Self::File { attrs: (&file.attrs).into(), chunks: file.chunks },
            Remembered::Reserved { first, count } => Self::Reserved { first: first.0, count: *count },
            Remembered::Copied(copied) => {
                let Copied { files, directories, bytes, next } = &**copied;
                let next = next.as_ref().map(|next| next.as_str().to_owned());
                Self::Copied { files: *files, directories: *directories, bytes: *bytes, next }
            }
            Remembered::Refused(refusal) => Self::Refused((*refusal).into()),
        }
    }
}

impl TryFrom<ResultV1> for Remembered {
    type Error = SnapshotError;

    fn try_from(stored: ResultV1) -> Result<Self, SnapshotError> {
        Ok(match stored {
            ResultV1::Done => Self::Done,
            ResultV1::Deleted { files, directories, bytes } => Self::Deleted(Deleted { files, directories, bytes }),
            ResultV1::File { attrs, chunks } => Self::File(Arc::new(CommittedFile { attrs: attrs.into(), chunks })),
            ResultV1::Reserved { first, count } => Self::Reserved { first: ChunkId(first), count },
            ResultV1::Copied { files, directories, bytes, next } => {
                let next = next.map(|next| DfsPath::parse(&next)).transpose().map_err(|_| SnapshotError::Tree)?;
                Self::Copied(Arc::new(Copied { files, directories, bytes, next }))
            }
            ResultV1::Refused(refusal) => Self::Refused(refusal.into()),
        })
    }
}

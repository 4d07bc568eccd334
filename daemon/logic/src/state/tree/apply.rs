//! From each operation to its function.

use super::base::Tree;
use super::changed::{Changed, Context};
use super::ops;
use crate::command::{FsOp, Refusal};
use crate::state::chunks::Chunks;
use crate::state::principals::known::Principals;

/// Does what `op` says.
///
/// # Errors
/// Says why it was refused; then nothing was changed.
pub(crate) fn apply<'a>(
    tree: &mut Tree,
    op: &'a FsOp,
    cx: Context<'_>,
    principals: &mut Principals,
    chunks: &Chunks,
) -> Result<Changed<'a>, Refusal> {
    match op {
        FsOp::Mkdir { path, parents } => ops::mkdir(tree, cx, principals, path, *parents),
        FsOp::Rename { from, to, overwrite } => ops::rename(tree, cx, from, to, *overwrite),
        FsOp::Delete { path, recursive } => ops::delete(tree, cx, path, *recursive),
        FsOp::Commit(file) => ops::commit(tree, cx, principals, chunks, file),
        FsOp::SetAttributes { path, change } => ops::set_attributes(tree, cx, principals, path, change),
        FsOp::SetLayout { path, layout } => ops::set_layout(tree, cx, path, *layout),
        FsOp::Copy(copy) => ops::copy(tree, cx, principals, chunks, copy),
        FsOp::SetUserAttributes { path, changes } => ops::set_user_attributes(tree, cx, path, changes),
    }
}

//! Routes each operation to its function: one file per kind. Each function checks first and changes
//! afterwards, so that a refused command copies nothing.

mod attributes;
mod commit;
mod copy;
mod delete;
mod layout;
mod mkdir;
mod rename;
mod user_attributes;

use super::base::Tree;
use super::changed::{Changed, Context};
use crate::command::{FsOp, Refusal};
use crate::state::chunks::Chunks;
use crate::state::principals::known::Principals;
pub use attributes::CHANGED_MAX;
use attributes::set_attributes;
pub(crate) use commit::check_shape;
use commit::commit;
pub use copy::COPIED_MAX;
use copy::copy;
use delete::delete;
use layout::set_layout;
use mkdir::mkdir;
use rename::rename;
pub use user_attributes::USER_ATTRIBUTES_BYTES_MAX;
use user_attributes::set_user_attributes;
pub(crate) use user_attributes::{check_user_attributes, user_attributes};

/// Applies `op`.
///
/// # Errors
/// Returns the reason why it was refused; then nothing was changed.
pub(crate) fn apply<'a>(
    tree: &mut Tree,
    op: &'a FsOp,
    cx: Context<'_>,
    principals: &mut Principals,
    chunks: &Chunks,
) -> Result<Changed<'a>, Refusal> {
    match op {
        FsOp::Mkdir { path, parents } => mkdir(tree, cx, principals, path, *parents),
        FsOp::Rename { from, to, overwrite } => rename(tree, cx, from, to, *overwrite),
        FsOp::Delete { path, recursive } => delete(tree, cx, path, *recursive),
        FsOp::Commit(file) => commit(tree, cx, principals, chunks, file),
        FsOp::SetAttributes { path, change } => set_attributes(tree, cx, principals, path, change),
        FsOp::SetLayout { path, layout } => set_layout(tree, cx, path, *layout),
        FsOp::Copy(asked) => copy(tree, cx, principals, chunks, asked),
        FsOp::SetUserAttributes { path, changes } => set_user_attributes(tree, cx, path, changes),
    }
}

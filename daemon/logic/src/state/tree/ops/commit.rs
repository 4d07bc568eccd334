use crate::command::{NewFile, Refusal};
use crate::state::chunks::Chunks;
use crate::state::principals::known::Principals;
use crate::state::results::{CommittedFile, Remembered};
use crate::state::tree::attrs::Attrs;
use crate::state::tree::attrs::MODE_BITS;
use crate::state::tree::base::Tree;
use crate::state::tree::changed::{Changed, Context, Named};
use crate::state::tree::entry::{File, Node};
use crate::state::tree::spine::{Change, find_parent};
use dfs_types::Layout;
use std::sync::Arc;

/// Makes a file appear, whole, or replaces the old one, whose owner, group, mode and attributes
/// `user.*` stay.
pub(crate) fn commit<'a>(
    tree: &mut Tree,
    cx: Context<'_>,
    principals: &mut Principals,
    chunks: &Chunks,
    new: &'a NewFile,
) -> Result<Changed<'a>, Refusal> {
    let before = tree.write_target(&new.path, new.overwrite, cx.who)?;
    let (before, replaced) = (before.map(File::attrs), before.map(File::weight).unwrap_or_default());
    check_shape(new.chunk_size, new.layout, new.chunks.iter().map(|chunk| chunk.length))?;
    chunks.check_free(&new.chunks)?;
    let (parent, name) = find_parent(&tree.root, &new.path, cx.who)?;
    let group = parent.attrs.group;

    let mut attrs = Attrs {
        chunk_size: new.chunk_size,
        layout: Some(new.layout),
        mode: new.mode & MODE_BITS,
        ..tree.new_attrs(cx, principals, group)
    };
    if let Some(before) = before {
        tree.take_over(&mut attrs, before);
    }
    attrs.set_modified(new.modified);
    attrs.set_size(new.chunks.iter().map(|chunk| u64::from(chunk.length)).sum());
    let file = File::new(attrs, new.chunks.iter().map(|chunk| chunk.id));
    let answer = CommittedFile { attrs, chunks: new.chunks.len() as u64 };
    let change =
        Change { path: &new.path, added: file.weight(), removed: replaced, reach: 0, at: cx.at, version: cx.version };
    let replaced = change.open(&mut tree.root)?.children.insert(name, Node::File(file));
    let result = Remembered::File(Arc::new(answer));
    Ok(Changed { result, named: Named::First(new), ..Changed::removing(replaced) })
}

/// Whether chunks of these lengths make a file: all full but the last, which has at least a byte.
pub(crate) fn check_shape(
    chunk_size: u32,
    layout: Layout,
    mut lengths: impl DoubleEndedIterator<Item = u32>,
) -> Result<(), Refusal> {
    let whole = match lengths.next_back() {
        None => true,
        Some(last) => (1..=chunk_size).contains(&last) && lengths.all(|length| length == chunk_size),
    };
    if whole && chunk_size > 0 && layout.replicas() > 0 { Ok(()) } else { Err(Refusal::Malformed) }
}

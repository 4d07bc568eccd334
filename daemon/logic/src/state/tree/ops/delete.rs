use crate::command::Refusal;
use crate::state::principals::access::{EXECUTE, WRITE, Who};
use crate::state::results::Remembered;
use crate::state::tree::base::Tree;
use crate::state::tree::changed::{Changed, Context};
use crate::state::tree::entry::{Dir, Node};
use crate::state::tree::spine::{Change, find_parent};
use dfs_types::{Deleted, DfsPath};

/// Deletes a file, an empty directory, or with `recursive` a whole one.
pub(crate) fn delete(
    tree: &mut Tree,
    cx: Context<'_>,
    path: &DfsPath,
    recursive: bool,
) -> Result<Changed<'static>, Refusal> {
    let (parent, name) = find_parent(&tree.root, path, cx.who)?;
    let node = parent.children.get(name).ok_or(Refusal::NotFound)?;
    if let Node::Dir(dir) = node {
        if !recursive && !dir.children.is_empty() {
            return Err(Refusal::NotEmpty);
        }
        may_clear(dir, cx.who)?;
    }
    cx.who.need(&parent.attrs, WRITE)?;

    let removed = node.weight();
    let change = Change { path, added: Default::default(), removed, reach: 0, at: cx.at, version: cx.version };
    let node = change.open(&mut tree.root)?.children.remove(name).ok_or(Refusal::NotFound)?;
    let deleted = Deleted { files: removed.files, directories: removed.directories, bytes: removed.bytes };
    Ok(Changed { result: Remembered::Deleted(deleted), ..Changed::removing(Some(node)) })
}

/// Checks that `who` may empty `dir` and every directory below it. For the superuser the walk is
/// skipped.
fn may_clear(dir: &Dir, who: &Who) -> Result<(), Refusal> {
    if *who == Who::Super {
        return Ok(());
    }
    let mut waiting = vec![dir];
    while let Some(dir) = waiting.pop() {
        if !dir.children.is_empty() {
            who.need(&dir.attrs, WRITE | EXECUTE)?;
        }
        if dir.sums.directories > 0 {
            let below = dir
                .children
                .iter()
                .filter_map(|(_, node)| if let Node::Dir(inner) = node { Some(&**inner) } else { None });
            waiting.extend(below);
        }
    }
    Ok(())
}

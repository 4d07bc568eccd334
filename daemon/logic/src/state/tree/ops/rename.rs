use crate::command::Refusal;
use crate::state::principals::access::WRITE;
use crate::state::tree::attrs::Attrs;
use crate::state::tree::base::Tree;
use crate::state::tree::changed::{Changed, Context};
use crate::state::tree::entry::{Dir, File, Node};
use crate::state::tree::spine::{Change, find_parent};
use crate::state::tree::sums::Sums;
use dfs_types::DfsPath;
use dfs_types::path::PATH_BYTES_MAX;

/// Moves an entry, with everything below it, in one step. With `overwrite` a file may replace a
/// file; nothing replaces a directory.
pub(crate) fn rename(
    tree: &mut Tree,
    cx: Context<'_>,
    from: &DfsPath,
    to: &DfsPath,
    overwrite: bool,
) -> Result<Changed<'static>, Refusal> {
    let (source, parent) = movable(tree, cx, from)?;
    if from == to {
        return Ok(Changed::done());
    }
    cx.who.need(parent, WRITE)?;
    let (added, reach) = (source.weight(), source.reach());
    let replaced = landing(tree, cx, source, from, to, overwrite)?.map_or_else(Sums::default, File::weight);

    let none = Sums::default();
    let away = Change { path: from, added: none, removed: added, reach: 0, at: cx.at, version: cx.version };
    let node = away.open(&mut tree.root)?.children.remove(from.name().unwrap_or_default()).ok_or(Refusal::NotFound)?;
    let here = Change { path: to, added, removed: replaced, reach, at: cx.at, version: cx.version };
    let replaced = here.open(&mut tree.root)?.children.insert(to.name().unwrap_or_default(), node);
    Ok(Changed::removing(replaced))
}

/// Returns the entry to be moved, and the attributes of the directory that it leaves.
fn movable<'t>(tree: &'t Tree, cx: Context<'_>, from: &DfsPath) -> Result<(&'t Node, &'t Attrs), Refusal> {
    let (parent, name) = find_parent(&tree.root, from, cx.who)?;
    let source = parent.children.get(name).ok_or(Refusal::NotFound)?;
    Ok((source, &parent.attrs))
}

/// Checks that `source` may be moved to `to`, and returns the file that it replaces there.
fn landing<'t>(
    tree: &'t Tree,
    cx: Context<'_>,
    source: &Node,
    from: &DfsPath,
    to: &DfsPath,
    overwrite: bool,
) -> Result<Option<&'t File>, Refusal> {
    if matches!(source, Node::Dir(_)) && to.is_within(from) {
        return Err(Refusal::IntoItself);
    }
    let (parent, name) = match find_parent(&tree.root, to, cx.who) {
        Err(Refusal::Root) => return Err(Refusal::AlreadyExists),
        other => other?,
    };
    let replaced = match (parent.children.get(name), source) {
        (None, _) => None,
        (Some(Node::File(file)), Node::File(_)) if overwrite => Some(file),
        (Some(Node::File(_)), Node::Dir(_)) if overwrite => return Err(Refusal::NotADirectory),
        (Some(_), _) => return Err(Refusal::AlreadyExists),
    };
    cx.who.need(&parent.attrs, WRITE)?;
    match source {
        Node::Dir(dir) if !fits(dir, PATH_BYTES_MAX - to.as_str().len()) => Err(Refusal::PathTooLong),
        _ => Ok(replaced),
    }
}

/// Returns true if no path below `dir`, relative to it, is longer than `budget` bytes. Walks only
/// where one could be.
pub(super) fn fits(dir: &Dir, budget: usize) -> bool {
    let mut waiting = vec![(dir, budget)];
    while let Some((dir, budget)) = waiting.pop() {
        if dir.reach as usize <= budget {
            continue;
        }
        for (name, node) in dir.children.iter() {
            let Some(rest) = budget.checked_sub(1 + name.len()) else { return false };
            if let Node::Dir(inner) = node {
                waiting.push((inner, rest));
            }
        }
    }
    true
}

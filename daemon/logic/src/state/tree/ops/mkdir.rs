use crate::command::Refusal;
use crate::state::principals::access::WRITE;
use crate::state::principals::known::Principals;
use crate::state::principals::users::UserId;
use crate::state::tree::base::Tree;
use crate::state::tree::changed::{Changed, Context};
use crate::state::tree::entry::{Dir, Node};
use crate::state::tree::spine::{Change, find_deepest};
use dfs_types::DfsPath;
use std::sync::Arc;

/// Creates a directory; with `parents` also the missing ones above it, and an existing directory is
/// no error.
pub(crate) fn mkdir(
    tree: &mut Tree,
    cx: Context<'_>,
    principals: &mut Principals,
    path: &DfsPath,
    parents: bool,
) -> Result<Changed<'static>, Refusal> {
    let (deepest, missing) = find_deepest(&tree.root, path, cx.who)?;
    if missing.is_empty() {
        let fine = parents && deepest.dir().is_some();
        return if fine { Ok(Changed::done()) } else { Err(Refusal::AlreadyExists) };
    }
    let parent = deepest.dir().ok_or(Refusal::NotADirectory)?;
    if missing.len() > 1 && !parents {
        return Err(Refusal::NotFound);
    }
    cx.who.need(&parent.attrs, WRITE)?;
    let group = parent.attrs.group;
    graft(tree, cx, principals, path, &missing, group)?;
    Ok(Changed::done())
}

/// Creates the directories `missing`, the last names of `path`, each in the one before, in an
/// existing directory.
fn graft(
    tree: &mut Tree,
    cx: Context<'_>,
    principals: &mut Principals,
    path: &DfsPath,
    missing: &[&str],
    group: UserId,
) -> Result<(), Refusal> {
    let Some((first, below)) = missing.split_first() else { return Ok(()) };
    let mut attrs: Vec<_> = missing.iter().map(|_| tree.new_attrs(cx, principals, group)).collect();
    let Some(deepest) = attrs.pop() else { return Ok(()) };
    let branch = below.iter().zip(attrs).rev().fold(Dir::new(deepest), |inner, (name, attrs)| {
        let mut outer = Dir::new(attrs);
        outer.adopt(name, Node::Dir(Arc::new(inner)));
        outer
    });
    let node = Node::Dir(Arc::new(branch));
    let mut top = path.clone();
    for _ in below {
        top = top.parent().ok_or(Refusal::Root)?;
    }
    let change = Change {
        path: &top,
        added: node.weight(),
        removed: Default::default(),
        reach: node.reach(),
        at: cx.at,
        version: cx.version,
    };
    change.open(&mut tree.root)?.children.insert(first, node);
    Ok(())
}

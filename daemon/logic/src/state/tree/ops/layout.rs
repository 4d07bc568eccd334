use crate::command::Refusal;
use crate::state::tree::base::Tree;
use crate::state::tree::changed::{Changed, Context, Named};
use crate::state::tree::entry::Node;
use crate::state::tree::spine::{Change, Found, find};
use dfs_types::{DfsPath, Layout};

/// Sets the layout of a file's chunks; repair makes and removes the replicas. Permitted to the
/// owner and the superuser.
pub(crate) fn set_layout(
    tree: &mut Tree,
    cx: Context<'_>,
    path: &DfsPath,
    layout: Layout,
) -> Result<Changed<'static>, Refusal> {
    let Found::Node(Node::File(before)) = find(&tree.root, path, cx.who)? else {
        return Err(Refusal::IsADirectory);
    };
    cx.who.need_owner(&before.attrs())?;
    if layout.replicas() == 0 {
        return Err(Refusal::Malformed);
    }
    let mut file = before.clone();
    let removed = file.weight();
    file.update(|attrs| {
        attrs.layout = Some(layout);
        attrs.set_version(cx.version);
    });
    let (added, named) = (file.weight(), Named::Layout { before: before.layout(), file: file.clone() });
    let change = Change { path, added, removed, reach: 0, at: cx.at, version: cx.version };
    let dir = change.way(&mut tree.root)?;
    dir.children.insert(path.name().unwrap_or_default(), Node::File(file));
    Ok(Changed { named, ..Changed::done() })
}

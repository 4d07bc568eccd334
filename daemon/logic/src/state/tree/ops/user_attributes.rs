use crate::command::Refusal;
use crate::state::principals::access::{READ, WRITE, Who};
use crate::state::tree::base::{Tree, UserAttributes};
use crate::state::tree::changed::{Changed, Context};
use crate::state::tree::entry::Node;
use crate::state::tree::spine::{FoundMut, find};
use dfs_types::{DfsPath, USER_ATTRIBUTE_NAME_BYTES_MAX};
use smol_str::SmolStr;
use std::sync::Arc;

/// The maximum size of the attributes `user.*` of one entry in bytes, names and values together.
pub const USER_ATTRIBUTES_BYTES_MAX: usize = 64 << 10;
const PREFIX: &str = "user.";

/// Sets and removes attributes `user.*` of an entry, all or none. Permitted to those who may write
/// to it.
pub(crate) fn set_user_attributes(
    tree: &mut Tree,
    cx: Context<'_>,
    path: &DfsPath,
    changes: &[(String, Option<Vec<u8>>)],
) -> Result<Changed<'static>, Refusal> {
    let found = find(&tree.root, path, cx.who)?;
    cx.who.need(&found.attrs(), WRITE)?;
    let id = found.attrs().id;
    let mut attributes = tree.user_attributes.get(&id).map(|old| UserAttributes::clone(old)).unwrap_or_default();
    for (name, value) in changes {
        match value {
            Some(value) => {
                attributes.insert(SmolStr::new(name), value.as_slice().into());
            }
            None => {
                attributes.remove(name.as_str()).ok_or(Refusal::NoSuchAttribute)?;
            }
        }
    }
    check_user_attributes(&attributes)?;
    match FoundMut::at(&mut tree.root, path)? {
        FoundMut::Root(dir) => dir.attrs.set_version(cx.version),
        FoundMut::Node(Node::Dir(dir)) => Arc::make_mut(dir).attrs.set_version(cx.version),
        FoundMut::Node(Node::File(file)) => file.update(|attrs| attrs.set_version(cx.version)),
    }
    if attributes.is_empty() {
        tree.user_attributes.remove(&id);
    } else {
        tree.user_attributes.insert(id, Arc::new(attributes));
    }
    Ok(Changed::done())
}

/// Returns the attributes `user.*` of an entry, sorted by name. Permitted to those who may read it.
///
/// # Errors
/// Returns an error if there is no such entry, or `who` may not read it.
pub(crate) fn user_attributes(tree: &Tree, path: &DfsPath, who: &Who) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
    let found = find(&tree.root, path, who)?;
    who.need(&found.attrs(), READ)?;
    let attributes = tree.user_attributes.get(&found.attrs().id).into_iter().flat_map(|own| own.iter());
    Ok(attributes.map(|(name, value)| (name.to_string(), value.to_vec())).collect())
}

/// Checks that these can be the attributes of an entry.
pub(crate) fn check_user_attributes(attributes: &UserAttributes) -> Result<(), Refusal> {
    let named = |name: &SmolStr| {
        let rest = name.strip_prefix(PREFIX).is_some_and(|rest| !rest.is_empty() && !rest.contains('\0'));
        rest && name.len() <= USER_ATTRIBUTE_NAME_BYTES_MAX
    };
    if !attributes.keys().all(named) {
        return Err(Refusal::BadAttributeName);
    }
    let bytes: usize = attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes <= USER_ATTRIBUTES_BYTES_MAX { Ok(()) } else { Err(Refusal::AttributesTooLarge) }
}

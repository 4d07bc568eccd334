use super::rename::fits;
use crate::command::{Copied, Copy, Refusal};
use crate::state::chunks::Chunks;
use crate::state::principals::access::{EXECUTE, READ, WRITE, Who};
use crate::state::principals::known::Principals;
use crate::state::principals::users::UserId;
use crate::state::results::Remembered;
use crate::state::tree::attrs::Attrs;
use crate::state::tree::base::Tree;
use crate::state::tree::changed::{Changed, Context, Named};
use crate::state::tree::entry::{Dir, File, Node};
use crate::state::tree::spine::{Change, Found, find, find_parent};
use crate::state::tree::walk::Walk;
use dfs_types::DfsPath;
use dfs_types::path::PATH_BYTES_MAX;
use std::sync::Arc;

/// The most entries that one command copies: so many take some milliseconds, and all masters wait for them.
pub const COPIED_MAX: usize = 4_096;

/// A tree with copies in it, before it takes the place of the one that it was made from.
struct Copying<'a> {
    cx: Context<'a>,
    tree: Tree,
    owner: UserId,
    overwrite: bool,
    copied: Copied,
    /// The copies of files: their chunks have one name more.
    files: Vec<File>,
    /// The files that they replace.
    removed: Vec<Node>,
}

/// Copies a file, or with `recursive` a directory with all below it. The copy names the same
/// chunks; it belongs to the caller, is new from now on, and keeps mode, layout, chunk size and
/// attributes `user.*`. A file that is replaced keeps its own owner, group, mode, layout and
/// attributes. At most [`COPIED_MAX`] entries at a time: the outcome says behind which one to go
/// on.
pub(crate) fn copy(
    tree: &mut Tree,
    cx: Context<'_>,
    principals: &mut Principals,
    chunks: &Chunks,
    copy: &Copy,
) -> Result<Changed<'static>, Refusal> {
    let Copy { from, to, recursive, overwrite, after } = copy;
    // The tree as it is now, whatever is copied into it.
    let before = Arc::clone(&tree.root);
    let source = find(&before, from, cx.who)?;
    match source.dir() {
        Some(_) if !recursive => return Err(Refusal::IsADirectory),
        Some(dir) => may_hold(dir, from, to)?,
        None if from == to => return Err(Refusal::IntoItself),
        None => {}
    }
    // Names that are new are noted after everything was looked at: the owner of nothing is nobody.
    let mut named = principals.clone();
    let owner = named.owner(cx.caller);
    // A caller whose name stood nowhere is the owner of the first directory copied, and goes on in it as its owner.
    let who = Who::of(&named, cx.caller)?;
    let cx = Context { who: &who, ..cx };
    let (overwrite, into) = (*overwrite, tree.clone());
    let (copied, files, removed) = (Copied::default(), Vec::new(), Vec::new());
    let mut copying = Copying { cx, tree: into, owner, overwrite, copied, files, removed };
    copying.all(source, from, to, after.as_ref())?;
    for file in &copying.files {
        chunks.check_again(file.chunks())?;
    }
    let Copying { tree: filled, copied, files, removed, .. } = copying;
    (*tree, *principals) = (filled, named);
    let result = Remembered::Copied(Arc::new(copied));
    Ok(Changed { result, named: Named::Again(files), removed })
}

/// Whether a directory at `from` can be copied to `to`.
fn may_hold(dir: &Dir, from: &DfsPath, to: &DfsPath) -> Result<(), Refusal> {
    if to.is_within(from) {
        return Err(Refusal::IntoItself);
    }
    if fits(dir, PATH_BYTES_MAX - to.as_str().len()) { Ok(()) } else { Err(Refusal::PathTooLong) }
}

impl Copying<'_> {
    /// Copies what is at `from` and below it, behind `after`, until it is all done or enough for once.
    fn all(&mut self, source: Found<'_>, from: &DfsPath, to: &DfsPath, after: Option<&DfsPath>) -> Result<(), Refusal> {
        let mut walk = Walk::new(from, self.cx.who);
        match after {
            None => {
                self.entry(source, to)?;
                walk.open(source);
            }
            Some(after) if after.is_within(from) => walk.resume(source, after.parts().skip(from.parts().count())),
            Some(_) => return Err(Refusal::NotFound),
        }
        let mut count = 1;
        while let Some(found) = walk.next() {
            let below = walk.path.strip_prefix(from.as_str()).unwrap_or_default().trim_start_matches('/');
            let target = below.split('/').try_fold(to.clone(), |path, name| path.join(name));
            self.entry(found, &target.map_err(|_| Refusal::PathTooLong)?)?;
            walk.open(found);
            count += 1;
            if count >= COPIED_MAX {
                self.copied.next = Some(DfsPath::parse(&walk.path).map_err(|_| Refusal::PathTooLong)?);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Copies one entry, without what is in it.
    fn entry(&mut self, source: Found<'_>, to: &DfsPath) -> Result<(), Refusal> {
        let needed = if source.dir().is_some() { READ | EXECUTE } else { READ };
        self.cx.who.need(&source.attrs(), needed)?;
        let (parent, name) = match find_parent(&self.tree.root, to, self.cx.who) {
            Err(Refusal::Root) => return Err(Refusal::AlreadyExists),
            other => other?,
        };
        let there = parent.children.get(name);
        match (there, source.dir()) {
            (None, _) => {}
            (Some(Node::Dir(_)), Some(_)) if self.overwrite => return Ok(()),
            (Some(Node::File(_)), None) if self.overwrite => {}
            (Some(Node::File(_)), Some(_)) if self.overwrite => return Err(Refusal::NotADirectory),
            (Some(Node::Dir(_)), None) if self.overwrite => return Err(Refusal::IsADirectory),
            (Some(_), _) => return Err(Refusal::AlreadyExists),
        }
        self.cx.who.need(&parent.attrs, WRITE)?;
        let (removed, group) = (there.map(Node::weight).unwrap_or_default(), parent.attrs.group);
        let before = there.map(Node::attrs);
        let node = self.node(source, group, before);
        let change = Change {
            path: to,
            added: node.weight(),
            removed,
            reach: node.reach(),
            at: self.cx.at,
            version: self.cx.version,
        };
        let replaced = change.open(&mut self.tree.root)?.children.insert(name, node);
        self.removed.extend(replaced);
        Ok(())
    }

    /// The copy of an entry: a file with the same chunks, or a directory without content. `before`
    /// is of the file that it replaces.
    fn node(&mut self, source: Found<'_>, group: UserId, before: Option<Attrs>) -> Node {
        let id = self.tree.next_id();
        if before.is_none()
            && let Some(own) = self.tree.user_attributes.get(&source.attrs().id).cloned()
        {
            self.tree.user_attributes.insert(id, own);
        }
        let new = Attrs::new(id, self.owner, group, self.cx.at, self.cx.version);
        match source {
            Found::Node(Node::File(file)) => {
                let Attrs { chunk_size, layout, mode, size, .. } = file.attrs();
                let mut attrs = Attrs { chunk_size, layout, mode, size, ..new };
                if let Some(before) = before {
                    self.tree.take_over(&mut attrs, before);
                    attrs.layout = before.layout;
                }
                let copy = file.with(attrs);
                self.copied.files += 1;
                self.copied.bytes = self.copied.bytes.saturating_add(size.get());
                self.files.push(copy.clone());
                Node::File(copy)
            }
            Found::Root(_) | Found::Node(Node::Dir(_)) => {
                self.copied.directories += 1;
                Node::Dir(Arc::new(Dir::new(Attrs { mode: source.attrs().mode, ..new })))
            }
        }
    }
}

use crate::command::Refusal;
use crate::state::principals::access::{EXECUTE, READ, Who};
use crate::state::principals::known::Principals;
use crate::state::principals::users::UserId;
use crate::state::tree::attrs::Attrs;
use crate::state::tree::attrs::MODE_BITS;
use crate::state::tree::base::Tree;
use crate::state::tree::changed::{Changed, Context};
use crate::state::tree::entry::{Dir, Node};
use crate::state::tree::names::Range;
use crate::state::tree::spine::{Found, FoundMut, find};
use dfs_types::principal::is_user_name;
use dfs_types::{AttributeChange, DfsPath, Timestamp};
use smol_str::SmolStr;
use std::sync::Arc;

/// The maximum number of entries that one command changes: this many take a few milliseconds, and
/// all masters wait for them.
pub const CHANGED_MAX: u64 = 10_000;

/// The attributes to set, with names as numbers.
#[derive(Debug, Clone, Copy)]
struct New {
    mode: Option<u16>,
    owner: Option<UserId>,
    group: Option<UserId>,
    modified: Option<Timestamp>,
    version: u64,
}

/// Sets attributes of an entry, with `recursive` also of everything below it.
pub(crate) fn set_attributes(
    tree: &mut Tree,
    cx: Context<'_>,
    principals: &mut Principals,
    path: &DfsPath,
    change: &AttributeChange,
) -> Result<Changed<'static>, Refusal> {
    let found = find(&tree.root, path, cx.who)?;
    let may = |attrs: &Attrs| may_change(cx, attrs, change);
    may(&found.attrs())?;
    if let Some(dir) = found.dir().filter(|_| change.recursive) {
        may_change_below(dir, cx.who, may)?;
    }
    let names = [&change.owner, &change.group];
    if !names.into_iter().flatten().all(|name| is_user_name(name)) {
        return Err(Refusal::BadUserName);
    }

    let new = New {
        mode: change.mode.map(|mode| mode & MODE_BITS),
        owner: change.owner.as_deref().map(|name| principals.intern(name)),
        group: change.group.as_deref().map(|name| principals.intern(name)),
        modified: change.modified,
        version: cx.version,
    };
    let dir = match FoundMut::at(&mut tree.root, path)? {
        FoundMut::Node(Node::File(file)) => {
            file.update(|attrs| new.set(attrs));
            return Ok(Changed::done());
        }
        FoundMut::Node(Node::Dir(dir)) => Arc::make_mut(dir),
        FoundMut::Root(dir) => dir,
    };
    if change.recursive {
        *dir = new.set_below(&dir.clone());
    } else {
        new.set(&mut dir.attrs);
    }
    Ok(Changed::done())
}

/// Checks the rights: owners change their own entries, but only the superuser may set the owner,
/// and the group except to the group of the owner's own name.
fn may_change(cx: Context<'_>, attrs: &Attrs, change: &AttributeChange) -> Result<(), Refusal> {
    cx.who.need_owner(attrs)?;
    let own_group = change.group.as_deref().is_none_or(|group| group == cx.caller.user);
    let gives_away = change.owner.is_some() || !own_group;
    if gives_away { cx.who.need_super() } else { Ok(()) }
}

/// Checks that everything below `dir` may be changed, and is not too much. For the superuser the
/// walk is skipped.
fn may_change_below(dir: &Dir, who: &Who, may: impl Fn(&Attrs) -> Result<(), Refusal>) -> Result<(), Refusal> {
    if dir.sums.files.saturating_add(dir.sums.directories) >= CHANGED_MAX {
        return Err(Refusal::TooMany);
    }
    if *who == Who::Super {
        return Ok(());
    }
    let mut waiting = vec![dir];
    while let Some(dir) = waiting.pop() {
        if !dir.children.is_empty() {
            who.need(&dir.attrs, READ | EXECUTE)?;
        }
        for (_, node) in dir.children.iter() {
            may(&node.attrs())?;
            waiting.extend(Found::Node(node).dir());
        }
    }
    Ok(())
}

/// A directory whose entries are being changed.
struct Open<'a> {
    name: SmolStr,
    dir: Dir,
    rest: Range<'a, Node>,
}

impl New {
    fn set(&self, attrs: &mut Attrs) {
        attrs.mode = self.mode.unwrap_or(attrs.mode);
        attrs.owner = self.owner.unwrap_or(attrs.owner);
        attrs.group = self.group.unwrap_or(attrs.group);
        if let Some(modified) = self.modified {
            attrs.set_modified(modified);
        }
        attrs.set_version(self.version);
    }

    /// Returns the directory with everything below it changed. Without recursion, because
    /// directories are nested up to 2,048 deep.
    fn set_below(&self, before: &Dir) -> Dir {
        let open = |name: SmolStr, before| {
            let mut dir = Dir::clone(before);
            self.set(&mut dir.attrs);
            Open { name, dir, rest: before.children.iter() }
        };
        let mut above: Vec<Open<'_>> = Vec::new();
        let mut at = open(SmolStr::default(), before);
        loop {
            match at.rest.next() {
                Some((name, Node::File(file))) => {
                    let mut file = file.clone();
                    file.update(|attrs| self.set(attrs));
                    at.dir.children.insert(name, Node::File(file));
                }
                Some((name, Node::Dir(dir))) => {
                    let below = open(SmolStr::new(name), dir);
                    above.push(std::mem::replace(&mut at, below));
                }
                None => {
                    let Some(parent) = above.pop() else { return at.dir };
                    let done = std::mem::replace(&mut at, parent);
                    at.dir.children.insert(&done.name, Node::Dir(Arc::new(done.dir)));
                }
            }
        }
    }
}

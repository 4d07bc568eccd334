use crate::command::KeyRecord;
use crate::namespace::state::{Namespace, Setup};
use crate::namespace::window::Remembered;
use dfs_types::{ClusterId, Timestamp};
use std::sync::Arc;

impl Namespace {
    /// Names the cluster and its superuser, who owns the root. Only the first one counts.
    pub(in crate::namespace) fn init(
        &mut self,
        cluster: ClusterId,
        superuser: &str,
        key: &KeyRecord,
        at: Timestamp,
    ) -> Remembered {
        if self.setup.is_some() {
            return Remembered::Done;
        }
        let owner = Arc::make_mut(&mut self.users).intern(superuser);
        let root = &mut Arc::make_mut(&mut self.root).attrs;
        (root.owner, root.group) = (owner, owner);
        (root.created, root.modified) = (at, at);
        root.version = self.version + 1;
        self.setup = Some(Arc::new(Setup { cluster, superuser: superuser.to_owned() }));
        self.keys = [key.clone()].into();
        Remembered::Done
    }
}

//! Attributes, as the model changes them.

use super::{Caller, Entry, Model, parent};
use dfs_logic::command::Refusal;
use dfs_types::AttributeChange;
use dfs_types::principal::is_user_name;

impl Model {
    pub(super) fn set_attributes(
        &mut self,
        path: &str,
        change: &AttributeChange,
        who: Caller<'_>,
    ) -> Result<(), Refusal> {
        self.pass(path, who)?;
        if path != "/" && !self.entries.contains_key(path) {
            return Err(Refusal::NotFound);
        }
        let below: Vec<String> = self.below(path).map(|(name, _)| name.clone()).collect();
        let mut changed = vec![path];
        if change.recursive {
            changed.extend(below.iter().map(String::as_str));
        }
        for name in &changed {
            let own = self.attributes[*name].owner == who.name && change.owner.is_none();
            if !who.is_super() && (!own || change.group.as_ref().is_some_and(|group| group != who.name)) {
                return Err(Refusal::PermissionDenied);
            }
            if *name != path {
                self.need(parent(name), who, 4 | 1)?;
            }
        }
        if [&change.owner, &change.group].into_iter().flatten().any(|name| !is_user_name(name)) {
            return Err(Refusal::BadUserName);
        }
        for name in changed {
            let attributes = self.attributes.get_mut(name).expect("there");
            let AttributeChange { mode, owner, group, modified, .. } = change.clone();
            attributes.mode = mode.map_or(attributes.mode, |mode| mode & 0o7777);
            attributes.owner = owner.unwrap_or_else(|| attributes.owner.clone());
            attributes.group = group.unwrap_or_else(|| attributes.group.clone());
            attributes.modified = modified.unwrap_or(attributes.modified);
        }
        Ok(())
    }

    pub(super) fn set_user_attributes(
        &mut self,
        path: &str,
        changes: &[(String, Option<Vec<u8>>)],
        who: Caller<'_>,
    ) -> Result<(), Refusal> {
        self.pass(path, who)?;
        if path != "/" && !self.entries.contains_key(path) {
            return Err(Refusal::NotFound);
        }
        self.need(path, who, 2)?;
        let mut own = self.user_attributes.get(path).cloned().unwrap_or_default();
        for (name, value) in changes {
            match value {
                Some(value) => {
                    own.insert(name.clone(), value.clone());
                }
                None => {
                    own.remove(name).ok_or(Refusal::NoSuchAttribute)?;
                }
            }
        }
        if own.keys().any(|name| !name.starts_with("user.") || name.len() == 5) {
            return Err(Refusal::BadAttributeName);
        }
        self.user_attributes.remove(path);
        if !own.is_empty() {
            self.user_attributes.insert(path.to_owned(), own);
        }
        Ok(())
    }

    pub(super) fn set_replication(&mut self, path: &str, wanted: u8, who: Caller<'_>) -> Result<(), Refusal> {
        self.pass(path, who)?;
        let owner = &self.attributes.get(path).ok_or(Refusal::NotFound)?.owner;
        let own = who.is_super() || owner == who.name;
        match self.entries.get_mut(path) {
            Some(Entry::File { .. }) if !own => Err(Refusal::PermissionDenied),
            Some(Entry::File { .. }) if wanted == 0 => Err(Refusal::Malformed),
            Some(Entry::File { replication, .. }) => {
                *replication = wanted;
                Ok(())
            }
            Some(Entry::Directory) | None => Err(Refusal::IsADirectory),
        }
    }
}

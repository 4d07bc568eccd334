//! Copies inside the cluster, as the model makes them.

use super::{Caller, Entry, Model, parent};
use dfs_logic::command::{Copy, Refusal};
use dfs_types::path::PATH_BYTES_MAX;

impl Model {
    pub(super) fn copy(&mut self, copy: &Copy, who: Caller<'_>) -> Result<(), Refusal> {
        let (from, to) = (copy.from.as_str(), copy.to.as_str());
        self.pass(from, who)?;
        let is_directory = self.is_directory(from);
        if !is_directory && !self.entries.contains_key(from) {
            return Err(Refusal::NotFound);
        }
        if is_directory && !copy.recursive {
            return Err(Refusal::IsADirectory);
        }
        if if is_directory { copy.to.is_within(&copy.from) } else { from == to } {
            return Err(Refusal::IntoItself);
        }
        let below = self.below(from).map(|(name, _)| name.clone());
        let mut copied: Vec<String> = below.chain([from.to_owned()]).collect();
        copied
            .sort_by_key(|path| path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>());
        let target = |name: &str| {
            let rest = if from == "/" { name } else { &name[from.len()..] };
            if to == "/" { rest.to_owned() } else { format!("{to}{}", if rest == "/" { "" } else { rest }) }
        };
        if is_directory && copied.iter().any(|name| target(name).len() > PATH_BYTES_MAX) {
            return Err(Refusal::PathTooLong);
        }
        for name in copied {
            self.copy_entry(&name, &target(&name), copy.overwrite, who)?;
        }
        Ok(())
    }

    fn copy_entry(&mut self, from: &str, to: &str, overwrite: bool, who: Caller<'_>) -> Result<(), Refusal> {
        let directory = self.is_directory(from);
        self.need(from, who, if directory { 4 | 1 } else { 4 })?;
        if to.is_empty() || to == "/" {
            return Err(Refusal::AlreadyExists);
        }
        self.pass(to, who)?;
        match (self.entries.get(to), directory) {
            (None, _) => {}
            (Some(Entry::Directory), true) if overwrite => return Ok(()),
            (Some(Entry::File { .. }), false) if overwrite => {}
            (Some(Entry::File { .. }), true) if overwrite => return Err(Refusal::NotADirectory),
            (Some(Entry::Directory), false) if overwrite => return Err(Refusal::IsADirectory),
            _ => return Err(Refusal::AlreadyExists),
        }
        self.need(parent(to), who, 2)?;
        let mut entry = self.entries.get(from).cloned().unwrap_or(Entry::Directory);
        let attributes = self.new_attributes(to, who, self.attributes[from].mode, who.at);
        match (self.entries.get(to), &mut entry) {
            (Some(Entry::File { replication: before, .. }), Entry::File { replication, .. }) => {
                *replication = *before;
                self.replace_attributes(to, attributes.modified);
            }
            _ => {
                self.attributes.insert(to.to_owned(), attributes);
                let own = self.user_attributes.get(from).cloned();
                self.user_attributes.extend(own.map(|own| (to.to_owned(), own)));
            }
        }
        self.entries.insert(to.to_owned(), entry);
        self.touch_parent(to, who.at);
        Ok(())
    }
}

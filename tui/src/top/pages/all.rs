//! All views together.

use super::{commands, events, files, heatmap, masters, nodes, overview, replication};
use crate::top::message::{Act, Message, Preferences};
use crate::top::page::Page;
use crate::top::page_id::PageId;
use crate::top::shared::Shared;
use std::path::PathBuf;

/// All views, each with its state.
#[derive(Debug, Default)]
pub struct Pages {
    pub overview: overview::Overview,
    pub nodes: nodes::Nodes,
    pub heatmap: heatmap::Heatmap,
    pub replication: replication::Replication,
    pub files: files::Files,
    pub masters: masters::Masters,
    pub events: events::Events,
    pub commands: commands::Commands,
}

impl Pages {
    /// Returns the views in their initial state; `directory` is the local one that the dashboard
    /// was started in.
    pub fn new(preferences: &Preferences, directory: PathBuf) -> Self {
        Self {
            nodes: nodes::Nodes::new(preferences.nodes_by.as_deref()),
            heatmap: heatmap::Heatmap::new(preferences.lens.as_deref()),
            files: files::Files::new(directory),
            ..Self::default()
        }
    }

    pub fn get(&self, page: PageId) -> &dyn Page {
        match page {
            PageId::Overview => &self.overview,
            PageId::Nodes => &self.nodes,
            PageId::Heatmap => &self.heatmap,
            PageId::Replication => &self.replication,
            PageId::Files => &self.files,
            PageId::Masters => &self.masters,
            PageId::Events => &self.events,
            PageId::Commands => &self.commands,
        }
    }

    pub fn get_mut(&mut self, page: PageId) -> &mut dyn Page {
        match page {
            PageId::Overview => &mut self.overview,
            PageId::Nodes => &mut self.nodes,
            PageId::Heatmap => &mut self.heatmap,
            PageId::Replication => &mut self.replication,
            PageId::Files => &mut self.files,
            PageId::Masters => &mut self.masters,
            PageId::Events => &mut self.events,
            PageId::Commands => &mut self.commands,
        }
    }

    /// Passes a message to all views.
    pub fn hear(&mut self, message: &Message, shared: &Shared) -> Vec<Act> {
        PageId::ALL.into_iter().flat_map(|page| self.get_mut(page).hear(message, shared)).collect()
    }

    /// Writes the settings of the views into `preferences`.
    pub fn keep(&self, preferences: &mut Preferences) {
        preferences.nodes_by = Some(self.nodes.order());
        preferences.lens = Some(self.heatmap.lens().word().to_owned());
    }
}

//! A working directory, as `pwd` and `lpwd` show it.

use dfs_term::text::sanitise;
use dfs_term::{Report, View};
use schemars::JsonSchema;
use serde::Serialize;

/// The working directory.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Here {
    pub path: String,
}

impl Report for Here {
    const HOLDS_NAMES: bool = true;

    /// On a terminal what it would obey is shown and not done; elsewhere the path is data.
    fn text(&self, view: &View) -> String {
        let path = if view.cells.is_some() { sanitise(&self.path) } else { self.path.as_str().into() };
        format!("{path}\n")
    }
}

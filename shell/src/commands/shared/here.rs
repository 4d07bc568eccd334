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

    /// On a terminal control characters are escaped; elsewhere the path is data and stays
    /// unchanged.
    fn text(&self, view: &View) -> String {
        let path = if view.cells.is_some() { sanitise(&self.path) } else { self.path.as_str().into() };
        format!("{path}\n")
    }
}

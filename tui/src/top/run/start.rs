//! What the dashboard is started with.

use super::source::Source;
use crate::top::model::Options;
use std::path::PathBuf;

/// What the dashboard runs with.
pub struct Start {
    pub options: Options,
    pub source: Source,
    /// The file that settings are kept in for the next start.
    pub preferences_file: Option<PathBuf>,
}

impl std::fmt::Debug for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Start").field("options", &self.options).finish_non_exhaustive()
    }
}

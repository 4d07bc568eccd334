//! The arguments of the dashboard.

use super::source::Source;
use crate::top::model::Options;
use std::path::PathBuf;

/// The arguments that the dashboard runs with.
pub struct Start {
    pub options: Options,
    pub source: Source,
    /// The file that preferences are stored in.
    pub preferences_file: Option<PathBuf>,
}

impl std::fmt::Debug for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Start").field("options", &self.options).finish_non_exhaustive()
    }
}

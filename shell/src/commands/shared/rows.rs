//! Lists that are shown as they come, because they may be longer than memory.

use crate::command::Context;
use dfs_types::{Error, ErrorCode, Result};
use serde::Serialize;

/// Rows for people, one array for programs.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    begun: bool,
}

impl Rows {
    /// Shows one more: `text` to people, `row` to programs.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn add(
        &mut self,
        context: &mut Context<'_>,
        row: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<()> {
        if !context.json() {
            return context.print(&text());
        }
        let begin = if std::mem::replace(&mut self.begun, true) { "," } else { "[" };
        let document =
            serde_json::to_string(row).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
        context.print(begin)?;
        context.print(&document)
    }

    /// Ends the list. Where nothing was found because something failed, there is none.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn end(self, context: &mut Context<'_>) -> Result<()> {
        match (context.json(), self.begun) {
            (true, true) => context.print("]\n"),
            (true, false) if !context.has_failed() => context.print("[]\n"),
            _ => Ok(()),
        }
    }
}

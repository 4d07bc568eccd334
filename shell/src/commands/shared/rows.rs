//! Lists that are shown as they arrive, because they may be larger than memory.

use crate::command::Context;
use dfs_types::{Error, ErrorCode, Result};
use serde::Serialize;

/// The end of the document.
const END: &str = "]\n";

/// Shows rows to people, and one array to programs. The array is complete also if the command fails
/// after its first row, because the context then ends it.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    begun: bool,
}

impl Rows {
    /// Shows one more row: `text` to people, `row` to programs.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub(crate) fn add(
        &mut self,
        context: &mut Context<'_>,
        row: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<()> {
        if !context.json() {
            return context.print(&text());
        }
        let document =
            serde_json::to_string(row).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
        if std::mem::replace(&mut self.begun, true) {
            context.print(",")?;
        } else {
            context.begin_document("[", END)?;
        }
        context.print(&document)
    }

    /// Ends the list. If nothing was found because of a failure, no list is written.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub(crate) fn end(self, context: &mut Context<'_>) -> Result<()> {
        match (context.json(), self.begun) {
            (true, true) => context.end_document(),
            (true, false) if !context.has_failed() => context.print(&format!("[{END}")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::options::Options;
    use crate::base::out::Out;
    use crate::engine::run::Engine;
    use crate::lang::Scope;
    use crate::session::Session;
    use clap::Parser;
    use tokio_util::sync::CancellationToken;

    /// Returns the output of a command that adds this many rows and then fails, or ends.
    fn written(rows: u32, ends: bool) -> String {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("out");
        let mut out = Out::file(&path, false).expect("opened");
        let mut session = Session::new(Options::parse_from(["dfs-shell", "--json"]), Scope::default());
        let mut context = Context::new(&mut session, &mut out, CancellationToken::new(), "ls", &Engine);
        let mut list = Rows::default();
        (0..rows).for_each(|row| list.add(&mut context, &row, String::new).expect("written"));
        if ends {
            list.end(&mut context).expect("written");
        }
        // The engine does the same after every command.
        context.end_document().expect("written");
        assert_eq!(out.finish().written, Ok(()));
        std::fs::read_to_string(path).expect("read")
    }

    #[test]
    fn a_document_is_whole_also_where_the_command_fails() {
        assert_eq!([written(0, true), written(1, true), written(2, true)], ["[]\n", "[0]\n", "[0,1]\n"]);
        assert_eq!([written(0, false), written(1, false), written(2, false)], ["", "[0]\n", "[0,1]\n"]);
    }
}

//! Writes a file to the output of a command.

use crate::base::own_line;
use crate::base::report::about;
use crate::command::Context;
use dfs_client::{Dest, GetOptions, Progress};
use dfs_types::{DfsPath, Result};
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Writes a file, or a range of it, to the output.
///
/// # Errors
/// Returns the errors of the read, or `interrupted` if the reader of the output has closed it.
pub(crate) async fn to_output(context: &mut Context<'_>, path: &DfsPath, range: Option<(u64, u64)>) -> Result<()> {
    let client = context.client().await?;
    let closed = Arc::new(AtomicBool::new(false));
    let terminal = context.out.is_terminal();
    let writer = Watched { file: context.out.file_handle()?, closed: closed.clone(), terminal };
    let options = GetOptions { range, ..GetOptions::default() };
    let got = client.get(path, Dest::Writer(Box::new(writer)), options, &Progress::new(), &context.cancel).await;
    if closed.load(Ordering::Relaxed) {
        context.out.note_closed();
        return Err(crate::base::report::interrupted());
    }
    got.map(drop).map_err(|error| about(error, path))
}

/// A writer that notices that its reader has closed the output.
struct Watched {
    file: File,
    closed: Arc<AtomicBool>,
    terminal: bool,
}

impl Write for Watched {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes);
        if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            self.closed.store(true, Ordering::Relaxed);
        }
        if let (true, Ok(count)) = (self.terminal, &written) {
            own_line::note(bytes.get(..*count).unwrap_or_default());
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

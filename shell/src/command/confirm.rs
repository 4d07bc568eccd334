//! Questions to the user, and waiting for standard input.

use super::Context;
use crate::base::report::{interrupted, usage};
use crate::base::stderr::{err, errln};
use dfs_types::{Error, ErrorCode, Result};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

impl Context<'_> {
    /// Asks for confirmation on a terminal; without a terminal only `--yes` is accepted.
    ///
    /// # Errors
    /// `usage` without a terminal, `interrupted` after the answer no or Ctrl-C.
    pub fn confirm(&self, question: &str, yes: bool) -> Result<()> {
        if yes {
            return Ok(());
        }
        if let Some(console) = &self.session.console {
            console.ask(question);
        }
        let stdin = io::stdin();
        if self.session.console.is_some() || !stdin.is_terminal() || !io::stderr().is_terminal() {
            return Err(usage(format!("would {question}")).hint("--yes confirms it"));
        }
        err!("{}: {question}? [y/N] ", self.command);
        let _ = io::stderr().flush();
        wait_readable(&stdin, &self.cancel)?;
        let mut answer = String::new();
        stdin.read_line(&mut answer).map_err(|_| interrupted())?;
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            Ok(())
        } else {
            Err(Error::new(ErrorCode::Interrupted, "cancelled"))
        }
    }
}

/// Waits until standard input is readable. Unlike a plain read, the wait ends at Ctrl-C.
///
/// # Errors
/// `interrupted`.
pub(crate) fn wait_readable(stdin: &io::Stdin, cancel: &CancellationToken) -> Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let pause = Timespec::try_from(Duration::from_millis(100)).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
    loop {
        let fd = stdin.as_fd();
        let mut fds = [PollFd::new(&fd, PollFlags::IN)];
        match poll(&mut fds, Some(&pause)) {
            Ok(ready) if ready > 0 => return Ok(()),
            Ok(_) | Err(rustix::io::Errno::INTR) if cancel.is_cancelled() => {
                errln!("");
                return Err(interrupted());
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Err(interrupted()),
        }
    }
}

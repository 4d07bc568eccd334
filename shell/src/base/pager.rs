//! Sends long output through `$PAGER` on a terminal if the user asked for it with `set pager=on`.

use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;

/// The pager used when `$PAGER` is not set.
const USUAL: &str = "less";
/// Keep colours, quit if everything fits, leave the text on the screen.
const LESS: &str = "RFX";

/// The size of a terminal whose output is held back until it is clear whether it fits.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    pub cells: usize,
    pub lines: usize,
}

/// Returns the size of the terminal, if stdin and stdout are terminals and there is a pager.
pub(crate) fn screen() -> Option<Screen> {
    let (stdin, stdout) = (std::io::stdin(), std::io::stdout());
    if !stdin.is_terminal() || !stdout.is_terminal() || program().is_none() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stdout).ok()?;
    let screen = Screen { cells: size.ws_col.into(), lines: size.ws_row.into() };
    (screen.cells > 0 && screen.lines > 0).then_some(screen)
}

/// Returns the command that starts the pager.
pub(crate) fn command() -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(program().unwrap_or_else(|| USUAL.to_owned()));
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", LESS);
    }
    command
}

fn program() -> Option<String> {
    match std::env::var("PAGER") {
        Ok(program) if !program.trim().is_empty() => Some(program),
        _ => {
            let directories = std::env::var_os("PATH")?;
            let there =
                std::env::split_paths(&directories).any(|directory| Path::new(&directory).join(USUAL).is_file());
            there.then(|| USUAL.to_owned())
        }
    }
}

/// Returns true if the text takes more lines than the screen has besides the next prompt.
pub(crate) fn is_long(text: &[u8], screen: Screen) -> bool {
    let mut lines = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        // The number of bytes is an upper bound of the number of cells, so this estimate errs on
        // the side of paging.
        lines += (line.len().saturating_sub(1) / screen.cells.max(1)) + 1;
        if lines >= screen.lines {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_is_what_does_not_fit() {
        let screen = Screen { cells: 10, lines: 3 };
        assert!(!is_long(b"a\nb\n", screen));
        assert!(is_long(b"a\nb\nc\n", screen));
        assert!(is_long(b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", screen));
        assert!(!is_long(b"", screen));
    }
}

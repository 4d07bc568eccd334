//! The result of a command and the exit code for it.

/// The exit code after the reader of our output has closed it, as for a program killed by SIGPIPE.
pub(crate) const READER_GONE: u8 = 141;

/// The result of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Well,
    /// The command failed, and the error has been reported.
    Failed(u8),
    /// The reader of the output has closed it, so further output is useless.
    ReaderGone,
}

impl Ended {
    /// Returns the exit code for this result.
    pub fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Failed(code) => code,
            Self::ReaderGone => READER_GONE,
        }
    }
}

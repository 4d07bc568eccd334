//! How a command ended, and the exit code that this is.

/// The exit code when whoever read our output has gone, as of a program that died of SIGPIPE.
pub(crate) const READER_GONE: u8 = 141;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Well,
    /// It failed, and that has been said.
    Failed(u8),
    /// Nobody reads our output any more: there is no point in going on.
    ReaderGone,
}

impl Ended {
    /// The exit code that this is.
    pub fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Failed(code) => code,
            Self::ReaderGone => READER_GONE,
        }
    }
}

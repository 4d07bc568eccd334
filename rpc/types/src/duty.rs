//! What operators want of a datanode.

use std::fmt;
use std::str::FromStr;

/// The wish for a datanode, which the masters keep. Whether it is live, stale or dead is another matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Duty {
    /// It takes chunks and gives them.
    #[default]
    Serve,
    /// It takes no more chunks, and those that it has are copied to others, so that it can be stopped.
    Drain,
    /// It is forgotten, until it comes again.
    Gone,
}

impl Duty {
    /// Every duty, for docs and tests.
    pub const ALL: [Self; 3] = [Self::Serve, Self::Drain, Self::Gone];

    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Drain => "drain",
            Self::Gone => "gone",
        }
    }
}

/// A text that is no duty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no duty of a datanode; serve, drain and gone are")]
pub struct DutyError(pub String);

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Duty {
    type Err = DutyError;

    fn from_str(text: &str) -> Result<Self, DutyError> {
        Self::ALL.into_iter().find(|duty| duty.as_str() == text).ok_or_else(|| DutyError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duties_read_back_what_they_show() {
        for duty in Duty::ALL {
            assert_eq!(duty.to_string().parse(), Ok(duty));
        }
        assert!("Drain".parse::<Duty>().is_err());
    }
}

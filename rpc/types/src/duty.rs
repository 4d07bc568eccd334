//! The admin state of a datanode.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// The admin state of a datanode, set by operators and stored by the masters. It is independent of
/// whether the datanode is live, stale or dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", parse_err_ty = DutyError, parse_err_fn = DutyError::new)]
pub enum Duty {
    /// The datanode accepts chunks and serves them.
    #[default]
    Serve,
    /// The datanode accepts no new chunks, and its chunks are re-replicated to others, so that it
    /// can be stopped.
    Drain,
    /// The datanode is forgotten until it registers again.
    Gone,
}

impl Duty {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A text that is not the name of an admin state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an admin state of a datanode; use serve, drain or gone")]
pub struct DutyError(pub String);

impl DutyError {
    fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duties_read_back_what_they_show() {
        for &duty in Duty::VARIANTS {
            assert_eq!(duty.to_string().parse(), Ok(duty));
        }
        assert!("Drain".parse::<Duty>().is_err());
    }
}

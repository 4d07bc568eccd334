//! What operators want of a datanode.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// The wish for a datanode, which the masters keep. Whether it is live, stale or dead is another matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", parse_err_ty = DutyError, parse_err_fn = DutyError::new)]
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
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A text that is no duty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no duty of a datanode; serve, drain and gone are")]
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

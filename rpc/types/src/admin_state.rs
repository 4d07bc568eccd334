//! The admin state of a datanode.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// The admin state of a datanode, set by operators and stored by the masters. It is independent of
/// whether the datanode is live, stale or dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", parse_err_ty = AdminStateError, parse_err_fn = AdminStateError::new)]
pub enum AdminState {
    /// The datanode accepts chunks and serves them.
    #[default]
    InService,
    /// The datanode accepts no new chunks, and its chunks are re-replicated to others, so that it
    /// can be stopped.
    Draining,
    /// The datanode is forgotten until it registers again.
    Removed,
}

impl AdminState {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A text that is not the name of an admin state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an admin state of a datanode; use in_service, draining or removed")]
pub struct AdminStateError(pub String);

impl AdminStateError {
    fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duties_read_back_what_they_show() {
        for &admin_state in AdminState::VARIANTS {
            assert_eq!(admin_state.to_string().parse(), Ok(admin_state));
        }
        assert!("Draining".parse::<AdminState>().is_err());
    }
}

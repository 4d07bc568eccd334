//! The stored form of refusals, for the remembered results.

use crate::command::Refusal;
use serde::{Deserialize, Serialize};

/// Makes the stored twin of an enum without data, and both conversions. A variant that one of them
/// lacks does not compile.
macro_rules! twin {
    ($stored:ident = $value:ident { $($variant:ident),* $(,)? }) => {
        /// The reason why a command was refused. Variants are only ever added, at the end.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $stored { $($variant),* }

        impl From<$value> for $stored {
            fn from(value: $value) -> Self {
                match value { $($value::$variant => Self::$variant),* }
            }
        }

        impl From<$stored> for $value {
            fn from(stored: $stored) -> Self {
                match stored { $($stored::$variant => Self::$variant),* }
            }
        }
    };
}

twin!(
    RefusalV1 = Refusal {
        NotFound,
        AlreadyExists,
        NotADirectory,
        IsADirectory,
        NotEmpty,
        IntoItself,
        Root,
        PermissionDenied,
        TooLate,
        ChunkInUse,
        PathTooLong,
        NotInitialised,
        Malformed,
        TooMany,
        BadUserName,
        TooManyCopies,
        NoSuchAttribute,
        BadAttributeName,
        AttributesTooLarge,
    }
);

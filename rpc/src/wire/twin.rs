//! The encoding of values in messages as their wire twins.
//!
//! A field of a message holds a value of `dfs_types`. `#[serde(with = "twin")]` encodes the twin in
//! its place, so that the layout of a message depends only on the twin and not on what the value
//! derives. `twin::many` and `twin::maybe` do the same for `Vec` and `Option`.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserializer, Serialize, Serializer};
use std::fmt::Display;

/// A value that has a wire twin. The conversions are written by hand, next to the twin.
pub trait Twin: Sized + 'static {
    /// The twin. It may borrow from the value while it is encoded; a decoded twin owns its data.
    type Wire<'a>: From<&'a Self> + TryInto<Self, Error: Display> + Serialize + DeserializeOwned;
}

fn value<V: Twin, E: Error>(wire: V::Wire<'static>) -> Result<V, E> {
    wire.try_into().map_err(E::custom)
}

pub(crate) fn serialize<V: Twin, S: Serializer>(value: &V, serializer: S) -> Result<S::Ok, S::Error> {
    V::Wire::from(value).serialize(serializer)
}

pub(crate) fn deserialize<'de, V: Twin, D: Deserializer<'de>>(deserializer: D) -> Result<V, D::Error> {
    value(serde::Deserialize::deserialize(deserializer)?)
}

/// A list of values. Decoding it needs no second list where value and twin have the same size: the
/// standard library collects in place.
pub(crate) mod many {
    use super::*;

    pub(crate) fn serialize<V: Twin, S: Serializer>(values: &[V], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(V::Wire::from))
    }

    pub(crate) fn deserialize<'de, V: Twin, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<V>, D::Error> {
        let wires: Vec<V::Wire<'static>> = serde::Deserialize::deserialize(deserializer)?;
        wires.into_iter().map(value).collect()
    }
}

/// An optional value.
pub(crate) mod maybe {
    use super::*;

    pub(crate) fn serialize<V: Twin, S: Serializer>(value: &Option<V>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(V::Wire::from).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, V: Twin, D: Deserializer<'de>>(deserializer: D) -> Result<Option<V>, D::Error> {
        let wire: Option<V::Wire<'static>> = serde::Deserialize::deserialize(deserializer)?;
        wire.map(value).transpose()
    }
}

/// Defines a wire twin of an enum without data. The list is the order on the wire: new variants are
/// appended.
macro_rules! plain_twin {
    ($(#[$about:meta])* $Twin:ident of $Value:ty { $($Variant:ident),+ $(,)? }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        $(#[$about])*
        pub enum $Twin { $($Variant),+ }

        impl From<$Value> for $Twin {
            fn from(value: $Value) -> Self {
                match value { $(<$Value>::$Variant => Self::$Variant),+ }
            }
        }

        impl From<&$Value> for $Twin {
            fn from(value: &$Value) -> Self {
                Self::from(*value)
            }
        }

        impl From<$Twin> for $Value {
            fn from(twin: $Twin) -> Self {
                match twin { $($Twin::$Variant => Self::$Variant),+ }
            }
        }

        impl $crate::wire::twin::Twin for $Value {
            type Wire<'a> = $Twin;
        }
    };
}
pub(super) use plain_twin;

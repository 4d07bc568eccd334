//! Stored records: the form of commands in the log, and of the state in snapshots.
//!
//! The types here are for disks only. They never change: a new form is a new type with the next
//! version, whose `Previous` is the form before it, and one function that converts the old form. So
//! this build reads every form that a release has ever written, step by step, and refuses a newer
//! one by its name.
//!
//! docs/formats.md describes every byte; golden files pin each form.

pub mod command;
mod refusal;
pub mod snapshot;
mod values;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// One version of a stored record.
pub trait Stored: Serialize + DeserializeOwned {
    /// The name of the record, for errors.
    const NAME: &'static str;
    /// Increases by one with each form.
    const VERSION: u16;
    /// The form before this one; [`Never`] if there is none.
    type Previous: Stored;

    /// Converts the form before to this form.
    fn upgrade(previous: Self::Previous) -> Self;
}

/// The form before the first one; it has no values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum Never {}

impl Stored for Never {
    const NAME: &'static str = "nothing";
    const VERSION: u16 = 0;
    type Previous = Self;

    fn upgrade(previous: Self) -> Self {
        previous
    }
}

/// The reason why bytes are not a valid record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoredError {
    /// A newer build wrote it.
    #[error(
        "{name} of version {version}: this build reads up to version {known}; start the build that wrote it, or a newer one"
    )]
    Newer { name: &'static str, version: u16, known: u16 },
    /// No release has written it.
    #[error("{name} of version {version}: no release has written this version")]
    TooOld { name: &'static str, version: u16 },
    #[error("invalid {name}")]
    Malformed { name: &'static str },
}

/// Checks that this build can read a record of this version.
///
/// # Errors
/// Returns an error if a newer build wrote it, or none did.
pub fn check_version<T: Stored>(version: u16) -> Result<(), StoredError> {
    let name = T::NAME;
    match version {
        0 => Err(StoredError::TooOld { name, version }),
        version if version > T::VERSION => Err(StoredError::Newer { name, version, known: T::VERSION }),
        _ => Ok(()),
    }
}

/// Decodes a record of any version up to the newest one. It must use all bytes.
///
/// # Errors
/// Returns an error if it has a newer version, or is invalid.
pub fn read<T: Stored>(version: u16, bytes: &[u8]) -> Result<T, StoredError> {
    check_version::<T>(version)?;
    if version < T::VERSION {
        return read::<T::Previous>(version, bytes).map(T::upgrade);
    }
    match postcard::take_from_bytes(bytes) {
        Ok((record, [])) => Ok(record),
        _ => Err(StoredError::Malformed { name: T::NAME }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct V1(u8);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct V2(u8, bool);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct V3(bool, u8);

    impl Stored for V1 {
        const NAME: &'static str = "a sample";
        const VERSION: u16 = 1;
        type Previous = Never;
        fn upgrade(previous: Never) -> Self {
            match previous {}
        }
    }
    impl Stored for V2 {
        const NAME: &'static str = "a sample";
        const VERSION: u16 = 2;
        type Previous = V1;
        fn upgrade(V1(number): V1) -> Self {
            Self(number, true)
        }
    }
    impl Stored for V3 {
        const NAME: &'static str = "a sample";
        const VERSION: u16 = 3;
        type Previous = V2;
        fn upgrade(V2(number, flag): V2) -> Self {
            Self(flag, number + 1)
        }
    }

    #[test]
    fn every_older_form_is_read_and_a_newer_one_refused_by_name() {
        assert_eq!(read::<V3>(3, &[0, 7]), Ok(V3(false, 7)));
        assert_eq!(read::<V3>(2, &[7, 0]), Ok(V3(false, 8)));
        assert_eq!(read::<V3>(1, &[7]), Ok(V3(true, 8)));
        assert_eq!(read::<V3>(0, &[7]), Err(StoredError::TooOld { name: "a sample", version: 0 }));
        assert_eq!(read::<V2>(3, &[0, 7]), Err(StoredError::Newer { name: "a sample", version: 3, known: 2 }));
        assert_eq!(read::<V1>(1, &[7, 7]), Err(StoredError::Malformed { name: "a sample" }));
    }
}

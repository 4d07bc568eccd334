//! Random numbers.

#![expect(clippy::disallowed_methods, reason = "the daemons draw random numbers here, and in `local`")]

use ring::rand::{SecureRandom, SystemRandom};

/// Draws bytes from the random source of the system, for ids and secrets.
///
/// # Errors
/// Returns an error if the system provides no random bytes.
pub(crate) fn secret<const N: usize>() -> Result<[u8; N], ring::error::Unspecified> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(bytes)
}

/// Draws a number that only has to differ from others: for seeds, turns and boots, never for a
/// secret.
pub(crate) fn number() -> u64 {
    fastrand::u64(..)
}

/// Draws an id that may be guessable.
pub(crate) fn id() -> [u8; 16] {
    fastrand::u128(..).to_le_bytes()
}

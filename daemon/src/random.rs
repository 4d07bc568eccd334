//! Random numbers.

#![expect(clippy::disallowed_methods, reason = "the daemons draw random numbers here, and in `local`")]

use ring::rand::{SecureRandom, SystemRandom};

/// Draws bytes from the system's source, for ids and secrets.
///
/// # Errors
/// When the system has no randomness to give.
pub(crate) fn secret<const N: usize>() -> Result<[u8; N], ring::error::Unspecified> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(bytes)
}

/// Draws a number for what only has to differ: seeds, turns, boots. Never a secret.
pub(crate) fn number() -> u64 {
    fastrand::u64(..)
}

/// Draws an id that nobody needs to be kept from guessing.
pub(crate) fn id() -> [u8; 16] {
    fastrand::u128(..).to_le_bytes()
}

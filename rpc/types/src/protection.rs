//! Encryption of data connections.

/// The rule for encrypting the payload of data connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protection {
    /// TLS, except between loopback addresses.
    #[default]
    Auto,
    /// Always TLS.
    Private,
    /// No encryption after the authenticated hello: for trusted networks.
    Integrity,
}

//! Whether the bytes of chunks are encrypted on their way.

/// Whether payload on data connections may be plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protection {
    /// TLS, but plain between loopback addresses.
    #[default]
    Auto,
    /// TLS always.
    Private,
    /// Plain always, behind the same hello: for networks that are trusted.
    Integrity,
}

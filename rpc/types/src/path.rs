//! Paths in the namespace.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest name of one file or directory, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 255;
/// The longest path, in bytes of UTF-8.
pub const PATH_BYTES_MAX: usize = 4096;

/// An absolute path in normal form: starts with `/`, no empty part, no `.`, no `..`, no NUL, no
/// trailing `/` but for the root itself. A value of this type is always valid, also when it came
/// off the wire.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DfsPath(String);

/// The reason why a text is not a valid path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("a path may not be empty")]
    Empty,
    #[error("the path is {0} bytes long; at most {PATH_BYTES_MAX} are allowed")]
    PathTooLong(usize),
    #[error("a name in the path is {0} bytes long; at most {NAME_BYTES_MAX} are allowed")]
    NameTooLong(usize),
    #[error("a path may not contain NUL")]
    Nul,
    #[error("a path must be UTF-8")]
    NotUtf8,
    #[error("the path is not in normal form (absolute, without '.', '..' and empty parts)")]
    NotNormal,
}

impl DfsPath {
    /// The root directory, `/`.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// Resolves the text that a person typed against the directory `base`: `.` and `..` are
    /// resolved (`..` of the root is the root), repeated and trailing `/` are dropped.
    ///
    /// # Errors
    /// Returns an error if the path is empty, is too long, or contains NUL.
    pub fn resolve(base: &DfsPath, text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        let mut parts: Vec<&str> = if text.starts_with('/') { Vec::new() } else { base.parts().collect() };
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                name => parts.push(name),
            }
        }
        Self::from_parts(&parts)
    }

    /// Parses a path that must already be in normal form, as all paths on the wire are.
    ///
    /// # Errors
    /// Returns an error if the text is not in normal form.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let path = Self::resolve(&Self::root(), text)?;
        if path.0 == text { Ok(path) } else { Err(PathError::NotNormal) }
    }

    fn from_parts(parts: &[&str]) -> Result<Self, PathError> {
        if parts.is_empty() {
            return Ok(Self::root());
        }
        let mut text = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
        for part in parts {
            check_name(part)?;
            text.push('/');
            text.push_str(part);
        }
        if text.len() > PATH_BYTES_MAX {
            return Err(PathError::PathTooLong(text.len()));
        }
        Ok(Self(text))
    }

    /// Returns the names from the root down; none for the root.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// Returns the last name, or `None` for the root.
    pub fn name(&self) -> Option<&str> {
        self.0.rsplit('/').next().filter(|name| !name.is_empty())
    }

    /// Returns the parent directory, or `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let cut = self.0.rfind('/')?;
        if self.is_root() {
            return None;
        }
        Some(if cut == 0 { Self::root() } else { Self(self.0.get(..cut)?.to_owned()) })
    }

    /// Returns the path of `name` in this directory.
    ///
    /// # Errors
    /// Returns an error if `name` is not a valid name (empty, `.`, `..`, with `/` or NUL, too
    /// long), or if the path would be too long.
    pub fn join(&self, name: &str) -> Result<Self, PathError> {
        check_name(name)?;
        let text = if self.is_root() { format!("/{name}") } else { format!("{}/{name}", self.0) };
        if text.len() > PATH_BYTES_MAX { Err(PathError::PathTooLong(text.len())) } else { Ok(Self(text)) }
    }

    /// Returns true if this is `/`.
    pub fn is_root(&self) -> bool {
        self.0 == "/"
    }

    /// Returns true if this is `directory` or is anywhere below it.
    pub fn is_within(&self, directory: &DfsPath) -> bool {
        directory.is_root()
            || self.0.strip_prefix(&directory.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Returns the path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks that `name` is a valid name of a file or directory.
///
/// # Errors
/// Returns the reason why the name is not valid.
pub fn check_name(name: &str) -> Result<(), PathError> {
    match name {
        "" => return Err(PathError::Empty),
        "." | ".." => return Err(PathError::NotNormal),
        _ => {}
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(PathError::NameTooLong(name.len()));
    }
    if name.contains('\0') {
        return Err(PathError::Nul);
    }
    if name.contains('/') {
        return Err(PathError::NotNormal);
    }
    Ok(())
}

impl TryFrom<String> for DfsPath {
    type Error = PathError;
    fn try_from(text: String) -> Result<Self, PathError> {
        Self::parse(&text)
    }
}

impl From<DfsPath> for String {
    fn from(path: DfsPath) -> Self {
        path.0
    }
}

impl fmt::Display for DfsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DfsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(base: &str, text: &str) -> Result<String, PathError> {
        DfsPath::resolve(&DfsPath::parse(base)?, text).map(String::from)
    }

    #[test]
    fn dots_and_slashes_resolve() {
        for (base, text, expected) in [
            ("/", "/", "/"),
            ("/a", ".", "/a"),
            ("/a/b", "..", "/a"),
            ("/a", "../../..", "/"),
            ("/a", "b//c/", "/a/b/c"),
            ("/a", "/x/./y/../z", "/x/z"),
            ("/a", "-rf", "/a/-rf"),
            ("/", "nur für dich", "/nur für dich"),
        ] {
            assert_eq!(resolve(base, text).as_deref(), Ok(expected), "{base} {text}");
        }
    }

    #[test]
    fn invalid_paths_are_refused() {
        assert_eq!(resolve("/", ""), Err(PathError::Empty));
        assert_eq!(resolve("/", "/a\0b"), Err(PathError::Nul));
        assert_eq!(resolve("/", &"x".repeat(300)), Err(PathError::NameTooLong(300)));
        assert_eq!(resolve("/", &"/abcdefg".repeat(513)), Err(PathError::PathTooLong(4104)));
    }

    #[test]
    fn only_normal_form_is_accepted_from_the_wire() {
        for text in ["", "a", "/a/", "//", "/a/../b", "/a/./b", "/a//b", "/.."] {
            assert!(DfsPath::parse(text).is_err(), "{text}");
        }
        assert!(DfsPath::parse("/a/b").is_ok());
    }

    #[test]
    fn family() {
        let path = DfsPath::parse("/a/b").expect("valid");
        assert_eq!(path.name(), Some("b"));
        assert_eq!(path.parent().map(String::from).as_deref(), Some("/a"));
        assert!(path.is_within(&DfsPath::root()));
        assert!(path.is_within(&DfsPath::parse("/a").expect("valid")));
        assert!(!DfsPath::parse("/ab").expect("valid").is_within(&DfsPath::parse("/a").expect("valid")));
        assert_eq!(DfsPath::root().parent(), None);
        assert_eq!(DfsPath::root().name(), None);
        assert!(path.join("..").is_err());
    }
}

//! The kinds of values: their syntax and their bounds.

use dfs_types::{ByteSize, format_duration, parse_duration};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A value as written, before it is parsed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Raw {
    /// A string, a number or a boolean, as text.
    Word(String),
    List(Vec<String>),
}

/// Defines how values of one kind are parsed, shown and described.
pub(crate) trait Rule: Send + Sync {
    type Value;
    /// Parses the value. The error says what is wrong and what is allowed.
    fn read(&self, raw: &Raw) -> Result<Self::Value, String>;
    /// Formats the value as TOML.
    fn show(&self, value: &Self::Value) -> String;
    /// Describes the allowed values, for people.
    fn allowed(&self) -> String;
    /// Resolves relative paths in the value against `directory`.
    fn rebase(&self, _value: &mut Self::Value, _directory: &Path) {}
}

/// A TOML string.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn word(raw: &Raw) -> Result<&str, String> {
    match raw {
        Raw::Word(text) => Ok(text.trim()),
        Raw::List(_) => Err("it takes one value, not a list".to_owned()),
    }
}

/// Returns the elements of a list; a single word is split at commas.
fn list(raw: &Raw) -> Vec<String> {
    let parts = match raw {
        Raw::List(parts) => parts.clone(),
        Raw::Word(text) => text.split(',').map(str::to_owned).collect(),
    };
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn show_list<T: Display>(parts: impl Iterator<Item = T>) -> String {
    format!("[{}]", parts.map(|part| quoted(&part.to_string())).collect::<Vec<_>>().join(", "))
}

/// A single word that is not empty.
pub(crate) struct Words;
pub(crate) fn words() -> Words {
    Words
}
impl Rule for Words {
    type Value = String;
    fn read(&self, raw: &Raw) -> Result<String, String> {
        match word(raw)? {
            "" => Err("it must not be empty".to_owned()),
            text => Ok(text.to_owned()),
        }
    }
    fn show(&self, value: &String) -> String {
        quoted(value)
    }
    fn allowed(&self) -> String {
        "a text".to_owned()
    }
}

pub(crate) fn host_port(text: &str) -> Result<(), String> {
    let wrong = || format!("{text:?} is not an address; write HOST:PORT, as in 10.0.0.5:9870");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let bare_ipv6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    if host.is_empty() || host.contains(char::is_whitespace) || bare_ipv6 || port.parse::<u16>().is_err() {
        return Err(wrong());
    }
    Ok(())
}

/// `HOST:PORT` to listen on.
pub(crate) struct Socket;
pub(crate) fn socket() -> Socket {
    Socket
}
impl Rule for Socket {
    type Value = String;
    fn read(&self, raw: &Raw) -> Result<String, String> {
        let text = word(raw)?;
        host_port(text).map(|()| text.to_owned())
    }
    fn show(&self, value: &String) -> String {
        quoted(value)
    }
    fn allowed(&self) -> String {
        "`HOST:PORT`".to_owned()
    }
}

/// `HOST:PORT`, or empty.
pub(crate) struct OptionalSocket;
pub(crate) fn optional_socket() -> OptionalSocket {
    OptionalSocket
}
impl Rule for OptionalSocket {
    type Value = Option<String>;
    fn read(&self, raw: &Raw) -> Result<Option<String>, String> {
        if word(raw)?.is_empty() { Ok(None) } else { Socket.read(raw).map(Some) }
    }
    fn show(&self, value: &Option<String>) -> String {
        quoted(value.as_deref().unwrap_or_default())
    }
    fn allowed(&self) -> String {
        format!("{}, or empty", Socket.allowed())
    }
}

/// The most addresses in one list.
const PEERS_MAX: usize = 16;

/// A list of `HOST:PORT`.
pub(crate) struct Peers;
pub(crate) fn peers() -> Peers {
    Peers
}
impl Rule for Peers {
    type Value = Vec<String>;
    fn read(&self, raw: &Raw) -> Result<Vec<String>, String> {
        let parts = list(raw);
        if parts.len() > PEERS_MAX {
            return Err(format!("it takes at most {PEERS_MAX} addresses"));
        }
        for part in &parts {
            host_port(part)?;
            if part.ends_with(":0") {
                return Err(format!("{part:?} has port 0; write the port of the daemon"));
            }
        }
        Ok(parts)
    }
    fn show(&self, value: &Vec<String>) -> String {
        show_list(value.iter())
    }
    fn allowed(&self) -> String {
        format!("a list of up to {PEERS_MAX} `HOST:PORT`")
    }
}

fn path(text: &str) -> PathBuf {
    match (text.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    }
}

/// A path, or empty.
pub(crate) struct OptionalPath;
pub(crate) fn optional_path() -> OptionalPath {
    OptionalPath
}
impl Rule for OptionalPath {
    type Value = Option<PathBuf>;
    fn read(&self, raw: &Raw) -> Result<Option<PathBuf>, String> {
        let text = word(raw)?;
        Ok((!text.is_empty()).then(|| path(text)))
    }
    fn show(&self, value: &Option<PathBuf>) -> String {
        quoted(&value.as_ref().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default())
    }
    fn allowed(&self) -> String {
        "a path".to_owned()
    }
    fn rebase(&self, value: &mut Option<PathBuf>, directory: &Path) {
        if let Some(path) = value {
            *path = directory.join(&*path);
        }
    }
}

/// A list of paths.
pub(crate) struct Paths;
pub(crate) fn paths() -> Paths {
    Paths
}
impl Rule for Paths {
    type Value = Vec<PathBuf>;
    fn read(&self, raw: &Raw) -> Result<Vec<PathBuf>, String> {
        Ok(list(raw).iter().map(|part| path(part)).collect())
    }
    fn show(&self, value: &Vec<PathBuf>) -> String {
        show_list(value.iter().map(|path| path.display()))
    }
    fn allowed(&self) -> String {
        "a list of paths".to_owned()
    }
    fn rebase(&self, value: &mut Vec<PathBuf>, directory: &Path) {
        value.iter_mut().for_each(|path| *path = directory.join(&*path));
    }
}

/// A size in bytes.
pub(crate) struct Size {
    min: u64,
    max: u64,
    multiple: u64,
}
pub(crate) fn size(min: u64, max: u64, multiple: u64) -> Size {
    Size { min, max, multiple }
}
impl Rule for Size {
    type Value = ByteSize;
    fn read(&self, raw: &Raw) -> Result<ByteSize, String> {
        let wrong = "not a size; write a number with B, KiB, MiB, GiB or TiB, as in 64MiB";
        let value: ByteSize = word(raw)?.parse().map_err(|_| wrong.to_owned())?;
        let fits = (self.min..=self.max).contains(&value.0) && value.0.is_multiple_of(self.multiple);
        if fits { Ok(value) } else { Err(format!("out of range; allowed: {}", self.allowed())) }
    }
    fn show(&self, value: &ByteSize) -> String {
        quoted(&value.to_string())
    }
    fn allowed(&self) -> String {
        let (min, max) = (ByteSize(self.min), ByteSize(self.max));
        let range = if self.max == u64::MAX { format!("{min} or more") } else { format!("{min} to {max}") };
        if self.multiple > 1 { format!("{range}, a multiple of {}", ByteSize(self.multiple)) } else { range }
    }
}

/// A size in bytes, or empty.
pub(crate) struct OptionalSize(Size);
pub(crate) fn optional_size(min: u64, max: u64, multiple: u64) -> OptionalSize {
    OptionalSize(size(min, max, multiple))
}
impl Rule for OptionalSize {
    type Value = Option<ByteSize>;
    fn read(&self, raw: &Raw) -> Result<Option<ByteSize>, String> {
        if word(raw)?.is_empty() { Ok(None) } else { self.0.read(raw).map(Some) }
    }
    fn show(&self, value: &Option<ByteSize>) -> String {
        value.as_ref().map_or_else(|| quoted(""), |size| self.0.show(size))
    }
    fn allowed(&self) -> String {
        format!("{}, or empty", self.0.allowed())
    }
}

/// A duration.
pub(crate) struct Span {
    min: Duration,
    max: Duration,
}
pub(crate) fn span(min: Duration, max: Duration) -> Span {
    Span { min, max }
}
impl Rule for Span {
    type Value = Duration;
    fn read(&self, raw: &Raw) -> Result<Duration, String> {
        let wrong = "not a duration; write a number with ms, s, m, h or d, as in 30s";
        let value = parse_duration(word(raw)?).map_err(|_| wrong.to_owned())?;
        let fits = (self.min..=self.max).contains(&value);
        if fits { Ok(value) } else { Err(format!("out of range; allowed: {}", self.allowed())) }
    }
    fn show(&self, value: &Duration) -> String {
        quoted(&format_duration(*value))
    }
    fn allowed(&self) -> String {
        format!("{} to {}", format_duration(self.min), format_duration(self.max))
    }
}

/// A whole number.
pub(crate) struct Count<T> {
    min: T,
    max: T,
}
pub(crate) fn count<T>(min: T, max: T) -> Count<T> {
    Count { min, max }
}
impl<T: Copy + Display + TryFrom<u64> + PartialOrd + Send + Sync> Rule for Count<T> {
    type Value = T;
    fn read(&self, raw: &Raw) -> Result<T, String> {
        let number: u64 = word(raw)?.parse().map_err(|_| format!("not a whole number from {}", self.allowed()))?;
        match T::try_from(number) {
            Ok(value) if value >= self.min && value <= self.max => Ok(value),
            _ => Err(format!("out of range; allowed: {}", self.allowed())),
        }
    }
    fn show(&self, value: &T) -> String {
        value.to_string()
    }
    fn allowed(&self) -> String {
        format!("{} to {}", self.min, self.max)
    }
}

/// A fraction from 0 to 1.
pub(crate) struct Fraction;
pub(crate) fn fraction() -> Fraction {
    Fraction
}
impl Rule for Fraction {
    type Value = f64;
    fn read(&self, raw: &Raw) -> Result<f64, String> {
        match word(raw)?.parse() {
            Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
            _ => Err("not a number from 0 to 1".to_owned()),
        }
    }
    fn show(&self, value: &f64) -> String {
        toml::Value::Float(*value).to_string()
    }
    fn allowed(&self) -> String {
        "0 to 1".to_owned()
    }
}

/// A boolean.
pub(crate) struct Flag;
pub(crate) fn flag() -> Flag {
    Flag
}
impl Rule for Flag {
    type Value = bool;
    fn read(&self, raw: &Raw) -> Result<bool, String> {
        word(raw)?.parse().map_err(|_| "neither true nor false".to_owned())
    }
    fn show(&self, value: &bool) -> String {
        value.to_string()
    }
    fn allowed(&self) -> String {
        "`true` or `false`".to_owned()
    }
}

/// One of a fixed set of words.
pub(crate) struct Choice<T: 'static>(&'static [(&'static str, T)]);
pub(crate) fn choice<T>(words: &'static [(&'static str, T)]) -> Choice<T> {
    Choice(words)
}
impl<T: Copy + PartialEq + Send + Sync> Rule for Choice<T> {
    type Value = T;
    fn read(&self, raw: &Raw) -> Result<T, String> {
        let given = word(raw)?;
        let found = self.0.iter().find(|(name, _)| *name == given);
        found.map(|(_, value)| *value).ok_or_else(|| format!("it must be {}", self.allowed()))
    }
    fn show(&self, value: &T) -> String {
        quoted(self.0.iter().find(|(_, known)| known == value).map_or("", |(name, _)| name))
    }
    fn allowed(&self) -> String {
        self.0.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
    }
}

//! Keys of the settings: where the value is stored, how it is parsed, and the name of its variable.

use crate::rule::{Raw, Rule};
use crate::settings::{Settings, table};
use std::path::Path;
use std::sync::LazyLock;

/// One key, `section.name`.
pub struct Key {
    pub section: &'static str,
    pub name: &'static str,
    /// The description: the lines of its doc comment, each with a leading space.
    pub(crate) doc: &'static [&'static str],
    pub(crate) field: Box<dyn Field>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.dotted())
    }
}

impl Key {
    /// Returns `section.name`.
    pub fn dotted(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// Returns the variable that sets it, `DFS_SECTION_NAME`.
    pub fn variable(&self) -> String {
        format!("DFS_{}_{}", self.section, self.name).to_ascii_uppercase()
    }

    /// Returns its description, one or two sentences.
    pub fn meaning(&self) -> String {
        self.doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
    }

    /// Returns a description of the allowed values.
    pub fn allowed(&self) -> String {
        self.field.allowed()
    }

    /// Returns its value in `settings`, as TOML.
    pub fn show(&self, settings: &Settings) -> String {
        self.field.show(settings)
    }
}

/// Returns every key, in the order of the file.
pub fn keys() -> &'static [Key] {
    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(table);
    &KEYS
}

/// A field of [`Settings`] with its rule.
pub(crate) trait Field: Send + Sync {
    fn set(&self, settings: &mut Settings, raw: &Raw) -> Result<(), String>;
    fn show(&self, settings: &Settings) -> String;
    fn allowed(&self) -> String;
    fn rebase(&self, settings: &mut Settings, directory: &Path);
}

struct Bound<R: Rule> {
    rule: R,
    get: fn(&Settings) -> &R::Value,
    get_mut: fn(&mut Settings) -> &mut R::Value,
}

pub(crate) fn bound<R: Rule + 'static>(
    rule: R,
    get: fn(&Settings) -> &R::Value,
    get_mut: fn(&mut Settings) -> &mut R::Value,
) -> Box<dyn Field> {
    Box::new(Bound { rule, get, get_mut })
}

impl<R: Rule> Field for Bound<R> {
    fn set(&self, settings: &mut Settings, raw: &Raw) -> Result<(), String> {
        *(self.get_mut)(settings) = self.rule.read(raw)?;
        Ok(())
    }
    fn show(&self, settings: &Settings) -> String {
        self.rule.show((self.get)(settings))
    }
    fn allowed(&self) -> String {
        self.rule.allowed()
    }
    fn rebase(&self, settings: &mut Settings, directory: &Path) {
        self.rule.rebase((self.get_mut)(settings), directory);
    }
}

//! Loads [`Settings`] from file, environment and flags.

#![expect(clippy::disallowed_methods, reason = "settings are read from files")]

use crate::directories::Environment;
use crate::error::ConfigError;
use crate::key::{Key, keys};
use crate::rule::Raw;
use crate::settings::{SECTIONS, Settings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The largest configuration file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The sources of a program's settings.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// A file that was given explicitly; it must exist.
    pub file: Option<&'a Path>,
    /// The file that is read if none was given and if it exists.
    pub default_file: Option<&'a Path>,
    pub environment: &'a Environment,
    /// `section.key=value`, in the order given.
    pub overrides: &'a [String],
}

/// Settings, and the place where each was set.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    pub settings: Settings,
    /// The file that was read.
    pub file: Option<PathBuf>,
    origins: BTreeMap<String, Origin>,
}

impl Loaded {
    /// Returns the place where `section.name` was set: `FILE:LINE`, `environment VARIABLE` or
    /// `command line`; `None` if it has its default.
    pub fn place(&self, dotted: &str) -> Option<&str> {
        self.origins.get(dotted).map(|origin| origin.place.as_str())
    }

    /// Returns true if `section.name` was set.
    pub fn is_set(&self, dotted: &str) -> bool {
        self.origins.contains_key(dotted)
    }
}

/// The place where a value was given, and the value as written there.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    place: String,
    given: String,
}

/// Loads the settings: the environment overrides the file, and flags override the environment.
///
/// # Errors
/// Returns an error for the first unknown key or value that is not allowed; the error names the
/// place.
pub fn load(sources: &Sources<'_>) -> Result<Loaded, ConfigError> {
    let mut loaded = Loaded::default();
    let asked = sources.file.map(Path::to_owned).or_else(|| sources.environment.get("DFS_CONFIG").map(PathBuf::from));
    let file = match asked {
        Some(file) => Some(file),
        None => sources.default_file.filter(|file| file.exists()).map(Path::to_owned),
    };
    if let Some(file) = file {
        let text = read_file(&file)?;
        loaded.apply_file(&file, &text)?;
        loaded.file = Some(file);
    }
    loaded.apply_environment(sources.environment)?;
    for flag in sources.overrides {
        loaded.apply_override(flag)?;
    }
    loaded.check()?;
    Ok(loaded)
}

/// Reads the settings that are valid, for programs that continue after an error of [`load`]: omits
/// the file if the error is in it, and the environment if the error is there.
pub fn load_what_can_be(sources: &Sources<'_>) -> Loaded {
    let (nothing, no_file) = (Environment::default(), sources.environment.without("DFS_CONFIG"));
    let without_file = Sources { file: None, default_file: None, environment: &no_file, ..*sources };
    let without_environment = Sources { environment: &nothing, ..*sources };
    let without_either = Sources { environment: &nothing, ..without_file };
    let tries = [without_file, without_environment, without_either];
    tries.iter().find_map(|sources| load(sources).ok()).unwrap_or_default()
}

fn read_file(file: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { file: file.to_owned(), source };
    let length = std::fs::metadata(file).map_err(unreadable)?.len();
    if length > FILE_BYTES_MAX {
        return Err(unreadable(std::io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes"))));
    }
    std::fs::read_to_string(file).map_err(unreadable)
}

impl Loaded {
    /// Parses the settings of a file with this text, without environment and flags.
    ///
    /// # Errors
    /// Returns the errors of [`load`].
    pub fn of_text(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut loaded = Self { file: Some(file.to_owned()), ..Self::default() };
        loaded.apply_file(file, text)?;
        loaded.check()?;
        Ok(loaded)
    }

    pub(crate) fn apply_file(&mut self, file: &Path, text: &str) -> Result<(), ConfigError> {
        let source = FileSource { file, text };
        let document = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            ConfigError::Syntax { place: source.place(at), message: error.message().trim().to_owned() }
        })?;
        for (section, value) in in_order(document.get_ref()) {
            let name = section.get_ref().as_ref();
            let place = source.place(section.span().start);
            if !SECTIONS.iter().any(|(known, _)| *known == name) {
                return Err(ConfigError::unknown(place, name.to_owned()));
            }
            let DeValue::Table(table) = value.get_ref() else {
                return Err(ConfigError::unknown(place, name.to_owned()));
            };
            for (key, value) in in_order(table) {
                self.apply_entry(&source, name, key, value)?;
            }
        }
        Ok(())
    }

    fn apply_entry(
        &mut self,
        source: &FileSource<'_>,
        section: &str,
        key: &Spanned<toml::de::DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), ConfigError> {
        let dotted = format!("{section}.{}", key.get_ref());
        let place = source.place(key.span().start);
        let Some(key) = find(&dotted) else { return Err(ConfigError::unknown(place, dotted)) };
        let given = source.text.get(value.span()).unwrap_or_default().to_owned();
        let origin = Origin { place, given };
        let Some(raw) = raw_of(value.get_ref()) else {
            let problem = format!("it takes {}", key.allowed());
            return Err(origin.refused(&dotted, problem));
        };
        self.apply(key, &raw, origin)?;
        key.field.rebase(&mut self.settings, source.file.parent().unwrap_or(Path::new("")));
        Ok(())
    }

    fn apply_environment(&mut self, environment: &Environment) -> Result<(), ConfigError> {
        if let Some(masters) = environment.get("DFS_MASTERS") {
            for dotted in ["client.masters", "datanode.masters"] {
                self.apply_variable("DFS_MASTERS", masters, dotted)?;
            }
        }
        for (name, value) in environment.iter() {
            let ours =
                SECTIONS.iter().any(|(section, _)| name.starts_with(&format!("DFS_{}_", section.to_ascii_uppercase())));
            if ours {
                let key = keys().iter().find(|key| key.variable() == name);
                let key = key.ok_or_else(|| ConfigError::unknown_variable(name))?;
                self.apply_variable(name, value, &key.dotted())?;
            }
        }
        Ok(())
    }

    fn apply_variable(&mut self, name: &str, value: &str, dotted: &str) -> Result<(), ConfigError> {
        let Some(key) = find(dotted) else { return Err(ConfigError::unknown_variable(name)) };
        let origin = Origin { place: format!("environment {name}"), given: format!("{value:?}") };
        self.apply(key, &Raw::Word(value.to_owned()), origin)
    }

    fn apply_override(&mut self, flag: &str) -> Result<(), ConfigError> {
        let Some((dotted, value)) = flag.split_once('=') else { return Err(ConfigError::NoOverride(flag.to_owned())) };
        let dotted = dotted.trim();
        let place = "command line".to_owned();
        let Some(key) = find(dotted) else { return Err(ConfigError::unknown(place, dotted.to_owned())) };
        // Parses a TOML list, for elements that contain commas; otherwise a single word, which may
        // be a list separated by commas.
        let array = DeValue::parse(value).ok().and_then(|value| raw_of(value.get_ref()));
        let raw = array.filter(|raw| matches!(raw, Raw::List(_))).unwrap_or_else(|| Raw::Word(value.to_owned()));
        self.apply(key, &raw, Origin { place, given: format!("{value:?}") })
    }

    fn apply(&mut self, key: &Key, raw: &Raw, origin: Origin) -> Result<(), ConfigError> {
        let dotted = key.dotted();
        key.field.set(&mut self.settings, raw).map_err(|problem| origin.refused(&dotted, problem))?;
        self.origins.insert(dotted, origin);
        Ok(())
    }

    /// Checks the conditions between keys.
    fn check(&self) -> Result<(), ConfigError> {
        let master = &self.settings.master;
        if master.dead_after <= master.heartbeat {
            return Err(self.at_odds("master.dead_after", "master.heartbeat"));
        }
        if master.key_rotation <= master.capability_lifetime {
            return Err(self.at_odds("master.key_rotation", "master.capability_lifetime"));
        }
        Ok(())
    }

    fn at_odds(&self, larger: &str, smaller: &str) -> ConfigError {
        let shown = |dotted: &str| find(dotted).map(|key| key.show(&self.settings)).unwrap_or_default();
        let blamed = if self.is_set(larger) { larger } else { smaller };
        let place = self.origins.get(blamed).map_or_else(|| "defaults".to_owned(), |origin| origin.place.clone());
        let problem = format!("{larger} ({}) must be longer than {smaller} ({})", shown(larger), shown(smaller));
        ConfigError::Refused { place, key: blamed.to_owned(), given: shown(blamed), problem }
    }
}

impl Origin {
    fn refused(&self, dotted: &str, problem: String) -> ConfigError {
        ConfigError::Refused { place: self.place.clone(), key: dotted.to_owned(), given: self.given.clone(), problem }
    }
}

struct FileSource<'a> {
    file: &'a Path,
    text: &'a str,
}

impl FileSource<'_> {
    /// Returns `FILE:LINE` of a byte of the text.
    fn place(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or(self.text);
        format!("{}:{}", self.file.display(), before.matches('\n').count() + 1)
    }
}

fn find(dotted: &str) -> Option<&'static Key> {
    keys().iter().find(|key| key.dotted() == dotted)
}

/// Returns the entries in the order of the file, so that the first mistake is the one reported.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Spanned<toml::de::DeString<'i>>, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn raw_of(value: &DeValue<'_>) -> Option<Raw> {
    match value {
        DeValue::Array(parts) => parts.iter().map(|part| word_of(part.get_ref())).collect::<Option<_>>().map(Raw::List),
        other => word_of(other).map(Raw::Word),
    }
}

fn word_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

//! The settings as text: the annotated configuration file, and the page of the documentation.

use crate::key::{Key, keys};
use crate::settings::{SECTIONS, Settings};
use std::fmt::Write as _;

const HEAD: &str = "\
# Settings of dfs-shell and dfsd.
#
# Sizes are numbers with B, KiB, MiB, GiB or TiB (or KB, MB, GB or TB); durations have ms, s, m, h or d; quote both.
# Relative paths are resolved against the directory of this file; ~/ is your home directory.
# The variables named below override this file, and the flags of each program override both.
";

/// Returns a configuration file with every key, its meaning, its bounds and its default.
pub fn default_file() -> String {
    file_of(&Settings::default(), true)
}

/// Returns a file without comments that parses to `settings`.
pub fn to_toml(settings: &Settings) -> String {
    file_of(settings, false)
}

fn file_of(settings: &Settings, annotated: bool) -> String {
    let mut text = if annotated { HEAD.to_owned() } else { String::new() };
    for (section, about) in SECTIONS {
        if annotated {
            let _ = write!(text, "\n# {}", about_section(about));
        }
        let _ = writeln!(text, "\n[{section}]");
        for key in keys_of(section) {
            if annotated {
                text.push('\n');
                annotate(&mut text, key);
            }
            let _ = writeln!(text, "{} = {}", key.name, key.show(settings));
        }
    }
    text
}

fn annotate(text: &mut String, key: &Key) {
    for line in key.doc {
        let _ = writeln!(text, "#{line}");
    }
    let _ = writeln!(text, "# Allowed: {}. Variable: {}.", key.allowed().replace('`', ""), key.variable());
}

/// Returns the description of a section without the section's name.
fn about_section(about: &[&str]) -> String {
    let joined = about.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    joined.split_once(": ").map_or(joined.clone(), |(_, rest)| rest.to_owned())
}

fn keys_of(section: &str) -> impl Iterator<Item = &'static Key> {
    keys().iter().filter(move |key| key.section == section)
}

const PAGE_HEAD: &str = "\
# Settings

This page is generated from the table of keys in config/src/settings.rs; a test checks that it is current.

Settings come from a TOML file, then from the environment, then from flags; later sources override earlier ones. The file
is the one given by `--config`, else by `DFS_CONFIG`, else `dfs.toml` in the platform's config directory (`~/.config/dfs`
on Linux), or `config/dfs.toml` under `DFS_HOME`. `dfsd config default` prints a file with every key, its meaning and its
default; `dfsd config show` prints the settings in effect.

`DFS_HOME=DIR` puts everything of this user under DIR: `config/`, `credentials/`, `data/`, `state/`, `logs/`, `run/`.
`DFS_MASTERS` sets `client.masters` and `datanode.masters`; the variables in the tables override it. An empty variable
counts as absent.

Sizes are numbers with B, KiB, MiB, GiB or TiB (or KB, MB, GB or TB); durations have ms, s, m, h or d. Relative paths in the
file are resolved against its directory; `~/` is the home directory. A program does not start with an unknown key or a
value that is not allowed; the error names the file, the line, the key and the allowed values.
";

/// Returns the text of docs/config.md.
pub fn page() -> String {
    let mut text = PAGE_HEAD.to_owned();
    let defaults = Settings::default();
    for (section, about) in SECTIONS {
        let _ = write!(text, "\n## `[{section}]`: {}\n\n", about_section(about).trim_end_matches('.'));
        text.push_str("| key | default | allowed | variable | meaning |\n|---|---|---|---|---|\n");
        for key in keys_of(section) {
            let (name, shown, variable) = (key.name, key.show(&defaults), key.variable());
            let _ = writeln!(text, "| `{name}` | `{shown}` | {} | `{variable}` | {} |", key.allowed(), key.meaning());
        }
    }
    text
}

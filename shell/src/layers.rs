//! Checks the order of the layers: no file imports from a layer above its own.

use std::path::Path;

/// The layers, from the lowest to the highest. Layers of one line do not use each other.
const LAYERS: &[&[&str]] = &[
    &["base"],
    &["lang"],
    &["session"],
    &["command"],
    &["transfer", "bench", "doctor"],
    &["commands::shared"],
    &["commands::files", "commands::cluster", "commands::admin", "commands::session"],
    &["commands"],
    &["engine"],
    &["prompt"],
    &["dashboard"],
    &["program", "main", "bin", "lib", "pages", "layers"],
];

/// Returns the layer of a module path: its height and its name. The longest matching name is used.
fn layer(path: &[String]) -> Option<(usize, &'static str)> {
    let begins = |name: &str| name.split("::").zip(path).filter(|(part, own)| part == own).count();
    let is_of = |name: &&str| begins(name) == name.split("::").count();
    let found = LAYERS.iter().enumerate().flat_map(|(height, names)| names.iter().map(move |name| (height, *name)));
    found.filter(|(_, name)| is_of(name)).max_by_key(|(_, name)| name.len())
}

/// Returns the modules that a source file names with `crate::…` or `super::…`, as paths from the
/// crate root.
fn imports(own: &[String], source: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for root in ["crate::", "super::"] {
        for (at, _) in source.match_indices(root) {
            let before = source.get(..at).and_then(|before| before.chars().next_back());
            // A `super::` after another one is read together with the first.
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '$')) {
                continue;
            }
            let mut rest = &source[at..];
            let mut path = if root == "crate::" { Vec::new() } else { own.to_vec() };
            rest = rest.strip_prefix("crate::").unwrap_or(rest);
            while let Some(behind) = rest.strip_prefix("super::") {
                path.pop();
                rest = behind;
            }
            expand(path, rest, &mut found);
        }
    }
    found
}

/// Adds the path at the beginning of the text, or all paths of a list in braces.
fn expand(mut path: Vec<String>, mut text: &str, found: &mut Vec<Vec<String>>) {
    loop {
        if let Some(list) = text.strip_prefix('{') {
            let (mut depth, mut start) = (0, 0);
            for (at, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth > 0 => depth -= 1,
                    ',' | '}' if depth == 0 => {
                        expand(path.clone(), list[start..at].trim(), found);
                        start = at + 1;
                        if c == '}' {
                            return;
                        }
                    }
                    _ => {}
                }
            }
            return;
        }
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        let (name, behind) = text.split_at(end);
        if !name.is_empty() && name != "self" {
            path.push(name.to_owned());
        }
        match behind.strip_prefix("::") {
            Some(more) => text = more,
            None => return found.push(path),
        }
    }
}

/// Returns the source without comments and without the tests at its end, which may use anything.
fn shipped(source: &str) -> String {
    let source = source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    source.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect()
}

/// Returns the forbidden imports of a file, one per line.
fn wrong(file: &str, source: &str) -> Vec<String> {
    let mut own: Vec<String> = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    // A `mod.rs` belongs to the module of its directory.
    if own.last().is_some_and(|name| name == "mod") {
        own.pop();
    }
    let Some((height, name)) = layer(&own) else { return vec![format!("{file} is in no layer")] };
    let refused = |path: Vec<String>| {
        let (to, of) = layer(&path)?;
        let above = to > height || to == height && of != name;
        above.then(|| format!("{file} ({name}) imports {}, which is of {of}", path.join("::")))
    };
    // In a `mod.rs`, `super` is the module above the directory.
    imports(&own, &shipped(source)).into_iter().filter_map(refused).collect()
}

fn files(directory: &Path, all: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("the sources are there") {
        let path = entry.expect("readable").path();
        match path.is_dir() {
            true => files(&path, all),
            false => all.push(path),
        }
    }
}

#[test]
fn no_file_imports_from_a_layer_above_its_own() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let mut all = Vec::new();
    files(root, &mut all);
    let is_test = |path: &Path| path.to_string_lossy().ends_with("tests.rs");
    let mut found = Vec::new();
    for path in all.iter().filter(|path| !is_test(path)) {
        let file = path.strip_prefix(root).expect("below").display().to_string();
        found.extend(wrong(&file, &std::fs::read_to_string(path).expect("readable")));
    }
    assert!(all.len() > 100 && found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn imports_are_read_in_every_form() {
    for (file, source, count) in [
        ("base/out.rs", "use crate::session::Session;", 1),
        ("base/out.rs", "use crate::{base::report, lang, session::{self, Session}};", 3),
        ("base/out.rs", "fn f() { crate::commands::f() }", 1),
        ("base/out.rs", "use super::super::session::Session;", 1),
        ("base/out.rs", "use super::report::usage; // crate::base", 0),
        ("base/out.rs", "#[cfg(test)]\nmod tests {\nuse crate::session::Session;", 1),
        ("base/out.rs", "\n#[cfg(test)]\nmod tests {\nuse crate::session::Session;", 0),
        ("commands/files/ls.rs", "use crate::commands::shared::rows; use super::stat;", 0),
        ("commands/files/ls.rs", "use crate::commands::cluster::{nodes, top};", 2),
        ("commands/files/ls.rs", "use crate::commands::COMMANDS;", 1),
        ("commands/mod.rs", "pub use crate::commands::files::FILES;", 0),
        ("bench/raw.rs", "use crate::transfer::Run;", 1),
        ("engine/run.rs", "use super::jobs; use crate::commands::COMMANDS;", 0),
        ("other.rs", "", 1),
    ] {
        let found = wrong(file, source);
        assert_eq!(found.len(), count, "{file}: {source}: {found:?}");
    }
}

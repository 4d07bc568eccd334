//! Checks the layers of the dashboard: imports go downwards only, so that there are no cycles of
//! imports.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The layers, lowest first. Modules of one layer do not import each other.
const LAYERS: [&[&str]; 13] = [
    &["chart", "history", "list", "page_id", "theme", "typed"],
    &["observation", "playback"],
    &["message"],
    &["shared", "world"],
    &["page"],
    &["widgets"],
    &[
        "pages::commands",
        "pages::events",
        "pages::files",
        "pages::heatmap",
        "pages::masters",
        "pages::nodes",
        "pages::overview",
        "pages::replication",
    ],
    &["pages"],
    &["model"],
    &["window"],
    &["draw", "update"],
    &["once", "replay"],
    &["run"],
];
/// Test modules, which may import everything.
const TESTS: [&str; 4] = ["fixtures", "frames", "layers", "tests"];

/// Returns the index of the layer of a module, counted from the lowest, and the name of the module
/// in it.
fn layer(module: &str) -> Option<(usize, &'static str)> {
    let names = LAYERS.iter().enumerate().flat_map(|(at, names)| names.iter().map(move |name| (at, *name)));
    let is_of = |name: &str| module.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    names.filter(|(_, name)| is_of(name)).max_by_key(|(_, name)| name.len())
}

/// Returns the items of a `use` group, each as a path: `a, b::{c, d}` is `a`, `b::c`, `b::d`.
fn group(text: &str) -> Vec<String> {
    let (mut depth, mut item, mut items) = (0, String::new(), Vec::new());
    for letter in text.chars().chain([',']) {
        match letter {
            ',' | '}' if depth == 0 => {
                items.push(std::mem::take(&mut item));
                if letter == '}' {
                    break;
                }
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        item.push(letter);
    }
    let paths = items.iter().map(|item| item.trim()).filter(|item| !item.is_empty());
    let expanded = paths.flat_map(|item| match item.split_once('{') {
        Some((before, inside)) => group(inside).iter().map(|name| format!("{before}{name}")).collect(),
        None => vec![item.to_owned()],
    });
    expanded.collect()
}

/// Returns the paths that follow each `start`, with the names of a group one by one.
fn behind(text: &str, start: &str) -> Vec<String> {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let starts = text.match_indices(start).filter(|(at, _)| !text[..*at].ends_with(part_of_word));
    let paths = starts.flat_map(|(at, _)| {
        let rest = &text[at + start.len()..];
        let end = rest.find(|c| !part_of_word(c)).unwrap_or(rest.len());
        match rest[end..].strip_prefix('{') {
            Some(inside) => group(inside).iter().map(|name| format!("{}{name}", &rest[..end])).collect(),
            None => vec![rest[..end].to_owned()],
        }
    });
    paths.collect()
}

/// Returns the imports of a module from the dashboard, as paths below `top`.
fn imports(module: &str, text: &str) -> BTreeSet<String> {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code = lines.collect::<Vec<_>>().join("\n");
    let shipped = code.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut found: BTreeSet<String> = behind(shipped, "crate::top::").into_iter().collect();
    for path in behind(shipped, "super::") {
        let mut parents: Vec<&str> = module.split("::").collect();
        parents.pop();
        let mut path = path.as_str();
        while let Some(rest) = path.strip_prefix("super::") {
            parents.pop();
            path = rest;
        }
        found.insert(parents.into_iter().chain([path]).collect::<Vec<_>>().join("::"));
    }
    found
}

/// Returns the violations in the imports of a file.
fn faults(module: &str, text: &str) -> Vec<String> {
    let Some((own, own_name)) = layer(module) else {
        return vec![format!("top::{module} is in no layer: give it one in top/layers.rs")];
    };
    let fault = |path: String| match layer(&path) {
        None => Some(format!("top::{module} imports top::{path}: name it by its module, which is in a layer")),
        Some((_, name)) if name == own_name => None,
        Some((other, _)) if other < own => None,
        Some((other, name)) => Some(format!(
            "top::{module} (layer {own}) imports top::{path}: top::{name} is in layer {other}, which is not below it"
        )),
    };
    imports(module, text).into_iter().filter_map(fault).collect()
}

/// Calls `look` with the module and the text of each source file below a directory.
fn each_file(directory: &Path, module: &[String], look: &mut impl FnMut(&str, &str)) {
    for entry in fs::read_dir(directory).expect("a directory of sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let inside: Vec<String> = module.iter().cloned().chain([name.clone()]).collect();
        if path.is_dir() {
            each_file(&path, &inside, look);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            let module = if matches!(name.as_str(), "mod" | "lib") { module.join("::") } else { inside.join("::") };
            look(&module, &text);
        }
    }
}

#[test]
fn imports_go_downwards() {
    let mut wrong = Vec::new();
    let mut files = 0;
    each_file(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &[], &mut |module, text| {
        let is_test = module.rsplit("::").next().is_some_and(|name| TESTS.contains(&name));
        let shipped = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        match module.strip_prefix("top::") {
            _ if is_test || module == "top" || module.is_empty() => return,
            Some(module) => wrong.extend(faults(module, text)),
            None if shipped.contains("crate::top") => {
                wrong.push(format!("{module} imports crate::top, which is above it"));
            }
            None => {}
        }
        files += 1;
    });
    assert!(files > 50, "only {files} files were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_import_of_a_higher_layer_is_found_however_it_is_written() {
    let ways = [
        ("page", "use crate::top::draw::draw;"),
        ("page", "use super::{shared::Shared, draw::{self, overlay}};"),
        ("pages::nodes::one", "fn f() { crate::top::update::update(); }"),
        ("pages::events", "use super::overview::Overview;"),
        ("pages::nodes::one", "use super::super::{events, super::run};"),
        ("model", "use crate::top::{page, window};"),
        ("shared", "use crate::top::Model;"),
        ("unheard_of", ""),
    ];
    for (module, text) in ways {
        assert!(!faults(module, text).is_empty(), "{module}: {text}");
    }
    let told = faults("page", "use crate::top::draw::draw;").join("\n");
    assert!(told.contains("top::page ") && told.contains("top::draw "), "{told}");
    let allowed = [
        ("page", "use crate::top::shared::Shared; // and not crate::top::draw"),
        ("pages::nodes::one", "use super::columns;\n#[cfg(test)]\nmod tests { use crate::top::update::update; }"),
        ("run", "use crate::top::{draw::draw, update};"),
    ];
    for (module, text) in allowed {
        assert_eq!(faults(module, text), [""; 0], "{text}");
    }
}

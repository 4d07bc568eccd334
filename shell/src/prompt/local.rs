//! Completes names of this machine: paths and programs.

use super::choices::{Choice, Choices};
use super::directories::Name;
use super::spelling::meant;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The maximum number of entries of a local directory that are read.
const LOOKED_AT_MAX: usize = 20_000;

/// Returns the local paths that begin with the typed text, or the closest ones if none does.
pub(super) fn paths(typed: &str, only_directories: bool) -> Choices {
    let (above, prefix) = typed.split_at(typed.rfind('/').map_or(0, |slash| slash + 1));
    let fitting = names(above, prefix).into_iter().filter(|(_, directory)| *directory || !only_directories);
    let list: Vec<Choice> = fitting.map(|(name, directory)| Choice::path(above, &name, directory)).collect();
    if list.is_empty() {
        let mut names = |above: &str, prefix: &str| (names(above, prefix), true);
        return Choices::meant(meant(typed, &mut names), typed, only_directories);
    }
    Choices { list, ..Choices::default() }.sorted()
}

/// Returns the names in a local directory that begin with `prefix`; hidden ones only if `prefix`
/// begins with a dot.
fn names(above: &str, prefix: &str) -> Vec<Name> {
    let directory = match (above, std::env::var("HOME")) {
        ("", _) => "./".to_owned(),
        (above, Ok(home)) if above.starts_with("~/") => above.replacen('~', &home, 1),
        (above, _) => above.to_owned(),
    };
    let Ok(entries) = std::fs::read_dir(Path::new(&directory)) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.take(LOOKED_AT_MAX).filter_map(Result::ok) {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with(prefix) && (prefix.starts_with('.') || !name.starts_with('.')) {
            found.push((name, entry.path().is_dir()));
        }
    }
    found
}

/// Returns the programs in `PATH` that begin with the typed text.
pub(super) fn programs(typed: &str) -> Choices {
    let path = std::env::var_os("PATH").unwrap_or_default();
    programs_in(std::env::split_paths(&path), typed)
}

fn programs_in(directories: impl Iterator<Item = impl AsRef<Path>>, typed: &str) -> Choices {
    let entries = directories.filter_map(|directory| std::fs::read_dir(directory).ok());
    let entries = entries.flat_map(|entries| entries.take(LOOKED_AT_MAX).filter_map(Result::ok));
    let is_program =
        |path: &Path| path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    let program = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok().filter(|name| name.starts_with(typed))?;
        is_program(&entry.path()).then_some(name)
    };
    Choices::words(entries.filter_map(program), typed).sorted()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(choices: Choices) -> Vec<String> {
        choices.list.into_iter().map(|choice| choice.text).collect()
    }

    #[test]
    fn local_paths() {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(directory.path().join("my directory")).expect("made");
        std::fs::write(directory.path().join("my file"), "").expect("written");
        let root = directory.path().display();
        let expected = [format!("{root}/my directory/"), format!("{root}/my file")];
        assert_eq!(texts(paths(&format!("{root}/my"), false)), expected);
        assert_eq!(texts(paths(&format!("{root}/my"), true)), [format!("{root}/my directory/")]);
        assert_eq!(texts(paths(&format!("{root}/no/such/directory"), true)), Vec::<String>::new());
        std::fs::write(directory.path().join("my directory/notes"), "").expect("written");
        assert_eq!(texts(paths(&format!("{root}/MY F"), false)), [format!("{root}/my file")]);
        assert_eq!(texts(paths(&format!("{root}/my/no"), false)), [format!("{root}/my directory/notes")]);
    }

    #[test]
    fn programs_are_what_can_be_run() {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, mode) in [("grab", 0o755), ("grade", 0o644), ("other", 0o755)] {
            let file = directory.path().join(name);
            std::fs::write(&file, "").expect("written");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("set");
        }
        std::fs::create_dir(directory.path().join("grid")).expect("made");
        let twice = [directory.path(), directory.path(), Path::new("/no/such/directory")];
        assert_eq!(texts(programs_in(twice.iter(), "gr")), ["grab"]);
    }
}

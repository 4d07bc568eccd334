//! What could stand at the cursor: names of commands, flags, variables, paths.

use super::target::completed;
use crate::commands::{COMMANDS, Command, Kind};
use crate::roles::{Role, roles};
use dfs_client::{Client, ListFolder};
use dfs_tui::text::sanitise;
use dfs_types::DfsPath;
use rustyline::completion::Pair;
use std::path::Path;
use std::time::Duration;

/// Completion must not hold up typing: what has not come by then is left out.
const DEADLINE: Duration = Duration::from_millis(150);
/// Candidates that are shown.
const SHOWN_MAX: usize = 500;
/// Entries of a local folder that are looked at.
const LOCAL_LOOKED_AT_MAX: usize = 20_000;

/// A name, and whether it is a folder, behind which more may come.
type Name = (String, bool);

/// What completes `typed`.
pub(super) fn named(names: impl Iterator<Item = impl AsRef<str>>, typed: &str) -> Vec<Pair> {
    let fits = names.filter(|name| name.as_ref().starts_with(typed)).take(SHOWN_MAX);
    fits.map(|name| Pair { display: name.as_ref().to_owned(), replacement: format!("{} ", name.as_ref()) }).collect()
}

/// The commands that begin so.
pub(super) fn commands(typed: &str) -> Vec<Pair> {
    named(COMMANDS.iter().map(|command| command.name), typed)
}

/// The flags of a command that begin so.
pub(super) fn flags(command: &Command, typed: &str) -> Vec<Pair> {
    let definition = command.definition();
    let of = |arg: &clap::Arg| {
        let long = arg.get_long().map(|long| format!("--{long}"));
        let short = arg.get_short().map(|short| format!("-{short}"));
        long.into_iter().chain(short).collect::<Vec<_>>()
    };
    let flags: Vec<String> = definition.get_arguments().filter(|arg| !arg.is_positional()).flat_map(of).collect();
    named(flags.iter(), typed)
}

/// What the word behind `words` may name. Where a command takes many and then one of another kind, both.
pub(super) fn kinds(command: &Command, words: &[String]) -> Vec<Kind> {
    let with_cursor: Vec<&str> = words.iter().map(String::as_str).chain([""]).collect();
    let roles = roles(&command.definition(), &with_cursor);
    let Some(Role::Argument(index)) = roles.last() else { return Vec::new() };
    let mut kinds = vec![command.meaning.kind(*index, index + 1), command.meaning.kind(*index, index + 2)];
    kinds.dedup();
    kinds
}

/// The remote paths that begin so. None when the cluster does not answer in time.
pub(super) async fn remote(
    client: &Client,
    folder: &DfsPath,
    typed: &str,
    quote: Option<char>,
    only_folders: bool,
) -> Vec<Pair> {
    let (above, prefix) = typed.rsplit_once('/').map_or(("", typed), |(above, prefix)| (above, prefix));
    let path = match typed.contains('/') {
        true => DfsPath::resolve(folder, if above.is_empty() { "/" } else { above }),
        false => Ok(folder.clone()),
    };
    let Ok(path) = path else { return Vec::new() };
    let list = ListFolder { path, after: None, prefix: prefix.to_owned(), limit: SHOWN_MAX as u32 };
    let Ok(Ok(page)) = tokio::time::timeout(DEADLINE, client.clone().fail_fast().list(list)).await else {
        return Vec::new();
    };
    let is_folder = |entry: &dfs_types::Entry| entry.stat.kind == dfs_types::Kind::Directory;
    let names =
        page.entries.into_iter().map(|entry| (is_folder(&entry), entry.name)).map(|(folder, name)| (name, folder));
    let names = names.filter(|(name, folder)| name.starts_with(prefix) && (*folder || !only_folders)).collect();
    paths(names, typed, prefix, quote, page.more)
}

/// The local paths that begin so.
pub(super) fn local(typed: &str, quote: Option<char>, only_folders: bool) -> Vec<Pair> {
    let (above, prefix) = typed.rsplit_once('/').map_or((".", typed), |(above, prefix)| (above, prefix));
    let above = match (above, std::env::var("HOME")) {
        ("", _) => "/".to_owned(),
        ("~", Ok(home)) => home,
        (above, Ok(home)) if above.starts_with("~/") => above.replacen('~', &home, 1),
        (above, _) => above.to_owned(),
    };
    let Ok(entries) = std::fs::read_dir(Path::new(&above)) else { return Vec::new() };
    let mut names: Vec<Name> = Vec::new();
    for entry in entries.take(LOCAL_LOOKED_AT_MAX).filter_map(Result::ok) {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with(prefix) && (prefix.starts_with('.') || !name.starts_with('.')) {
            let folder = entry.path().is_dir();
            if folder || !only_folders {
                names.push((name, folder));
            }
        }
    }
    names.sort();
    let more = names.len() > SHOWN_MAX;
    names.truncate(SHOWN_MAX);
    paths(names, typed, prefix, quote, more)
}

/// Names as completed words. `more`: not all could be shown, and that is said.
fn paths(names: Vec<Name>, typed: &str, prefix: &str, quote: Option<char>, more: bool) -> Vec<Pair> {
    let above = typed.strip_suffix(prefix).unwrap_or("");
    let pair = |(name, folder): Name| {
        let slash = if folder { "/" } else { "" };
        // A word that begins with a dash would be taken for a flag.
        let here = if above.is_empty() && name.starts_with('-') { "./" } else { "" };
        let display = format!("{}{slash}", sanitise(&name));
        Pair { display, replacement: completed_path(&format!("{here}{above}{name}{slash}"), quote, !folder) }
    };
    let mut pairs: Vec<Pair> = names.into_iter().map(pair).collect();
    if more {
        pairs.push(Pair { display: "… and more".to_owned(), replacement: completed_path(typed, quote, false) });
    }
    pairs
}

/// [`completed`], but a `~` that stands for the home folder stays bare.
fn completed_path(path: &str, quote: Option<char>, ended: bool) -> String {
    match path.strip_prefix("~/") {
        Some(rest) if quote.is_none() => format!("~/{}", completed(rest, None, ended)),
        _ => completed(path, quote, ended),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replacements(pairs: Vec<Pair>) -> Vec<String> {
        pairs.into_iter().map(|pair| pair.replacement).collect()
    }

    #[test]
    fn commands_and_flags() {
        assert_eq!(replacements(commands("mk")), ["mkdir "]);
        let put = Command::named("put").expect("there");
        assert_eq!(replacements(flags(put, "--c")), ["--chunk-size "]);
        assert!(replacements(flags(put, "-")).contains(&"-r ".to_owned()));
    }

    #[test]
    fn kinds_by_place() {
        let put = Command::named("put").expect("there");
        assert_eq!(kinds(put, &[]), [Kind::Local]);
        assert_eq!(kinds(put, &["a".into()]), [Kind::Remote, Kind::Local]);
        assert_eq!(kinds(put, &["--rep".into()]), []);
        let ls = Command::named("ls").expect("there");
        assert_eq!(kinds(ls, &["-l".into(), "a".into()]), [Kind::Remote]);
    }

    #[test]
    fn local_paths() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("my folder")).expect("made");
        std::fs::write(folder.path().join("my file"), "").expect("written");
        let root = folder.path().display();
        let expected = [format!("{root}/my\\ file "), format!("{root}/my\\ folder/")];
        assert_eq!(replacements(local(&format!("{root}/my"), None, false)), expected);
        assert_eq!(replacements(local(&format!("{root}/my"), None, true)), [format!("{root}/my\\ folder/")]);
        assert_eq!(replacements(local(&format!("{root}/my fi"), Some('\''), false)), [format!("'{root}/my file' ")]);
    }

    #[test]
    fn odd_names() {
        let names = vec![("-rf".to_owned(), false), ("a\nb".to_owned(), false), ("a;b".to_owned(), true)];
        assert_eq!(replacements(paths(names, "", "", None, true)), ["./-rf ", "$'a\\nb' ", "a\\;b/", ""]);
    }
}

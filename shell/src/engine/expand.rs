//! Expands patterns: remote ones against the DFS, local ones against this machine.

use super::nesting::{NESTING_MAX, nested_too_deep};
use crate::base::report::{local_io, usage};
use crate::command::roles::{Role, roles};
use crate::command::{Command, Context, Kind};
use crate::commands::COMMANDS;
use crate::lang::Text;
use crate::lang::glob::{Like, Part, Pattern, braces};
use dfs_client::Client;
use dfs_types::{DfsPath, Error, ErrorCode, PathError, Result};
use futures::TryStreamExt;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The maximum number of paths that one pattern may match.
const MATCHES_MAX: usize = 1_000_000;
/// The maximum number of names that are examined for one pattern.
const LOOKED_AT_MAX: usize = 20_000_000;

/// Returns the arguments of a command with every pattern expanded. `nesting` is the number of
/// commands that run inside one another, this one included.
///
/// # Errors
/// Returns an error if a pattern matches nothing, as in `hdfs dfs`, if a directory cannot be read,
/// or if too many commands are nested.
pub(crate) async fn arguments(
    command: &Command,
    texts: &[Text],
    nesting: usize,
    context: &mut Context<'_>,
) -> Result<Vec<OsString>> {
    if nesting > NESTING_MAX {
        return Err(nested_too_deep());
    }
    let plain: Vec<String> = texts.iter().map(Text::plain).collect();
    let roles = roles(&command.definition(), &plain);
    let count = roles.iter().filter(|role| matches!(role, Role::Argument(_))).count();
    let mut all = Vec::with_capacity(texts.len());
    for (at, ((text, plain), role)) in texts.iter().zip(plain).zip(roles).enumerate() {
        let kind = match role {
            Role::Argument(index) => command.meaning.kind(index, count),
            Role::Flag | Role::Value => Kind::Plain,
        };
        match kind {
            Kind::Line => {
                let within = match COMMANDS.named(&plain) {
                    Some(within) => within,
                    None => COMMANDS.find(&texts.iter().skip(at).map(Text::plain).collect::<Vec<_>>())?,
                };
                all.push(plain.into());
                let rest = texts.get(at + 1..).unwrap_or_default();
                all.extend(Box::pin(arguments(within, rest, nesting + 1, context)).await?);
                break;
            }
            Kind::Remote | Kind::RemoteDirectory | Kind::RemoteOrNode => all.extend(paths(text, false, context).await?),
            Kind::Local | Kind::LocalDirectory => {
                let text = from_here(&at_home(text), context)?;
                all.extend(paths(&text, true, context).await?);
            }
            _ => all.push(plain.into()),
        }
    }
    Ok(all)
}

/// Replaces a leading `~` with the home directory.
fn at_home(text: &Text) -> Text {
    match (text.behind_home(), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => rest.behind(&home),
        _ => text.clone(),
    }
}

/// Makes a relative path of a background command absolute, from the directory where the command
/// began.
fn from_here(text: &Text, context: &Context<'_>) -> Result<Text> {
    let first = text.symbols().first().map(|symbol| symbol.c);
    match &context.session.console {
        Some(console) if console.has_place() && text.plain() != "-" && first != Some('/') => {
            let here =
                console.here.to_str().ok_or_else(|| Error::from(PathError::NotUtf8).at(console.here.display()))?;
            Ok(text.behind(&format!("{here}/")))
        }
        _ => Ok(text.clone()),
    }
}

async fn paths(text: &Text, local: bool, context: &mut Context<'_>) -> Result<Vec<OsString>> {
    let mut all = Vec::new();
    for word in braces(text).map_err(|error| usage(error.to_string()).at(text.plain()))? {
        let Some(pattern) = Pattern::of(&word) else {
            all.push(OsString::from(word.plain()));
            continue;
        };
        let tree = if local {
            Tree::Local
        } else {
            Tree::Remote { client: context.client().await?, directory: context.session.directory.clone() }
        };
        let found = context.call(walk(&tree, &pattern, LOOKED_AT_MAX)).await.map_err(|error| at(error, &word))?;
        if found.is_empty() {
            return Err(Error::new(ErrorCode::NotFound, "nothing matches").at(word.plain()));
        }
        all.extend(found);
    }
    Ok(all)
}

/// Adds the pattern to a usage error that names no path.
fn at(error: Error, word: &Text) -> Error {
    if error.code == ErrorCode::Usage && error.path.is_none() { error.at(word.plain()) } else { error }
}

/// The kind of a directory entry, as far as patterns distinguish it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    Directory,
    /// A symbolic link to a directory: a pattern of one name follows it, `**` does not.
    Link,
    Other,
}

/// The file system in which names are looked up.
enum Tree {
    Local,
    Remote { client: Client, directory: DfsPath },
}

/// Returns the paths that match, sorted, and absolute or relative like the pattern.
async fn walk(tree: &Tree, pattern: &Pattern, looked_at_max: usize) -> Result<Vec<OsString>> {
    let mut found = Vec::new();
    let mut looked_at = 0;
    let start = OsString::from(if pattern.absolute { "/" } else { "" });
    // Holds the rest of the pattern for each path; the last pushed is taken next.
    let mut open: Vec<(OsString, &[Part])> = vec![(start, pattern.parts.as_slice())];
    while let Some((at, parts)) = open.pop() {
        let Some((part, rest)) = parts.split_first() else {
            found.push(at);
            if found.len() > MATCHES_MAX {
                return Err(usage(format!("the pattern matches more than {MATCHES_MAX} paths")));
            }
            continue;
        };
        match part {
            Part::Name(name) => {
                let next = child(&at, OsStr::new(name));
                // Names after the last pattern must be looked up; names before it are checked when
                // their directory is listed.
                if parts.iter().any(|part| !matches!(part, Part::Name(_))) || tree.exists(&next).await? {
                    open.push((next, rest));
                }
                looked_at += 1;
            }
            Part::Like(like) => {
                let only_directories = !rest.is_empty() || pattern.directories_only;
                let mut names = tree.names(&at, Some(like)).await?;
                looked_at += 1 + names.len();
                names.retain(|(_, entry)| *entry != Entry::Other || !only_directories);
                open.extend(names.into_iter().rev().map(|(name, _)| (child(&at, &name), rest)));
            }
            Part::AnyDepth => {
                let names = tree.names(&at, None).await?;
                looked_at += 1 + names.len();
                for (name, entry) in names.into_iter().rev() {
                    if entry == Entry::Directory {
                        open.push((child(&at, &name), parts));
                    } else if rest.is_empty() && !pattern.directories_only {
                        open.push((child(&at, &name), rest));
                    }
                }
                if !at.is_empty() {
                    open.push((at, rest));
                } else if !rest.is_empty() {
                    open.push((OsString::new(), rest));
                }
            }
        }
        if looked_at > looked_at_max {
            let error = usage(format!("the pattern has more than {looked_at_max} names to look at"));
            return Err(error.hint("begin it in a directory with less below it"));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn child(directory: &OsStr, name: &OsStr) -> OsString {
    let mut path = directory.to_owned();
    if !directory.is_empty() && directory != "/" {
        path.push("/");
    }
    path.push(name);
    path
}

impl Tree {
    async fn exists(&self, path: &OsStr) -> Result<bool> {
        match self {
            Self::Local => {
                let path = path.to_owned();
                apart(move || Ok(std::fs::symlink_metadata(path).is_ok())).await
            }
            Self::Remote { client, directory } => match client.stat(&resolve(directory, path)?).await {
                Ok(_) => Ok(true),
                Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::NotADirectory) => Ok(false),
                Err(error) => Err(error),
            },
        }
    }

    /// Returns the matching names in a directory with their kinds. A missing directory has none.
    async fn names(&self, path: &OsStr, like: Option<&Like>) -> Result<Vec<(OsString, Entry)>> {
        match self {
            Self::Local => {
                let (path, like) = (path.to_owned(), like.cloned());
                apart(move || local_names(&path, like.as_ref())).await
            }
            Self::Remote { client, directory } => {
                let prefix = like.map(Like::prefix).unwrap_or_default();
                let path = resolve(directory, path)?;
                let stat = match client.stat(&path).await {
                    Ok(stat) => stat,
                    Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::NotADirectory) => {
                        return Ok(Vec::new());
                    }
                    Err(error) => return Err(error),
                };
                if stat.kind != dfs_types::Kind::Directory {
                    return Ok(Vec::new());
                }
                let mut names = Vec::new();
                let mut entries = std::pin::pin!(client.list_all(&path, &prefix));
                while let Some(entry) = entries.try_next().await? {
                    if matches(like, &entry.name) {
                        let directory = entry.stat.kind == dfs_types::Kind::Directory;
                        names.push((entry.name.into(), if directory { Entry::Directory } else { Entry::Other }));
                    }
                }
                Ok(names)
            }
        }
    }
}

fn resolve(directory: &DfsPath, path: &OsStr) -> Result<DfsPath> {
    let text = path.to_string_lossy();
    Ok(if text.is_empty() { directory.clone() } else { DfsPath::resolve(directory, &text)? })
}

/// Returns true if the name matches. Without a pattern, every name matches that does not begin with
/// a dot.
fn matches(like: Option<&Like>, name: &str) -> bool {
    like.map_or(!name.starts_with('.'), |like| like.matches(name))
}

/// Runs work that may block on a disk on a blocking thread, so that waiting for it can be
/// interrupted at once.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.unwrap_or_else(|error| Err(Error::new(ErrorCode::Internal, error.to_string())))
}

fn local_names(path: &OsStr, like: Option<&Like>) -> Result<Vec<(OsString, Entry)>> {
    let directory = Path::new(if path.is_empty() { OsStr::new(".") } else { path });
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Err(local_io(directory, &error)),
        Err(_) => return Ok(Vec::new()),
    };
    let mut names = Vec::new();
    for entry in entries.filter_map(std::io::Result::ok) {
        if matches(like, &entry.file_name().to_string_lossy()) {
            names.push((entry.file_name(), kind(&entry)));
        }
    }
    names.sort();
    Ok(names)
}

fn kind(entry: &std::fs::DirEntry) -> Entry {
    match entry.file_type() {
        Ok(kind) if kind.is_dir() => Entry::Directory,
        Ok(kind) if kind.is_symlink() && entry.path().is_dir() => Entry::Link,
        _ => Entry::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn local(root: &Path, pattern: &str) -> Vec<String> {
        let text = Text::bare(&format!("{}/{pattern}", root.display()));
        let pattern = Pattern::of(&text).expect("a pattern");
        let found = walk(&Tree::Local, &pattern, LOOKED_AT_MAX).await.expect("readable");
        let relative = |path: OsString| Path::new(&path).strip_prefix(root).expect("below").display().to_string();
        found.into_iter().map(relative).collect()
    }

    #[tokio::test]
    async fn local_patterns() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path();
        for file in ["a.txt", "b.txt", ".hidden", "d/a.txt", "d/e/c.txt", "d/e/f/g.rs"] {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, "").expect("written");
        }
        assert_eq!(local(root, "*.txt").await, ["a.txt", "b.txt"]);
        assert_eq!(local(root, "*").await, ["a.txt", "b.txt", "d"]);
        assert_eq!(local(root, "*/").await, ["d"]);
        assert_eq!(local(root, "*/a.txt").await, ["d/a.txt"]);
        assert_eq!(local(root, "**/*.txt").await, ["a.txt", "b.txt", "d/a.txt", "d/e/c.txt"]);
        assert_eq!(local(root, "**/g.rs").await, ["d/e/f/g.rs"]);
        assert_eq!(local(root, "d/**").await, ["d", "d/a.txt", "d/e", "d/e/c.txt", "d/e/f", "d/e/f/g.rs"]);
        assert_eq!(local(root, "x*").await, Vec::<String>::new());
    }
    /// Like the globstar of bash and like find: a link to a directory matches, but is not followed.
    #[tokio::test]
    async fn links_are_found_and_not_walked() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path();
        std::fs::create_dir_all(root.join("d/e")).expect("made");
        std::fs::write(root.join("d/x"), "").expect("written");
        for (link, to) in [("up", "."), ("again", "."), ("d/root", ".."), ("gone", "none"), ("file", "d/x")] {
            std::os::unix::fs::symlink(to, root.join(link)).expect("linked");
        }
        assert_eq!(local(root, "**/x").await, ["d/x"]);
        assert_eq!(
            local(root, "**").await,
            ["", "again", "d", "d/e", "d/root", "d/x", "file", "gone", "up"],
            "each is found once"
        );
        assert_eq!(local(root, "**/").await, ["", "d", "d/e"]);
        // A pattern of one name follows a link, as in sh.
        assert_eq!(local(root, "u*/d/x").await, ["up/d/x"]);
        assert_eq!(local(root, "u*/**/x").await, ["up/d/x"]);
    }

    #[tokio::test]
    async fn a_walk_has_a_bound() {
        let directory = tempfile::tempdir().expect("a directory");
        (0..20).for_each(|name| std::fs::create_dir(directory.path().join(name.to_string())).expect("made"));
        let pattern = Pattern::of(&Text::bare(&format!("{}/**/none", directory.path().display()))).expect("a pattern");
        assert_eq!(walk(&Tree::Local, &pattern, 100).await, Ok(Vec::new()));
        let error = walk(&Tree::Local, &pattern, 20).await.expect_err("too many");
        assert_eq!(
            (error.code, error.message.as_str()),
            (ErrorCode::Usage, "the pattern has more than 20 names to look at")
        );
    }
}

//! What could stand at the cursor: names of commands, flags, values of flags, variables, datanodes, paths.

use super::choices::{Choice, Choices};
use super::known::{Known, Words};
use super::target::{Place, Target};
use crate::command::roles::{Role, flag_of_value, roles};
use crate::command::{Command, Kind};
use crate::commands::COMMANDS;
use crate::session::Session;
use crate::session::alias::Aliases;
use dfs_types::DfsPath;
use std::path::Path;

/// Entries of a local directory that are looked at.
const LOCAL_LOOKED_AT_MAX: usize = 20_000;

/// What of a session completion needs, as it was when the prompt came.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub directory: DfsPath,
    pub variables: Vec<String>,
    pub aliases: Aliases,
    pub known: Known,
}

impl Surroundings {
    /// Takes over what a command may have changed.
    pub(super) fn refresh(&mut self, session: &Session) {
        self.directory = session.directory.clone();
        self.variables = session.scope.variables().map(|(name, _)| name.to_owned()).collect();
        self.aliases = session.aliases.clone();
    }

    /// What could stand at the cursor. Waits for the cluster, if at all, for no longer than a person notices.
    pub(super) fn choices(&self, target: &Target) -> Choices {
        let typed = target.typed.as_str();
        match &target.place {
            Place::Command => self.commands(typed),
            Place::Variable => Choices::words(&self.variables, typed),
            Place::LocalFile => local(typed, false),
            Place::Argument(words) => {
                let Some((command, words)) = self.command(words) else { return Choices::default() };
                if typed.starts_with('-') && target.quote.is_none() && !words.iter().any(|word| word == "--") {
                    return Choices::words(flags(command), typed);
                }
                match kinds(command, &words) {
                    Ok(kinds) => {
                        kinds.into_iter().map(|kind| self.of_kind(kind, typed)).reduce(Choices::and).unwrap_or_default()
                    }
                    Err(values) => Choices::words(values, typed),
                }
            }
        }
    }

    /// The command that words belong to, and those behind its name: what an alias stands for, what `time` is to run.
    pub(super) fn command(&self, words: &[String]) -> Option<(&'static Command, Vec<String>)> {
        let mut words = self.aliases.unfolded(words);
        loop {
            let command = COMMANDS.named(words.first()?)?;
            words.remove(0);
            if command.meaning.rest != Kind::Line {
                return Some((command, words));
            }
            let roles = roles(&command.definition(), &words);
            match roles.iter().position(|role| matches!(role, Role::Argument(_))) {
                Some(inner) => drop(words.drain(..inner)),
                None => return Some((command, words)),
            }
        }
    }

    fn commands(&self, typed: &str) -> Choices {
        Choices::words(COMMANDS.iter().map(|command| command.name), typed)
            .and(Choices::words(self.aliases.names(), typed))
    }

    fn of_kind(&self, kind: Kind, typed: &str) -> Choices {
        match kind {
            Kind::Plain => Choices::default(),
            Kind::Variable => Choices::words(&self.variables, typed),
            Kind::Command | Kind::Line => self.commands(typed),
            Kind::Alias => Choices::words(self.aliases.names(), typed),
            Kind::Local => local(typed, false),
            Kind::LocalDirectory => local(typed, true),
            Kind::Node => known(self.known.nodes(), typed),
            Kind::User => known(self.known.users(), typed),
            Kind::Remote => self.remote(typed, false),
            Kind::RemoteDirectory => self.remote(typed, true),
            Kind::RemoteOrNode if typed.contains('/') => self.remote(typed, false),
            Kind::RemoteOrNode => known(self.known.nodes(), typed).and(self.remote(typed, false)),
        }
    }

    /// The remote paths that begin so.
    fn remote(&self, typed: &str, only_directories: bool) -> Choices {
        let Some((directory, above, prefix)) = self.split(typed) else { return Choices::default() };
        if prefix == ".." {
            return Choices { list: vec![Choice::path(above, prefix, true)], ..Choices::default() };
        }
        let answer = self.known.names(&directory, prefix);
        let page = &answer.page;
        let fitting = page.names.iter().filter(|(_, directory)| *directory || !only_directories);
        let list: Vec<Choice> = fitting.map(|(name, directory)| Choice::path(above, name, *directory)).collect();
        // Files among those that were not listed are no candidates where a directory is wanted: nobody knows how many.
        let others =
            page.more.then(|| page.total.filter(|_| !only_directories).map(|total| total - page.names.len() as u64));
        Choices { list, others, late: answer.late }
    }

    /// The directory that a remote path that was begun is in, as it was typed, and the beginning of the name.
    pub(super) fn split<'t>(&self, typed: &'t str) -> Option<(DfsPath, &'t str, &'t str)> {
        let cut = typed.rfind('/').map_or(0, |slash| slash + 1);
        let (above, prefix) = typed.split_at(cut);
        let directory =
            if above.is_empty() { self.directory.clone() } else { DfsPath::resolve(&self.directory, above).ok()? };
        Some((directory, above, prefix))
    }
}

fn known(words: Words, typed: &str) -> Choices {
    Choices { late: words.late, ..Choices::words(words.words, typed) }
}

/// The flags of a command.
fn flags(command: &Command) -> Vec<String> {
    let definition = command.definition();
    let of = |arg: &clap::Arg| {
        let long = arg.get_long().map(|long| format!("--{long}"));
        let short = arg.get_short().map(|short| format!("-{short}"));
        long.into_iter().chain(short).collect::<Vec<_>>()
    };
    definition.get_arguments().filter(|arg| !arg.is_positional()).flat_map(of).collect()
}

/// What the word behind `words` may name; where a command takes many and then one of another kind, both. Or, in `Err`, the
/// words that it must be one of.
pub(super) fn kinds(command: &Command, words: &[String]) -> Result<Vec<Kind>, Vec<String>> {
    let definition = command.definition();
    let with_cursor: Vec<&str> = words.iter().map(String::as_str).chain([""]).collect();
    match roles(&definition, &with_cursor).last() {
        Some(Role::Argument(index)) => {
            let values = definition.get_positionals().nth(*index).map(values).unwrap_or_default();
            if !values.is_empty() {
                return Err(values);
            }
            let mut kinds = vec![command.meaning.kind(*index, index + 1), command.meaning.kind(*index, index + 2)];
            kinds.dedup();
            Ok(kinds)
        }
        Some(Role::Value) => {
            let flag = words.last().and_then(|flag| flag_of_value(&definition, flag));
            Err(flag.map(values).unwrap_or_default())
        }
        _ => Ok(Vec::new()),
    }
}

/// The words that an argument or flag may be, where they are few and known.
fn values(arg: &clap::Arg) -> Vec<String> {
    let values = arg.get_possible_values();
    values.iter().filter(|value| !value.is_hide_set()).map(|value| value.get_name().to_owned()).collect()
}

/// The local paths that begin so.
fn local(typed: &str, only_directories: bool) -> Choices {
    let cut = typed.rfind('/').map_or(0, |slash| slash + 1);
    let (above, prefix) = typed.split_at(cut);
    let directory = match (above, std::env::var("HOME")) {
        ("", _) => "./".to_owned(),
        (above, Ok(home)) if above.starts_with("~/") => above.replacen('~', &home, 1),
        (above, _) => above.to_owned(),
    };
    let Ok(entries) = std::fs::read_dir(Path::new(&directory)) else { return Choices::default() };
    let mut list: Vec<Choice> = Vec::new();
    for entry in entries.take(LOCAL_LOOKED_AT_MAX).filter_map(Result::ok) {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with(prefix) && (prefix.starts_with('.') || !name.starts_with('.')) {
            let is_directory = entry.path().is_dir();
            if is_directory || !only_directories {
                list.push(Choice::path(above, &name, is_directory));
            }
        }
    }
    list.sort();
    Choices { list, ..Choices::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(choices: Choices) -> Vec<String> {
        choices.list.into_iter().map(|choice| choice.text).collect()
    }

    #[test]
    fn flags_of_a_command() {
        let put = COMMANDS.named("put").expect("there");
        assert_eq!(texts(Choices::words(flags(put), "--c"))[..1], ["--chunk-size"]);
        assert!(flags(put).contains(&"-r".to_owned()));
    }

    #[test]
    fn kinds_by_place() {
        let put = COMMANDS.named("put").expect("there");
        assert_eq!(kinds(put, &[]), Ok(vec![Kind::Local]));
        assert_eq!(kinds(put, &["a".into()]), Ok(vec![Kind::Remote, Kind::Local]));
        assert_eq!(kinds(put, &["--rep".into()]), Err(vec![]));
        let ls = COMMANDS.named("ls").expect("there");
        assert_eq!(kinds(ls, &["-l".into(), "a".into()]), Ok(vec![Kind::Remote]));
        let safemode = COMMANDS.named("safemode").expect("there");
        assert_eq!(kinds(safemode, &[]), Err(["get", "enter", "leave"].map(str::to_owned).into()));
    }

    #[test]
    fn local_paths() {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(directory.path().join("my directory")).expect("made");
        std::fs::write(directory.path().join("my file"), "").expect("written");
        let root = directory.path().display();
        let expected = [format!("{root}/my directory/"), format!("{root}/my file")];
        assert_eq!(texts(local(&format!("{root}/my"), false)), expected);
        assert_eq!(texts(local(&format!("{root}/my"), true)), [format!("{root}/my directory/")]);
        assert_eq!(texts(local(&format!("{root}/no/such/directory"), true)), Vec::<String>::new());
    }
}

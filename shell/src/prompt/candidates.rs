//! Collects the completion candidates at the cursor: names of commands, flags, values of flags,
//! variables, datanodes, paths.

use super::choices::{Choice, Choices};
use super::known::{DEADLINE, Known, Words};
use super::local;
use super::spelling::meant;
use super::target::{Place, Target};
use crate::command::roles::{Role, flag_of_value, roles};
use crate::command::{Command, Kind};
use crate::commands::{COMMANDS, definition_at, shell_options};
use crate::engine::nesting::NESTING_MAX;
use crate::session::Session;
use crate::session::alias::Aliases;
use crate::session::connect::Target as Cluster;
use dfs_types::DfsPath;
use std::time::Instant;

/// Holds the state of the session that completion needs, as of the last refresh.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub directory: DfsPath,
    pub variables: Vec<String>,
    pub aliases: Aliases,
    pub known: Known,
    /// The numbers and command lines of the jobs.
    jobs: Vec<(String, String)>,
    cluster: Option<Cluster>,
}

impl Surroundings {
    /// Returns the surroundings of an empty session.
    pub(super) fn new(known: Known) -> Self {
        let (directory, aliases) = (DfsPath::root(), Aliases::default());
        Self { directory, variables: Vec::new(), aliases, known, jobs: Vec::new(), cluster: None }
    }

    /// Copies the parts of the session that a command may have changed.
    pub(super) fn refresh(&mut self, session: &Session) {
        self.directory = session.directory.clone();
        self.variables = session.scope.variables().map(|(name, _)| name.to_owned()).collect();
        self.aliases = session.aliases.clone();
        self.jobs = session.jobs.list().iter().map(|job| (job.number.to_string(), job.line.clone())).collect();
        self.cluster = session.target().cloned();
    }

    /// Returns the completion candidates at the cursor. Waits at most [`DEADLINE`] for the cluster.
    pub(super) fn choices(&self, target: &Target) -> Choices {
        let typed = target.typed.as_str();
        match &target.place {
            Place::Command => self.commands(typed),
            Place::Variable => Choices::words(&self.variables, typed),
            Place::LocalFile => self.local(typed, false),
            Place::Program => {
                let typed = typed.to_owned();
                self.known.looked_up(move || local::programs(&typed)).unwrap_or_default()
            }
            Place::Argument(words) => {
                let Some((command, words)) = self.command(words) else { return Choices::default() };
                if typed.starts_with('-') && target.quote.is_none() && !words.iter().any(|word| word == "--") {
                    return Choices::of(flags(&definition_at(command, &words)), typed);
                }
                match kinds(command, &words) {
                    Ok(kinds) => {
                        kinds.into_iter().map(|kind| self.of_kind(kind, typed)).reduce(Choices::and).unwrap_or_default()
                    }
                    Err(values) => Choices::of(values, typed),
                }
            }
        }
    }

    /// Returns the command that the words call and its arguments, with aliases expanded and prefix
    /// commands such as `time` skipped.
    pub(super) fn command(&self, words: &[String]) -> Option<(&'static Command, Vec<String>)> {
        let mut words = self.aliases.unfolded(words);
        for _ in 0..NESTING_MAX {
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
        None
    }

    fn commands(&self, typed: &str) -> Choices {
        let aliases = self.aliases.iter().map(|(name, text)| Choice::explained(name, text));
        let commands = COMMANDS.iter().map(|command| Choice::explained(command.name, command.about));
        Choices::of(commands.chain(aliases), typed).sorted()
    }

    fn of_kind(&self, kind: Kind, typed: &str) -> Choices {
        match kind {
            Kind::Plain => Choices::default(),
            Kind::Words(words) => {
                Choices::of((words.0)().into_iter().map(|(word, about)| Choice::explained(&word, &about)), typed)
            }
            Kind::Variable => Choices::words(&self.variables, typed),
            Kind::Setting => self.settings(typed),
            Kind::Command | Kind::Line => self.commands(typed),
            Kind::Alias => Choices::words(self.aliases.names(), typed),
            Kind::Local => self.local(typed, false),
            Kind::LocalDirectory => self.local(typed, true),
            Kind::Node => known(self.known.nodes(), typed),
            Kind::Daemon => self.daemons(typed),
            Kind::Job => Choices::of(self.jobs.iter().map(|(number, line)| Choice::explained(number, line)), typed),
            Kind::User => known(self.known.users(), typed),
            Kind::Remote => self.remote(typed, false),
            Kind::RemoteDirectory => self.remote(typed, true),
            Kind::RemoteOrNode if typed.contains('/') => self.remote(typed, false),
            Kind::RemoteOrNode => known(self.known.nodes(), typed).and(self.remote(typed, false)),
        }
    }

    /// Returns `NAME=` for each variable and option that can be set, and after an `=` the values of
    /// that option.
    fn settings(&self, typed: &str) -> Choices {
        if let Some((name, _)) = typed.split_once('=') {
            let option = shell_options().find(|(option, _)| *option == name);
            let values = ["on", "off"].map(|value| format!("{name}={value}"));
            return option.map(|_| Choices::words(values, typed)).unwrap_or_default();
        }
        let name = |name: &str, about: &str| Choice { ended: false, ..Choice::explained(&format!("{name}="), about) };
        let options = shell_options().map(|(option, about)| name(option, about));
        let is_variable = |variable: &&String| shell_options().all(|(option, _)| option != variable.as_str());
        let variables = self.variables.iter().filter(is_variable).map(|variable| name(variable, ""));
        Choices::of(options.chain(variables), typed).sorted()
    }

    /// Returns the daemons of a local cluster; for any other cluster, the datanodes.
    fn daemons(&self, typed: &str) -> Choices {
        let cluster = self.cluster.clone();
        let local = self.known.looked_up(move || cluster.and_then(|cluster| cluster.on_this_machine())).flatten();
        match local {
            Some(local) => Choices::words(local.daemons.into_iter().map(|daemon| daemon.id), typed).sorted(),
            None => known(self.known.nodes(), typed),
        }
    }

    /// Returns the local paths that begin with the typed text, or the closest ones if none does.
    fn local(&self, typed: &str, only_directories: bool) -> Choices {
        let typed = typed.to_owned();
        self.known.looked_up(move || local::paths(&typed, only_directories)).unwrap_or_default()
    }

    /// Returns the remote paths that begin with the typed text, or the closest ones if none does.
    fn remote(&self, typed: &str, only_directories: bool) -> Choices {
        let Some((directory, above, prefix)) = self.split(typed) else { return Choices::default() };
        if prefix == ".." {
            return Choices { list: vec![Choice::path(above, prefix, true)], ..Choices::default() };
        }
        let until = Instant::now() + DEADLINE;
        let answer = self.known.names(&directory, prefix, until);
        let page = &answer.page;
        let fitting = page.names.iter().filter(|(_, directory)| *directory || !only_directories);
        let list: Vec<Choice> = fitting.map(|(name, directory)| Choice::path(above, name, *directory)).collect();
        if list.is_empty() && !page.more && !answer.late {
            return self.meant(typed, only_directories, until);
        }
        // If only directories are wanted, the number of unlisted candidates is unknown: the total
        // also counts files.
        let others =
            page.more.then(|| page.total.filter(|_| !only_directories).map(|total| total - page.names.len() as u64));
        Choices { list, others, late: answer.late, folded: false }
    }

    /// Returns the remote paths that the typed text may abbreviate or misspell, used if none begins
    /// with it.
    fn meant(&self, typed: &str, only_directories: bool, until: Instant) -> Choices {
        let mut late = false;
        let mut names = |above: &str, prefix: &str| {
            let Some((directory, ..)) = self.split(above) else { return (Vec::new(), true) };
            let answer = self.known.names(&directory, prefix, until);
            late |= answer.late;
            (answer.page.names.to_vec(), !answer.page.more)
        };
        let found = meant(typed, &mut names);
        Choices { late, ..Choices::meant(found, typed, only_directories) }
    }

    /// Splits a partly typed remote path into its resolved directory, that directory as typed, and
    /// the beginning of the name.
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

/// Returns the flags of a command with their descriptions.
fn flags(definition: &clap::Command) -> Vec<Choice> {
    let of = |arg: &clap::Arg| {
        let about = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let long = arg.get_long().map(|long| format!("--{long}"));
        let short = arg.get_short().map(|short| format!("-{short}"));
        long.into_iter().chain(short).map(|flag| Choice::explained(&flag, &about)).collect::<Vec<_>>()
    };
    definition.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set()).flat_map(of).collect()
}

/// Returns the kinds of values that the word after `words` may have: two kinds if the command takes
/// many values of one kind followed by one of another. Returns in `Err` the fixed list of words if
/// there is one.
pub(super) fn kinds(command: &Command, words: &[String]) -> Result<Vec<Kind>, Vec<Choice>> {
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

/// Returns the possible values of an argument or flag that has a fixed list of them.
fn values(arg: &clap::Arg) -> Vec<Choice> {
    let values = arg.get_possible_values();
    let about = |value: &clap::builder::PossibleValue| value.get_help().map(ToString::to_string).unwrap_or_default();
    values
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| Choice::explained(value.get_name(), &about(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(choices: Choices) -> Vec<String> {
        choices.list.into_iter().map(|choice| choice.text).collect()
    }

    #[test]
    fn flags_of_a_command() {
        let put = COMMANDS.named("put").expect("there").definition();
        assert_eq!(texts(Choices::of(flags(&put), "--c"))[..1], ["--chunk-size"]);
        assert!(flags(&put).iter().any(|flag| flag.text == "-r"));
        assert!(flags(&put).iter().all(|flag| flag.about.is_some()));
        let up = definition_at(COMMANDS.named("dfsd").expect("there"), &["up".to_owned()]);
        assert_eq!(texts(Choices::of(flags(&up), "--data")), ["--datanodes"]);
        let top = COMMANDS.named("top").expect("there").definition();
        assert!(flags(&top).iter().all(|flag| flag.text != "--plant-panic"), "hidden");
    }

    #[test]
    fn every_word_that_a_kind_names_is_explained() {
        let (mut commands, mut kinds) = (COMMANDS.iter(), 0);
        commands.by_ref().for_each(|command| {
            for kind in command.meaning.first.iter().chain([&command.meaning.rest]) {
                if let Kind::Words(words) = kind {
                    kinds += 1;
                    assert!(
                        !(words.0)().is_empty() && (words.0)().iter().all(|(_, about)| !about.is_empty()),
                        "{}",
                        command.name
                    );
                }
            }
        });
        assert!(kinds >= 3);
    }

    #[test]
    fn kinds_by_place() {
        let put = COMMANDS.named("put").expect("there");
        assert_eq!(kinds(put, &[]), Ok(vec![Kind::Local]));
        assert_eq!(kinds(put, &["a".into()]), Ok(vec![Kind::Remote, Kind::Local]));
        assert_eq!(kinds(put, &["--rep".into()]), Err(vec![]));
        let jobs = COMMANDS.named("jobs").expect("there");
        assert!(matches!(kinds(jobs, &[]).as_deref(), Ok([Kind::Words(_), ..])));
        assert_eq!(kinds(jobs, &["cancel".into()]), Ok(vec![Kind::Job]));
        let top = COMMANDS.named("top").expect("there");
        let views = kinds(top, &["--view".into()]).expect_err("few words");
        assert!(views.iter().any(|view| view.text == "nodes"));
        let ls = COMMANDS.named("ls").expect("there");
        assert_eq!(kinds(ls, &["-l".into(), "a".into()]), Ok(vec![Kind::Remote]));
        let safemode = COMMANDS.named("safemode").expect("there");
        let words: Vec<String> =
            kinds(safemode, &[]).expect_err("few words").into_iter().map(|word| word.text).collect();
        assert_eq!(words, ["get", "enter", "leave"]);
    }
}

//! Builds the pages of `help` that are not about one command: the overview, and a page for each
//! topic.

use crate::base::options::HELP_CELLS;
use crate::command::{Elsewhere, Group, Table};
use std::fmt::Write as _;

/// A page of help.
#[derive(Debug)]
pub(super) struct Topic {
    pub name: &'static str,
    pub about: &'static str,
    pub page: Page,
}

#[derive(Debug)]
pub(super) enum Page {
    /// Lists the commands of a group, one line each.
    Group(Group),
    Text(&'static str),
}

/// The topics, in the order in which the overview shows them. None has the name of a command.
pub(super) const TOPICS: &[Topic] = &[
    Topic { name: "files", about: "Files and directories", page: Page::Group(Group::Files) },
    Topic { name: "cluster", about: "The cluster", page: Page::Group(Group::Cluster) },
    Topic { name: "shell", about: "The shell itself", page: Page::Group(Group::Shell) },
    Topic { name: "language", about: "Words, patterns, variables, where output goes", page: Page::Text(LANGUAGE) },
    Topic { name: "scripts", about: "Scripts, and plans of what they would do", page: Page::Text(SCRIPTS) },
    Topic { name: "codes", about: "Exit codes", page: Page::Text(CODES) },
];

const LANGUAGE: &str = r#"Words split as in sh: '…' keeps everything, "…" keeps all but \ " and $,
\ keeps the next character, $'…' knows \n \t \e \xHH \u{HEX}.
A ; or a newline ends a command, # begins a comment, & at the end puts a
transfer into the background.

Patterns:   * ? [a-z] [!a-z] {a,b} **   match remote names where a command takes
            remote paths, and local names where it takes local paths. A pattern
            that matches nothing is an error. Quotes switch patterns off.
Variables:  set NAME=VALUE sets one; $NAME and ${NAME} stand for it, $1 to $9
            and $@ for the arguments of a script. A variable that is not set is
            an error.
Output:     COMMAND | LOCAL-COMMAND, COMMAND > FILE, COMMAND >> FILE
Local:      !COMMAND runs a command of this machine.

Options that set turns on and off: keep_going, pager, progress, quiet, verbose.
"#;

const SCRIPTS: &str = "\
dfs-shell -c 'COMMANDS'        commands, with ; or newlines between them
dfs-shell -f FILE [ARG…]       a script; $1 to $9 and $@ are its arguments
dfs-shell < FILE               a script on standard input
dfs-shell COMMAND [ARG…]       one command, its arguments taken as they are
source FILE [ARG…]             a script within a session

A script stops at the first command that fails, and says where. With -k it goes
on, and ends with the exit code of the first failure. A line that begins with -
may fail; one with @ is not shown by -v.
dfs-shell --dry-run changes nothing, and prints what each command would change
as lines that do it: a plan is a script. --json prints one document for each
command, and errors as documents on standard error.
Commands in the file shellrc, beside the settings, run when the prompt starts.
";

// No `\` after the first quote: it would take the blanks before the first code.
const CODES: &str = "  0  done
  1  the command failed: no such file, exists, not a directory, not empty, …
  2  the command was used wrongly, or cannot be understood
  3  the cluster cannot be reached, or did not answer in time
  4  permission denied, or not authenticated
  5  data is corrupt, or no healthy replica can be read
  6  refused to stay safe: too few datanodes, safe mode, a full cluster, …
130  interrupted
";

/// The blanks between two columns of names.
const GAP: usize = 2;
/// The blanks before the first column.
const MARGIN: usize = 2;

impl Topic {
    /// Returns the topic of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        TOPICS.iter().find(|topic| topic.name == name)
    }

    /// Returns the page.
    pub(super) fn text(&self, commands: Table) -> String {
        let mut text = format!("{}\n\n", self.about);
        match self.page {
            Page::Text(page) => text.push_str(page),
            Page::Group(group) => {
                let of_it = || commands.iter().filter(move |command| command.group == group);
                lines(&mut text, of_it().map(|command| (command.name, command.about)));
                text.push_str("\nhelp COMMAND explains one, with examples.\n");
            }
        }
        text
    }
}

/// Returns the overview: the names of all commands, and the topics.
pub(super) fn overview(commands: Table) -> String {
    let mut text = String::new();
    for topic in TOPICS {
        let Page::Group(group) = topic.page else { continue };
        let names: Vec<&str> =
            commands.iter().filter(|command| command.group == group).map(|command| command.name).collect();
        let _ = writeln!(text, "{}", topic.about);
        text.push_str(&columns(&names));
        text.push('\n');
    }
    text.push_str("help COMMAND explains a command, with examples; help TOPIC says more:\n");
    lines(&mut text, TOPICS.iter().map(|topic| (topic.name, topic.about)));
    text.push_str("find takes a pattern, search a part of a name. Other tools' names: help -ls.\n");
    text
}

/// Returns the page for a command name of another tool.
pub(super) fn elsewhere(name: &str, known: &Elsewhere, commands: Table) -> String {
    let line = format!("{name}: {}", known.hint);
    let mut text = format!("{}\n", dfs_term::text::wrap(&line, Some(HELP_CELLS), MARGIN));
    let ours: Vec<_> = known.ours.iter().filter_map(|name| commands.named(name)).collect();
    if !ours.is_empty() {
        text.push('\n');
        lines(&mut text, ours.into_iter().map(|command| (command.name, command.about)));
    }
    text
}

/// Appends a line for each name with its description.
fn lines(text: &mut String, rows: impl Iterator<Item = (&'static str, &'static str)>) {
    let rows: Vec<_> = rows.collect();
    let wide = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + GAP;
    for (name, about) in rows {
        let about = dfs_term::text::wrap(about, Some(HELP_CELLS), MARGIN + wide);
        let _ = writeln!(text, "{:MARGIN$}{name:<wide$}{about}", "");
    }
}

/// Returns names in columns of the same width.
fn columns(names: &[&str]) -> String {
    let wide = names.iter().map(|name| name.len()).max().unwrap_or(0) + GAP;
    let in_a_line = (HELP_CELLS.saturating_sub(MARGIN) / wide).max(1);
    let mut text = String::new();
    for line in names.chunks(in_a_line) {
        let line: String = line.iter().map(|name| format!("{name:<wide$}")).collect();
        let _ = writeln!(text, "{:MARGIN$}{}", "", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::COMMANDS;
    use dfs_term::text::width;

    #[test]
    fn every_command_stands_in_the_overview_and_on_the_page_of_its_topic() {
        let all = overview(COMMANDS);
        let words: Vec<&str> = all.split_whitespace().collect();
        for command in COMMANDS.iter() {
            assert!(words.contains(&command.name), "{}", command.name);
            let page = TOPICS.iter().find(|topic| matches!(topic.page, Page::Group(group) if group == command.group));
            let page = page.expect("a topic").text(COMMANDS);
            // A long line is broken between words.
            let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(page.contains(&format!("{} {}", command.name, command.about)), "{}", command.name);
        }
        assert!(all.lines().count() <= 24, "it fits a small terminal: {all}");
    }

    #[test]
    fn pages_fit_a_narrow_terminal_and_have_names_of_their_own() {
        for topic in TOPICS {
            assert!(COMMANDS.named(topic.name).is_none() && Topic::named(topic.name).is_some(), "{}", topic.name);
            assert!(topic.text(COMMANDS).lines().all(|line| width(line) <= HELP_CELLS), "{}", topic.text(COMMANDS));
        }
        assert!(overview(COMMANDS).lines().all(|line| width(line) <= HELP_CELLS));
    }

    #[test]
    fn columns_are_as_wide_as_the_longest_name() {
        assert_eq!(columns(&["a", "replication", "b"]), "  a            replication  b\n");
        let many = ["replication"; 12];
        assert!(columns(&many).lines().count() == 2 && columns(&many).lines().all(|line| line.len() <= HELP_CELLS));
    }
}

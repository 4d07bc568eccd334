//! The cluster on which the page is run.

use dfs_tests::cluster::Said;
use dfs_tests::terminal::{Terminal, key};
use dfs_tests::{Cluster, Spec, content};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// A cluster, and the lines that were run on it.
pub(super) struct Walk {
    pub(super) cluster: Cluster,
    pub(super) lines: Vec<String>,
}

impl Walk {
    pub(super) fn begin() -> Self {
        let cluster = Cluster::start(Spec::default().datanodes(1).replication(1));
        std::fs::write(cluster.home().join("x"), content::bytes(1, (2 << 20) + 7)).expect("written");
        Self { cluster, lines: Vec::new() }
    }

    /// Runs a line: `dfsd …`, or a line of `dfs-shell`. It must end with this exit code.
    #[track_caller]
    pub(super) fn run(&mut self, line: &str, code: i32) -> Said {
        self.lines.push(line.to_owned());
        let said = match line.strip_prefix("dfsd ") {
            Some(words) => self.cluster.dfsd(&words.split(' ').collect::<Vec<_>>()),
            None => self.cluster.shell(&["-c", line]),
        };
        assert_eq!(said.code, code, "{line}: {said:?}\n{}", self.cluster.logs());
        said
    }

    /// Runs a line that must succeed; returns its output.
    #[track_caller]
    pub(super) fn ok(&mut self, line: &str) -> String {
        self.run(line, 0).stdout
    }

    /// Runs a line that must fail with this exit code, and print this text to standard error.
    #[track_caller]
    pub(super) fn refused(&mut self, line: &str, code: i32, text: &str) {
        let said = self.run(line, code);
        assert!(said.stderr.contains(text), "{line}: {text}: {said:?}");
    }

    /// Runs a line that does not end by itself, until it has printed this text.
    #[track_caller]
    pub(super) fn follows(&mut self, line: &str, text: &str) {
        self.lines.push(line.to_owned());
        let mut command = self.command(line);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("run the program");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let seen = output.lines().map_while(Result::ok).any(|printed| printed.contains(text));
        let _ = child.kill();
        let _ = child.wait();
        assert!(seen, "{line} ended before it printed {text}");
    }

    /// Returns a line of `dfsd` or `dfs-shell` as a command that is not started yet.
    pub(super) fn command(&self, line: &str) -> Command {
        let (mut command, words) = match line.strip_prefix("dfsd ") {
            Some(words) => (self.cluster.dfsd_command(), words),
            None => (self.cluster.shell_command(), line),
        };
        command.args(words.split(' '));
        command
    }

    /// Opens the prompt, which first prints this text; types a line, and waits for its output.
    #[track_caller]
    pub(super) fn prompt(&mut self, first: &str, line: &str, output: &str) {
        self.lines.push("dfs-shell".to_owned());
        let mut terminal = Terminal::run(self.cluster.shell_command(), 30, 100);
        terminal.prompt("/");
        terminal.see(first);
        terminal.line(line);
        terminal.see(output);
        terminal.send(key::CTRL_D);
        assert!(terminal.end().success());
    }

    #[track_caller]
    pub(super) fn status(&self) -> Value {
        self.cluster.json(&["status"])
    }

    /// Waits until a figure or a text of `status` has this value.
    #[track_caller]
    pub(super) fn until(&self, key: &str, value: impl Into<Value>) {
        let value = value.into();
        self.cluster.wait_for(&format!("{key} is {value}"), || self.status()[key] == value);
    }

    #[track_caller]
    pub(super) fn until_healthy(&self) {
        self.until("health", "healthy");
    }

    /// Returns the state of a daemon, as reported by `dfsd status`.
    #[track_caller]
    pub(super) fn state(&mut self, id: &str) -> String {
        let table = self.ok("dfsd status");
        let row = table.lines().find(|line| line.starts_with(id)).unwrap_or_else(|| panic!("{id}: {table}"));
        row.split_whitespace().nth(1).expect("a state").to_owned()
    }

    /// Returns one datanode, as reported by `nodes`.
    pub(super) fn node(&self, id: &str) -> Option<Value> {
        let nodes = self.cluster.json(&["nodes"]);
        nodes.as_array().expect("a list").iter().find(|node| node["id"] == id).cloned()
    }
}

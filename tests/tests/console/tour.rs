//! docs/tour.md and the first session of README.md are transcripts: their commands are run again,
//! and the output must equal the page, except for figures that change from run to run.
//! `UPDATE_DOCS=1` rewrites them.

use dfs_tests::programs;
use regex::Regex;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use tempfile::TempDir;

const MARK: &str = "-----end of output-----";

#[test]
fn the_tour_is_current() {
    is_current("docs/tour.md", &Tour::begin(), masked);
}

/// A newcomer runs it in a checkout, whose files change their number and size.
#[test]
fn the_first_session_is_current() {
    let tour = Tour::begin();
    for name in ["docs", "README.md"] {
        symlink(checkout().join(name), tour.path("here").join(name)).expect("a link");
    }
    // The prompt, which is not run here, starts a cluster.
    tour.shell("dfsd up");
    let figures = |page: &str| {
        Regex::new(r"[\d.,]+( [KM]iB| B)?").expect("a pattern").replace_all(&masked(page), "N").into_owned()
    };
    is_current("README.md", &tour, figures);
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("a checkout")
}

/// Runs the commands of a page, and compares what `mask` leaves of both.
fn is_current(name: &str, tour: &Tour, mask: impl Fn(&str) -> String) {
    let page = checkout().join(name);
    let old = fs::read_to_string(&page).expect(name);
    let new = walk(tour, &old);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&page, &new).expect("written");
    }
    let (old, new) = (mask(&fs::read_to_string(&page).expect(name)), mask(&new));
    let differs = old.lines().zip(new.lines()).find(|(old, new)| old != new);
    assert!(old == new, "{name} is stale; run: just docs\n{differs:?}");
}

/// Returns the page with every command run and its output inserted.
fn walk(tour: &Tour, page: &str) -> String {
    let mut session = Session::open(tour);
    let (mut new, mut transcript, mut kept) = (String::new(), false, false);
    for line in page.lines() {
        if line.starts_with("```") {
            transcript = line == "```console";
        } else if transcript {
            // What builds and opens the prompt is not run: it stays as it is.
            kept = line.starts_with("$ cargo ") || kept && typed(line).is_none();
            if kept {
                new += &format!("{line}\n");
                continue;
            }
            let Some((prompt, command)) = typed(line) else { continue };
            let (prompt, output) = match prompt {
                "$" => ("$".to_owned(), tour.shell(command)),
                _ => (format!("dfs:{}>", session.directory()), session.run(command)),
            };
            new += &format!("{prompt} {command}\n{output}");
            continue;
        }
        new += &format!("{line}\n");
    }
    new
}

/// Returns the prompt and the text after it.
fn typed(line: &str) -> Option<(&str, &str)> {
    if let Some(command) = line.strip_prefix("$ ") {
        return Some(("$", command));
    }
    line.starts_with("dfs:").then(|| line.split_once("> ")).flatten()
}

/// Replaces the parts that may differ between runs; several blanks count as one, because columns
/// depend on the figures.
fn masked(page: &str) -> String {
    let masks = [
        (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d(\.\d+)?)?( [+-]\d\d:?\d\d)?", "TIME"),
        (r"127\.0\.0\.1:\d+", "ADDRESS"),
        (r"\b[0-9a-f]{32}\b|\b[0-9a-f]{8}-[0-9a-f-]{27}\b", "CLUSTER"),
        (r"\b[0-9a-f]{16}\b", "CHUNK"),
        (r"[\d.,]+ ([KMGT]i?)?B/s", "RATE"),
        (r"\b(now|[\d.,]+ (µs|ms|s|min)( ago)?)\b", "SPAN"),
        (r"[\d.]+ (GiB|TiB|PiB)|\b[\d.]+[KMGT]\b", "SPACE"),
        (r"\b\d+(\.\d)? ?%", "PART"),
        (r"(pid|term|log at|version) +[\d,.]+", "NUMBER"),
        (r"datanode-\d", "NODE"),
        (r"running +\d+", "RUNNING"),
        (r#"_ms":\d+"#, "MS"),
        (r"Its \d+ replicas", "REPLICAS"),
        (r"/tmp/dfs-tour-\w+|/[\w/.-]*dfs-tour-\w+", "HOME"),
        (r"\broot\b|\bann\b", "USER"),
        (r"[\d.]+ ([KM]iB|B) (of|used)", "USED"),
        (r"[ \t]+", " "),
    ];
    let mut page = page.to_owned();
    for (pattern, mask) in masks {
        page = Regex::new(pattern).expect("a pattern").replace_all(&page, mask).into_owned();
    }
    page
}

/// A directory with the programs under their usual names, and a home for the cluster.
struct Tour {
    directory: TempDir,
}

impl Tour {
    fn begin() -> Self {
        let tour = Self { directory: TempDir::with_prefix("dfs-tour-").expect("a directory") };
        for directory in ["bin", "here", "home"] {
            fs::create_dir(tour.path(directory)).expect("a directory");
        }
        let program = programs::dfs_shell().get_program().to_string_lossy().into_owned();
        tour.script("dfs-shell", &format!("exec '{program}' \"$@\""));
        tour.script("dfsd", &format!("exec '{program}' __dfsd \"$@\""));
        tour
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn script(&self, name: &str, body: &str) {
        // Another process writes the file: a child of another test in this process may inherit the
        // open file for a moment, and a file that is open for writing cannot be run.
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 755 "$0""#;
        let made = Command::new("sh").args(["-c", write]).arg(self.path("bin").join(name)).arg(body).status();
        assert!(made.expect("run sh").success());
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DFS_")) {
            command.env_remove(name);
        }
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.path("bin").display()));
        // The user is always called ann here, so that the page does not depend on the user who ran
        // it.
        command.env("DFS_HOME", self.path("home")).env("USER", "ann").env("TZ", "UTC").env("LC_ALL", "C.UTF-8");
        command.current_dir(self.path("here"));
        command
    }

    fn shell(&self, line: &str) -> String {
        let output = self.command("sh").args(["-c", &format!("{{ {line}\n}} 2>&1")]).output().expect("run sh");
        // A busy machine makes one wait, and that is said.
        let text = String::from_utf8_lossy(&output.stdout);
        text.split_inclusive('\n').filter(|line| !line.starts_with("dfsd: waiting for ")).collect()
    }
}

impl Drop for Tour {
    fn drop(&mut self) {
        let _ = self.command("dfsd").args(["down", "--purge", "--yes"]).output();
    }
}

/// A `dfs-shell` that reads one line after another.
struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<std::io::PipeReader>,
}

impl Session {
    fn open(tour: &Tour) -> Self {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let errors = writer.try_clone().expect("a pipe");
        let mut command = tour.command("dfs-shell");
        command.arg("-k").stdin(Stdio::piped()).stdout(writer).stderr(errors);
        let mut child = command.spawn().expect("run dfs-shell");
        let input = child.stdin.take().expect("piped");
        Self { child, input, output: BufReader::new(reader) }
    }

    fn run(&mut self, line: &str) -> String {
        writeln!(self.input, "{line}\n!echo {MARK}").expect("it reads");
        let mut output = String::new();
        loop {
            let before = output.len();
            assert!(self.output.read_line(&mut output).expect("it writes") > 0, "it ended at: {line}\n{output}");
            if output.get(before..).is_some_and(|last| last.trim_end() == MARK) {
                output.truncate(before);
                return output;
            }
        }
    }

    fn directory(&mut self) -> String {
        self.run("pwd").trim_end().to_owned()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

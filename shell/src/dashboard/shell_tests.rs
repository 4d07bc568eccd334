//! Tests lines that need no cluster, as a dashboard runs them.

use super::*;
use crate::lang::Scope;
use clap::Parser;
use std::time::Instant;
use tokio::sync::mpsc::{Receiver, channel};

struct Dashboard {
    shell: Shell,
    news: Sender<Message>,
    messages: Receiver<Message>,
}

impl Dashboard {
    fn new() -> Self {
        Self::with(false)
    }

    fn with(read_only: bool) -> Self {
        // Nothing listens on this address.
        let words = ["dfs-shell", "--masters", "127.0.0.1:1", "--no-start", "--json"];
        let options = crate::base::options::Options::try_parse_from(words).expect("valid");
        let (news, messages) = channel(64);
        Self { shell: Shell::new(&Session::new(options, Scope::default()), read_only), news, messages }
    }

    fn perform(&self, effect: Effect) {
        self.shell.perform(effect, &self.news);
    }

    /// Returns the result of the next command that ends.
    async fn end(&mut self) -> (u64, CommandState) {
        loop {
            match self.messages.recv().await.expect("news") {
                Message::Command(CommandNews { state: CommandState::Running { .. }, .. }) => {}
                Message::Command(CommandNews { number, state }) => return (number, state),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn run(&mut self, line: &str) -> (u8, String) {
        self.perform(Effect::Run { number: 1, line: line.into() });
        match self.end().await.1 {
            CommandState::Ended { code, output } => (code, output),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_and_said_comes_back() {
    let mut dashboard = Dashboard::new();
    assert_eq!(dashboard.run("echo a; echo 'b c'").await, (0, "a\nb c\n".into()));
    let here = std::env::current_dir().expect("a directory").display().to_string();
    assert_eq!(dashboard.run("lpwd").await, (0, format!("{here}\n")));
    let (code, output) = dashboard.run("echo before; frobnicate; echo never").await;
    assert_eq!(code, 2);
    assert!(output.starts_with("before\ndfs-shell: frobnicate: no such command\n"), "{output}");
    assert_eq!(dashboard.run("-frobnicate; echo after").await.0, 0);
    assert_eq!(dashboard.run("echo in the back &").await, (0, "in the back\n".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_is_said() {
    let mut dashboard = Dashboard::new();
    let (code, output) = dashboard.run("echo 'open").await;
    assert!(code == 2 && output.starts_with("dfs-shell: "), "{output}");
    let (code, output) = dashboard.run("echo \x1b[2J").await;
    assert!(code == 2 && output.contains("U+001B") && !output.contains('\x1b'), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_the_terminal_is_refused() {
    let mut dashboard = Dashboard::new();
    for line in ["!ls", "watch echo a", "time watch echo a", "fg", "echo a | cat", "echo a; !vi"] {
        let (code, output) = dashboard.run(line).await;
        assert!(code == 2 && output.contains("needs the terminal, which the dashboard has"), "{line}: {output}");
    }
    let (code, output) = dashboard.run("top").await;
    assert!(code != 0 && !output.is_empty(), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_sees_through_what_a_line_stands_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let script = directory.path().join("script");
    std::fs::write(&script, "rm /a").expect("written");
    let mut dashboard = Dashboard::with(true);
    assert_eq!(dashboard.run("alias gone='rm -r' also='pwd; rm /a'; set what=rm").await.0, 0);
    let sourced = format!("source {}", script.display());
    for line in [
        "rm /a",
        "gone /a",
        "also",
        "$what /a",
        "pwd; rm /a",
        "time rm /a",
        &sourced,
        "rm --yes -r /a &",
        "put a /",
        "get /a .",
        "getrange /a 0 1 piece",
        "safemode enter",
        "bench meta",
    ] {
        let (code, output) = dashboard.run(line).await;
        assert!(code == 2 && output.contains("this session is read-only"), "{line}: {output}");
    }
    let file = directory.path().join("file");
    for line in ["echo a > FILE", "echo a >> FILE", "time echo a > FILE"] {
        let line = line.replace("FILE", &file.display().to_string());
        let (code, output) = dashboard.run(&line).await;
        assert!(code == 2 && output.contains("this session is read-only"), "{line}: {output}");
        assert!(!file.exists(), "{line}");
    }
    // A local program could change anything.
    for line in ["ls | cat", "echo a | cat", "!rm a"] {
        let (code, output) = dashboard.run(line).await;
        assert!(code == 2 && output.contains("needs the terminal"), "{line}: {output}");
    }
    assert_eq!(dashboard.run("echo a; pwd; rm --help").await.0, 0);
    // A read-only command runs; it fails because there is no cluster.
    let (code, output) = dashboard.run("stat /a").await;
    assert!(code != 2 && output.starts_with("stat: "), "{output}");
    dashboard.perform(Effect::Look { path: DfsPath::root(), line: "touch /a".into() });
    let messages = dashboard.messages.recv().await.expect("news");
    assert!(
        matches!(&messages, Message::Looked { text: Err(error), .. } if error.code == ErrorCode::Usage),
        "{messages:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_line_sets_holds_for_the_next() {
    let mut dashboard = Dashboard::new();
    assert_eq!(dashboard.run("set day=monday; alias say=echo").await.0, 0);
    assert_eq!(dashboard.run("say $day").await, (0, "monday\n".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn output_is_bounded() {
    let directory = tempfile::tempdir().expect("a directory");
    let line = format!("echo {};", "x".repeat(1000)).repeat(1000);
    let (code, output) = Dashboard::new().run(&line).await;
    assert_eq!(code, 0);
    assert!(output.starts_with("… ") && output.len() < 300 << 10, "{}", output.len());
    drop(directory);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_run_beside_each_other_and_are_ended() {
    let mut dashboard = Dashboard::new();
    let began = Instant::now();
    dashboard.perform(Effect::Run { number: 1, line: "sleep 1h".into() });
    dashboard.perform(Effect::Run { number: 2, line: "echo quick".into() });
    assert_eq!(dashboard.end().await, (2, CommandState::Ended { code: 0, output: "quick\n".into() }));
    dashboard.perform(Effect::Cancel { number: 1 });
    let (number, state) = dashboard.end().await;
    assert!(number == 1 && matches!(state, CommandState::Ended { code: 130, .. }), "{state:?}");
    assert!(began.elapsed() < Duration::from_secs(3600));
    // A line that has ended cannot be cancelled.
    dashboard.perform(Effect::Cancel { number: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_last_look_is_heard_of() {
    let mut dashboard = Dashboard::new();
    let look = |line: &str| Effect::Look { path: DfsPath::root(), line: line.into() };
    dashboard.perform(look("sleep 1h"));
    dashboard.perform(look("echo seen"));
    let messages = dashboard.messages.recv().await.expect("news");
    assert!(matches!(&messages, Message::Looked { text: Ok(text), .. } if text == "seen\n"), "{messages:?}");
    dashboard.perform(look("frobnicate"));
    let messages = dashboard.messages.recv().await.expect("news");
    assert!(
        matches!(&messages, Message::Looked { text: Err(error), .. } if error.code == ErrorCode::Usage),
        "{messages:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_completed() {
    let mut dashboard = Dashboard::new();
    dashboard.perform(Effect::Complete { line: "setr".into() });
    let messages = dashboard.messages.recv().await.expect("news");
    let Message::Completed { line, candidates } = messages else { panic!("{messages:?}") };
    assert_eq!((line.as_str(), candidates), ("setr", vec!["setrep ".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_lines_are_refused() {
    let mut dashboard = Dashboard::new();
    for number in 0..65 {
        dashboard.perform(Effect::Run { number, line: "sleep 1h".into() });
    }
    let (number, state) = dashboard.end().await;
    assert!(number == 64 && matches!(state, CommandState::Ended { code: 2, .. }), "{state:?}");
    for number in 0..64 {
        dashboard.perform(Effect::Cancel { number });
    }
    for _ in 0..64 {
        assert!(matches!(dashboard.end().await.1, CommandState::Ended { code: 130, .. }));
    }
}

//! Several clusters in one console, by name.

use dfs_tests::terminal::{Terminal, key};
use dfs_tests::{Cluster, Spec};

#[test]
fn contexts() {
    let (here, there) = (Cluster::start(Spec::default()), Cluster::start(Spec::default()));
    here.ok(&["mkdir", "/here", "/here/a"]);
    there.ok(&["mkdir", "/there", "/there/b"]);
    let masters = there.daemon("master-1").address.to_string();
    let credential = there.credential().display().to_string();
    one_command(&here, &masters, &credential);
    left_for_good(&here, &masters);
    not_understood(&here);
    elsewhere(&here, &credential);
    at_the_prompt(&here);
    in_the_dashboard(&here);
}

/// The dashboard shows one cluster after the other, and stays where it is if there is no such context.
fn in_the_dashboard(here: &Cluster) {
    let mut terminal = Terminal::run(here.top_command(), 30, 100);
    terminal.see("· healthy");
    terminal.press(":files\r");
    terminal.see("here/");
    terminal.press(":ctx none\r");
    terminal.see("none: no such context");
    terminal.see("here/");
    terminal.press(":ctx there\r");
    terminal.see("dfs there ");
    terminal.see("there/");
    terminal.press(":sleep 1h\r");
    terminal.press(":ctx local\r");
    terminal.see("a command is still running");
    terminal.press(":commands\r");
    terminal.see("sleep 1h");
    terminal.press("x");
    terminal.see("interrupted");
    terminal.press(":ctx lo\t\r");
    terminal.see("· healthy");
    terminal.press(":files\r");
    terminal.see("here/");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

/// Made, listed and used one command at a time.
fn one_command(here: &Cluster, masters: &str, credential: &str) {
    here.ok(&["context", "add", "there", "--masters", masters, "--credential", credential]);
    let list = here.json(&["context", "list"]);
    let seen = |list: &serde_json::Value| -> Vec<(String, bool)> {
        let rows = list.as_array().expect("a list");
        let row = |row: &serde_json::Value| {
            (row["name"].as_str().expect("a name").to_owned(), row["current"].as_bool().expect("yes or no"))
        };
        rows.iter().map(row).collect()
    };
    assert_eq!(seen(&list), [("local".to_owned(), true), ("there".to_owned(), false)]);
    assert_eq!(list[1]["masters"], serde_json::json!([masters]));
    assert_eq!(here.ok(&["--context", "there", "ls", "/"]), "there\n");
    assert_eq!(here.ok(&["ls", "/"]), "here\n");
    let mut command = here.shell_command();
    let said = command.env("DFS_CONTEXT", "there").args(["ls", "/"]).output().expect("run");
    assert_eq!(String::from_utf8_lossy(&said.stdout), "there\n");
    assert_eq!(here.ok(&["-c", "context use there; ls /; context use local; ls /"]), "there\nhere\n");
    // Sessions to come begin with what is kept, but for an option.
    here.ok(&["context", "use", "--keep", "there"]);
    assert_eq!(here.ok(&["ls", "/"]), "there\n");
    assert_eq!(here.ok(&["--context", "local", "ls", "/"]), "here\n");
    let shown = here.ok(&["config", "show", "client.masters"]);
    assert!(shown.contains("context there"), "{shown}");
    here.ok(&["context", "use", "--keep", "local"]);
    assert_eq!(here.ok(&["ls", "/"]), "here\n");
    // The same cluster with another credential: that of the other cluster is not believed here.
    here.ok(&["context", "add", "stranger", "--credential", credential]);
    let said = here.shell(&["--context", "stranger", "--timeout", "2s", "ls", "/"]);
    assert_ne!(said.code, 0, "{said:?}");
    here.ok(&["context", "remove", "stranger"]);
    for (args, code, what) in [
        (&["--context", "none", "ls"][..], 1, "no such context"),
        (&["context", "use", "none"], 1, "no such context"),
        (&["context", "remove", "none"], 1, "no such context"),
        (&["context", "add", "there", "--masters", masters], 1, "already"),
        (&["context", "add", "local", "--masters", masters], 2, "always there"),
        (&["context", "add", "a b", "--masters", masters], 2, "not a name"),
        (&["context", "add", "x"], 2, "--masters, --credential, or both"),
        (&["context", "add", "x", "--masters", "nowhere"], 2, "HOST:PORT"),
        (&["context", "add", "x", "--credential", "/none"], 4, "/none"),
        (&["context", "use"], 2, "missing"),
    ] {
        let said = here.shell(args);
        assert!(said.code == code && said.stderr.contains(what), "{args:?}: {said:?}");
    }
}

/// What is advised for a context that is in use lets it be removed.
fn left_for_good(here: &Cluster, masters: &str) {
    let removed = ["context", "remove", "left"];
    here.ok(&["context", "add", "left", "--masters", masters]);
    here.ok(&["context", "use", "--keep", "left"]);
    let said = here.shell(&removed);
    assert!(said.stderr.ends_with("\n  hint: context use --keep local, and then remove it\n"), "{said:?}");
    here.ok(&["context", "use", "--keep", "local"]);
    let said = here.shell(&["--context", "left", "context", "remove", "left"]);
    assert!(said.stderr.ends_with("\n  hint: remove it without the option --context\n"), "{said:?}");
    let said = here.shell(&["-c", "context use left; context remove left"]);
    assert!(said.stderr.contains("\n  hint: context use local, and then remove it\n"), "{said:?}");
    here.ok(&removed);
}

/// A file of contexts that is not understood is one problem, with its place and what to do, and does
/// not keep anybody from the local cluster.
fn not_understood(here: &Cluster) {
    let file = here.home().join("config/contexts.toml");
    let before = std::fs::read_to_string(&file).expect("there are contexts");
    std::fs::write(&file, "[contexts.there]\nmasters = [\n").expect("written");
    let place = format!("{}:", file.display());
    let away = format!("mv {0} {0}.old", file.display());
    assert_eq!(here.ok(&["--context", "local", "ls", "/"]), "here\n");
    assert_eq!(here.ok(&["--context", "local", "context", "use", "local"]), "");
    for args in [&["ls", "/"][..], &["context", "list"], &["context", "use", "--keep", "local"]] {
        let said = here.shell(args);
        assert!(said.code == 2 && said.stderr.contains(&place) && said.stderr.contains(&away), "{args:?}: {said:?}");
    }
    let list = here.shell(&["context", "list"]).stdout;
    assert!(list.contains("local"), "those that are always there are shown: {list}");
    let doctor = here.shell(&["--json", "doctor"]);
    let doctor: serde_json::Value = serde_json::from_str(&doctor.stdout).expect("JSON");
    let checks = doctor["checks"].as_array().expect("a list");
    let is_about = |check: &&serde_json::Value| check["why"].as_str().is_some_and(|why| why.starts_with(&place));
    let check = checks.iter().find(is_about).expect("it is named");
    assert!(check["fix"].as_str().is_some_and(|fix| fix.contains(&away)), "{check}");
    let others = checks.iter().filter(|check| check["verdict"] == "bad").count();
    assert_eq!(others, 1, "{doctor}");
    let text = here.shell(&["doctor"]).stdout;
    assert!(!text.contains("dfsd up") && text.contains("1 problem"), "{text}");
    std::fs::write(&file, before).expect("written");
}

/// The hints are about the cluster that was asked, and about the credential that was shown to it.
fn elsewhere(here: &Cluster, foreign: &str) {
    here.ok(&["context", "add", "nobody", "--masters", "127.0.0.1:9"]);
    let said = here.shell(&["--context", "nobody", "--timeout", "1s", "ls", "/"]);
    let hint = "\n  hint: are the addresses right, and does a master run there? `context list` shows them\n";
    assert!(said.code == 3 && said.stderr.ends_with(hint), "{said:?}");
    let said = here.shell(&["--masters", "127.0.0.1:9", "--timeout", "1s", "ls", "/"]);
    let hint = "`config show client.masters` shows where they come from\n";
    assert!(said.code == 3 && said.stderr.ends_with(hint), "{said:?}");
    here.ok(&["context", "remove", "nobody"]);
    let with_foreign = |args: &[&str]| {
        let said = here.shell_command().env("DFS_CLIENT_CREDENTIAL", foreign).args(args).output().expect("run");
        String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned()
    };
    for args in [&["ls", "/"][..], &["doctor"]] {
        let text = with_foreign(args);
        assert!(
            text.contains(&format!("the credential {foreign}, from environment DFS_CLIENT_CREDENTIAL, is of")),
            "{text}"
        );
        assert!(
            text.contains("without it, that of the local cluster is used") && !text.contains("dfsd down"),
            "{text}"
        );
    }
}

/// The prompt names the context, and each has a working directory of its own; jobs stay with theirs.
fn at_the_prompt(here: &Cluster) {
    let mut terminal = Terminal::run(here.shell_command(), 24, 80);
    terminal.prompt("/");
    terminal.line("cd /here");
    terminal.prompt("/here");
    terminal.line("sleep 1h & context use th");
    terminal.see("no such context");
    terminal.send("context use th");
    terminal.send(key::TAB);
    terminal.see_typed("context use there");
    terminal.enter();
    terminal.see_line("dfs@there:/>");
    terminal.send("ls /th");
    terminal.send(key::TAB);
    terminal.wait("a name of that cluster", |terminal| terminal.before_cursor().ends_with("ls /there/"));
    terminal.enter();
    terminal.wait("what is in it", |terminal| terminal.text().lines().any(|line| line == "b"));
    terminal.line("cd /there");
    terminal.see_line("dfs@there:/there>");
    terminal.line("jobs");
    terminal.see("[1] running  sleep 1h");
    terminal.line("context use local");
    terminal.prompt("/here");
    terminal.send("ls /h");
    terminal.send(key::TAB);
    terminal.see_typed("ls /here/");
    terminal.send(key::CTRL_U);
    terminal.line("context use there");
    terminal.see_line("dfs@there:/there>");
    terminal.line("context remove there");
    terminal.see("in use");
    terminal.line("jobs cancel; -wait; exit");
    terminal.end();
    assert!(here.home().join("config/contexts.toml").exists());
}

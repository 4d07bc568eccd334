//! Every example in every command's help is run, and the output of commands with `--json` has the
//! schema in docs/json.md.

use dfs_shell::command::{Command, Json};
use dfs_shell::commands::COMMANDS;
use dfs_tests::{Cluster, Spec, content};
use std::path::Path;

/// The beginnings of examples that run until Ctrl-C.
const ENDLESS: &[&str] = &["watch ", "replication --watch", "tail -f", "events -f"];
/// Examples that ask on a terminal, and print the question otherwise.
const ASKING: &[&str] = &["rm -r /data/2024", "node drain datanode-2"];
/// Examples that are refused here: no datanode is dead, and the prepared files have no attributes.
const REFUSED: &[&str] =
    &["node forget --yes datanode-3", "attr get /data/a.csv user.source", "attr remove /data/a.csv user.source"];
/// Examples that need a credential of another user.
const STRANGERS: &[&str] = &["context add bob --credential bob.pem"];
/// Created again before each example, because examples change files. `stock` has the files in the
/// DFS that the examples use; next to it are those on the user's machine.
const REMOTE: &str = "
-rm -rf --yes /*
put -r stock/* /
";
/// Files of the DFS, with their content.
const STOCK: &[(&str, &[u8])] = &[
    ("data/a.csv", b"1,2\n3,4\n"),
    ("data/b.csv", b"5,6\n"),
    ("data/old.csv", b"7,8\n"),
    ("data/notes.txt", b"one\ntwo error\nthree\n"),
    ("data/2024/x.csv", b"9\n"),
    ("data/2026/x.csv", b"10\n"),
    ("docs/report.pdf", b"%PDF"),
    ("logs/app.log", b"an error\n"),
    ("logs/app.1.gz", b"packed"),
    ("my logs/a", b"a"),
    ("tmp/job/x", b"x"),
    ("tmp/report", b"%PDF-2"),
    ("archive/old", b"old"),
];
/// Files of the user.
const LOCAL: &[(&str, &[u8])] = &[("report.pdf", b"%PDF"), ("photos/one.jpg", b"jpeg"), ("photos/two.jpg", b"jpeg")];

fn make_local(directory: &Path) {
    let stock = STOCK.iter().map(|(name, bytes)| (format!("stock/{name}"), *bytes));
    for (name, bytes) in stock.chain(LOCAL.iter().map(|(name, bytes)| ((*name).to_owned(), *bytes))) {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("make a directory");
        std::fs::write(path, bytes).expect("write");
    }
    std::fs::write(directory.join("stock/data/big.bin"), content::bytes(7, 1 << 20)).expect("write");
}

/// Runs a line in a directory of its own, as a user with these files would.
fn run(cluster: &Cluster, flags: &[&str], line: &str) -> std::process::Output {
    let directory = cluster.scratch().join("here");
    let _ = std::fs::remove_dir_all(&directory);
    make_local(&directory);
    let mut shell = cluster.shell_command();
    shell.current_dir(&directory).env("HOME", &directory).args(flags).args(["-c", line]);
    shell.output().expect("run dfs-shell")
}

fn make_remote(cluster: &Cluster) {
    let made = run(cluster, &["-q"], REMOTE);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn ends(line: &str) -> bool {
    !ENDLESS.iter().any(|endless| line.starts_with(endless))
}

#[test]
fn every_example_works() {
    // One more than the number of replicas, so that one can be drained.
    let cluster = Cluster::start(Spec::default().datanodes(4));
    let mut wrong = Vec::new();
    for command in COMMANDS.iter() {
        for (line, _) in command.examples.iter().filter(|(line, _)| ends(line)) {
            make_remote(&cluster);
            let output = run(&cluster, &["-q"], line);
            let expected: &[i32] = match *line {
                "exit 3" => &[3],
                // This machine may lack something, which is then reported as a finding.
                "doctor" => &[0, 1],
                line if ASKING.contains(&line) => &[2],
                line if REFUSED.contains(&line) => &[1],
                line if STRANGERS.contains(&line) => &[4],
                _ => &[0],
            };
            if !output.status.code().is_some_and(|code| expected.contains(&code)) {
                wrong.push(format!("{line}: {:?}: {}", output.status, String::from_utf8_lossy(&output.stderr)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the locale has no UTF-8, nothing of ours is printed that is not ASCII.
#[test]
fn every_command_prints_ascii_where_the_locale_wants_it() {
    let cluster = Cluster::start(Spec::default().datanodes(4));
    make_remote(&cluster);
    let mut wrong = Vec::new();
    let mut look = |line: &str, code: Option<i32>| {
        let directory = cluster.scratch().join("here");
        let output = cluster.shell_command().env("LC_ALL", "C").current_dir(&directory).args(["-c", line]).output();
        let output = output.expect("run dfs-shell");
        assert!(code.is_none() || output.status.code() == code, "{line}: {output:?}");
        if !output.stdout.is_ascii() || !output.stderr.is_ascii() {
            let text = [output.stdout, output.stderr].concat();
            wrong.push(format!("{line}: {}", String::from_utf8_lossy(&text)));
        }
    };
    for command in COMMANDS.iter() {
        look(&format!("help {}", command.name), Some(0));
        look(&format!("{} --nonsense", command.name), None);
        command.examples.iter().filter(|(line, _)| ends(line)).for_each(|(line, _)| look(line, None));
    }
    for line in ["help", "status", "nodes -v", "tree /", "set", "source none", "rm", "nonsense", "mput"] {
        look(line, None);
    }
    for view in ["overview", "nodes", "heatmap", "replication", "files", "masters", "events", "commands"] {
        look(&format!("top --once --view {view}"), Some(0));
    }
    cluster.kill("datanode-2");
    cluster.wait_for("a dead datanode", || cluster.ok(&["nodes"]).contains("dead"));
    for line in ["status", "nodes", "node show datanode-2", "why datanode-2", "why /data/big.bin", "doctor", "events"]
        .into_iter()
        .chain(["fsck /", "info /data/big.bin", "heatmap", "masters", "replication", "top --once"])
    {
        look(line, None);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn json_has_the_documented_form() {
    // One more than the number of replicas, so that one can be drained.
    let cluster = Cluster::start(Spec::default().datanodes(4));
    let mut wrong = Vec::new();
    for command in COMMANDS.iter() {
        let Json::Document(schema) = command.json else { continue };
        let schema = jsonschema::validator_for(schema().as_value()).expect("a schema");
        let mut documents = 0;
        for line in lines_of(command) {
            make_remote(&cluster);
            let output = run(&cluster, &["--json"], line);
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            for document in text.lines() {
                documents += 1;
                match serde_json::from_str(document) {
                    Err(error) => wrong.push(format!("{line}: {error}: {document}")),
                    Ok(value) => {
                        wrong.extend(schema.iter_errors(&value).map(|error| format!("{line}: {error}: {document}")));
                    }
                }
            }
        }
        if documents == 0 {
            wrong.push(format!("{}: no example prints a document", command.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns the examples that are single commands, whose output is that command's.
fn lines_of(command: &Command) -> impl Iterator<Item = &'static str> {
    let plain = |line: &&str| ends(line) && !line.contains([';', '|', '>', '&']);
    command.examples.iter().map(|(line, _)| *line).filter(plain)
}

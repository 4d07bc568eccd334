//! Every example of every command's help is run, and what commands print with `--json` has the form that docs/json.md
//! gives.

use dfs_shell::commands::{COMMANDS, Command, Json};
use dfs_tests::{Cluster, Spec, content};
use std::path::Path;

/// Examples that go on until Ctrl-C, by how they begin.
const ENDLESS: &[&str] = &["watch ", "replication --watch", "tail -f", "events -f"];
/// Made anew before each command, because examples change what is there.
const REMOTE: &str = "
-rm -rf --yes /data /docs /logs /backup /photos
mkdir -p /data/2026 /docs /logs
put a.csv b.csv notes.txt big.bin report.pdf /data
put a.csv /data/2026/x.csv
put report.pdf /docs
put -r photos /photos
";

fn local(folder: &Path) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("write");
    std::fs::create_dir_all(folder.join("photos")).expect("make a folder");
    write("a.csv", b"1,2\n3,4\n");
    write("b.csv", b"5,6\n");
    write("notes.txt", b"one\ntwo error\nthree\n");
    write("big.bin", &content::bytes(7, 1 << 20));
    write("report.pdf", &content::bytes(8, 5000));
    write("photos/one.jpg", &content::bytes(9, 3000));
    write("photos/two.jpg", &content::bytes(10, 4000));
}

/// Runs a line in a folder of its own, as a user with these files would.
fn run(cluster: &Cluster, flags: &[&str], line: &str) -> std::process::Output {
    let folder = cluster.scratch().join("here");
    let _ = std::fs::remove_dir_all(&folder);
    local(&folder);
    let mut shell = cluster.shell_command();
    shell.current_dir(&folder).env("HOME", &folder).args(flags).args(["-c", line]);
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
fn every_example_does_what_it_says() {
    let cluster = Cluster::start(Spec::default());
    let mut wrong = Vec::new();
    for command in COMMANDS {
        make_remote(&cluster);
        for (line, _) in command.examples.iter().filter(|(line, _)| ends(line)) {
            let output = run(&cluster, &["-q"], line);
            if !output.status.success() {
                wrong.push(format!("{line}: {:?}: {}", output.status, String::from_utf8_lossy(&output.stderr)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn json_has_the_documented_form() {
    let cluster = Cluster::start(Spec::default());
    let mut wrong = Vec::new();
    for command in COMMANDS {
        let Json::Document(schema) = command.json else { continue };
        make_remote(&cluster);
        let schema = jsonschema::validator_for(schema().as_value()).expect("a schema");
        let mut documents = 0;
        for line in lines_of(command) {
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

/// The examples that are one command, whose output is that command's.
fn lines_of(command: &Command) -> impl Iterator<Item = &'static str> {
    let plain = |line: &&str| ends(line) && !line.contains([';', '|', '>', '&']);
    command.examples.iter().map(|(line, _)| *line).filter(plain)
}

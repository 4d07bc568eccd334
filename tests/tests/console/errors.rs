//! The messages of each command on wrong use or unexpected state: one line with the command, the
//! path and the problem, a hint if there is something to do, and the exit code.

use dfs_shell::command::{Command, Json};
use dfs_shell::commands::COMMANDS;
use dfs_tests::{Cluster, Spec};

/// Arguments, exit code, the first line on stderr, the beginning of the hint.
type Case = (&'static [&'static str], i32, &'static str, Option<&'static str>);

const CASES: &[Case] = &[
    // Unknown command, or missing arguments.
    (&["statsu"], 2, "dfs-shell: statsu: no such command", Some("did you mean status?")),
    (&["help", "mkdri"], 2, "help: mkdri: no such command", Some("did you mean mkdir?")),
    (&["mkdir"], 2, "mkdir: <PATH>... is missing", Some("usage: mkdir")),
    (&["rm"], 2, "rm: <PATH>... is missing", Some("usage: rm")),
    (&["mv", "/a"], 2, "mv: ", Some("usage: mv")),
    (&["node"], 2, "node: <ACTION> <ID> is missing", Some("usage: node")),
    (&["node", "drown", "datanode-1"], 2, "node: invalid value 'drown' for '<ACTION>'", None),
    (&["config", "get"], 2, "config: invalid value 'get' for '<ACTION>'", None),
    (&["sleep", "long"], 2, "sleep: invalid value 'long' for '<TIME>'", Some("usage: sleep")),
    (&["watch", "--count", "0", "ls"], 2, "watch: invalid value '0' for '--count <N>'", Some("usage: watch")),
    (&["watch", "frobnicate"], 2, "watch: frobnicate: no such command", None),
    (&["time"], 2, "time: ", Some("usage: time")),
    (&["set", "1x=2"], 2, "set: 1x=2: not NAME=VALUE", Some("names are of letters")),
    (&["set", "pager=maybe"], 2, "set: maybe: pager is an option of the shell: on or off", None),
    (&["ls", "--frob"], 2, "ls: --frob: no such flag", Some("usage: ls")),
    (&["exit", "many"], 2, "exit: invalid value 'many' for '[CODE]'", Some("usage: exit")),
    (&["source"], 2, "source: <FILE> is missing", Some("usage: source")),
    (&["mount", "/x"], 2, "dfs-shell: mount: no such command", Some("there is no mount")),
    (&["-ls"], 2, "dfs-shell: -ls: no such command", Some("it is called ls here")),
    (&["-cat", "/f"], 2, "dfs-shell: -cat: no such command", Some("it is called cat here")),
    (&["hdfs", "dfs", "-ls", "/"], 2, "dfs-shell: hdfs dfs -ls: no such command", Some("it is called ls here")),
    (&["hadoop", "fs", "-copyFromLocal", "x"], 2, "dfs-shell: hadoop fs -copyFromLocal: no such", Some("put LOCAL")),
    (&["hdfs", "dfsadmin", "-report"], 2, "dfs-shell: hdfs dfsadmin: no such command", Some("status, nodes")),
    (&["fs.ls", "/"], 2, "dfs-shell: fs.ls: no such command", Some("it is called ls here")),
    (&["balancer"], 2, "dfs-shell: balancer: no such command", Some("there is no balancer: ")),
    (&["find", "README.md"], 1, "find: /README.md: no such file or directory", Some("`search README.md` looks")),
    (&["rm", "-ry", "/d"], 2, "rm: -y: no such flag", Some("did you mean --yes?")),
    (&["df", "--json"], 2, "df: --json: no such flag", Some("it is an option of the program, and stands before")),
    (&["getgoal", "/f"], 2, "dfs-shell: getgoal: no such command", Some("setrep N PATH")),
    (&["help", "nosuch"], 2, "help: nosuch: no such command", Some("help lists the commands")),
    (&["nosuch"], 2, "dfs-shell: nosuch: no such command", Some("help lists the commands")),
    (&["attr", "set", "/f", "user.x", "1", "2"], 2, "attr: 2: not expected", Some("usage: attr")),
    (&["pwd", "/f"], 2, "pwd: /f: not expected", Some("usage: pwd")),
    (&["jobs", "--cluster", "x"], 2, "jobs: --cluster cannot be used with ", Some("usage: jobs")),
    (&["put", "--rep", "x", "a", "/a"], 2, "put: invalid value 'x' for '--rep <N>': not a whole number", None),
    (&["setrep", "x", "/f"], 2, "setrep: invalid value 'x' for '<N>': not a whole number", Some("usage: setrep")),
    (&["setrep", "17", "/f"], 2, "setrep: invalid value '17' for '<N>': not from 1 to 16", Some("usage: setrep")),
    // Does not exist.
    (&["config", "show", "nosuch"], 1, "config: nosuch: no such setting", Some("config show lists them")),
    (&["config", "show", "clint"], 1, "config: clint: no such setting", Some("did you mean client?")),
    (&["config", "show", "client.mastres"], 1, "config: client.mastres: no such", Some("did you mean client.masters?")),
    (&["head", "-n", "0", "/none"], 1, "head: /none: no such file or directory", None),
    (&["head", "-n", "0", "/d"], 1, "head: /d: is a directory", None),
    (&["ls", "/none"], 1, "ls: /none: no such file or directory", None),
    (&["tree", "/none/"], 1, "tree: /none: no such file or directory", None),
    (&["stat", "/none"], 1, "stat: /none: no such file or directory", None),
    (&["info", "/none"], 1, "info: /none: no such file or directory", None),
    (&["locate", "/none"], 1, "locate: /none: no such file or directory", None),
    (&["why", "/none"], 1, "why: /none: no such file or directory", None),
    (&["cd", "/none"], 1, "cd: /none: no such file or directory", None),
    (&["rm", "/none"], 1, "rm: /none: no such file or directory", None),
    (&["mv", "/none", "/x"], 1, "mv: /none: no such file or directory", None),
    (&["mkdir", "/none/x"], 1, "mkdir: /none/x: ", Some("mkdir -p")),
    (&["why", "datanode-77"], 1, "why: datanode-77: no such datanode", Some("nodes lists them")),
    (&["why", "master-77"], 1, "why: master-77: no such master", Some("masters lists them")),
    (&["node", "show", "datanode-77"], 1, "node: datanode-77: no such datanode", Some("nodes lists them")),
    (&["node", "show", "seven"], 1, "node: \"seven\" is not a datanode id like datanode-2", Some("nodes lists them")),
    (&["lcd", "/no/such/directory"], 1, "lcd: /no/such/directory: no such file or directory", None),
    (&["lls", "/no/such/directory"], 1, "lls: ", None),
    (&["source", "none.dfs"], 1, "source: none.dfs: no such file or directory", None),
    (&["cd", "-"], 1, "cd: -: there is no directory before this one", None),
    // Exists, but is not of the expected kind.
    (&["mkdir", "/d"], 1, "mkdir: /d: already exists", None),
    (&["cd", "/f"], 1, "cd: /f: not a directory", None),
    (&["ls", "/f/x"], 1, "ls: /f/x: not a directory", None),
    (&["mkdir", "/f/x"], 1, "mkdir: /f/x: not a directory", None),
    (&["locate", "/d"], 1, "locate: /d: is a directory", None),
    (&["rm", "/d"], 1, "rm: /d: is a directory", Some("rm -r deletes directories")),
    (&["rm", "-r", "/d"], 2, "rm: would delete /d: 1 file in 1 directory, 5 B", Some("--yes confirms it")),
    (&["mv", "/f", "/g"], 1, "mv: /g: already exists", Some("mv -f")),
    // -f replaces neither a directory nor, by a directory, a file.
    (
        &["mv", "-f", "/t/full", "/t/in"],
        1,
        "mv: /t/in/full: directory not empty",
        Some("`cp -r -f /t/full /t/in` copies"),
    ),
    (&["mv", "/t/full", "/t/in"], 1, "mv: /t/in/full: directory not empty", Some("`cp -r -f /t/full /t/in` copies")),
    (&["mv", "-f", "/t/empty", "/t/in"], 1, "mv: /t/in/empty: is there already, an empty directory", Some("rm -r ")),
    (&["mv", "-f", "/t/file", "/t/in"], 1, "mv: /t/in/file: is a directory, which a file", Some("choose another name")),
    (&["mv", "/t/dir", "/t/in"], 1, "mv: /t/in/dir: is a file, which a directory", Some("choose another name")),
    (&["mv", "-f", "/t/dir", "/t/in"], 1, "mv: /t/in/dir: is a file, which a directory", Some("choose another name")),
    (&["cp", "/t/file", "/t/in"], 1, "cp: /t/in/file: is a directory, which a file", Some("choose another name")),
    (&["cp", "-f", "/t/file", "/t/in"], 1, "cp: /t/in/file: is a directory, which a file", Some("choose another name")),
    (&["cp", "-r", "/t/full", "/t/in"], 1, "cp: /t/in/full: already exists", Some("cp -f replaces files, and copies")),
    (&["cp", "-r", "/t/dir", "/t/in"], 1, "cp: /t/in/dir: is a file, which a directory", Some("choose another name")),
    (&["cp", "-rf", "/t/dir", "/t/in"], 1, "cp: /t/in/dir: is a file, which a directory", Some("choose another name")),
    (&["cp", "-rf", "/t/deep", "/t/in"], 1, "cp: /t/in/deep: a directory in it has the name of a file", None),
    (&["put", "scratch/file", "/t/in"], 1, "put: /t/in/file: is a directory", Some("a file does not replace")),
    (&["put", "-f", "scratch/file", "/t/in"], 1, "put: /t/in/file: is a directory", Some("a file does not replace")),
    (
        &["put", "-rf", "scratch/dir", "/t/in"],
        1,
        "put: /t/in/dir: is a file, which a directory",
        Some("choose another"),
    ),
    (&["mv", "/f", "/none/x"], 1, "mv: /none/x: no such file or directory", Some("mkdir -p /none makes")),
    (&["mv", "/f", "/g", "/h"], 1, "mv: /h: several can only be moved into a directory", None),
    (&["mv", "/f", "/new/"], 1, "mv: /new: there is no such directory", Some("mkdir -p /new")),
    (&["cp", "/f", "/new/"], 1, "cp: /new: there is no such directory", Some("mkdir -p /new")),
    (&["cp", "/f", "/new/."], 1, "cp: /new: there is no such directory", Some("mkdir -p /new")),
    (&["cp", "/f", "/g/"], 1, "cp: /g: not a directory", None),
    (&["mv", "-f", "/f", "/g/"], 1, "mv: /g: not a directory", None),
    (&["cp", "-r", "/d", "/g/"], 1, "cp: /g: not a directory", None),
    (&["touch", "/new/"], 1, "touch: /new: there is no such directory", Some("mkdir -p /new")),
    (&["mv", "/d", "/d/below"], 1, "mv: /d: cannot be moved into itself, to /d/below", None),
    (&["mv", "/d", "/d"], 1, "mv: /d: cannot be moved into itself, to /d/d", None),
    (&["cp", "-r", "/", "/x"], 1, "cp: /: cannot be copied into itself, to /x", None),
    (&["cp", "-r", "/d", "/d"], 1, "cp: /d: cannot be copied into itself, to /d/d", None),
    (&["cp", "/f", "/f"], 1, "cp: /f: the source and the destination are the same file", None),
    (&["cp", "-f", "/f", "/f"], 1, "cp: /f: the source and the destination are the same file", None),
    (&["mv", "/f", "/f"], 1, "mv: /f: the source and the destination are the same file", None),
    (&["mv", "-f", "/f", "/f"], 1, "mv: /f: the source and the destination are the same file", None),
    (&["mv", "-f", "/d/inside", "/d"], 1, "mv: /d/inside: the source and the destination are the same file", None),
    (&["attr", "set", "/f", "trusted.x", "1"], 2, "attr: trusted.x: ", Some("names are `user.` and 1 to 250 bytes")),
    (&["attr", "remove", "/f", "user.x"], 1, "attr: /f: no attribute user.x", Some("attr list shows")),
    (&["source", "/"], 1, "source: /: is a directory", None),
];

#[test]
fn every_mistake_has_its_own_message() {
    let cluster = Cluster::start(Spec::default());
    let local = cluster.scratch().join("in");
    std::fs::write(&local, "hello").expect("write");
    let local = local.to_str().expect("UTF-8");
    cluster.ok(&["mkdir", "/d"]);
    for path in ["/f", "/g", "/d/inside"] {
        cluster.ok(&["put", local, path]);
    }
    cluster.ok(&["mkdir", "-p", "/t/full", "/t/empty", "/t/dir", "/t/deep"]);
    cluster.ok(&["mkdir", "-p", "/t/in/full/x", "/t/in/empty", "/t/in/file", "/t/in/deep/x"]);
    cluster.ok(&["touch", "/t/full/y", "/t/file", "/t/in/dir", "/t/deep/x"]);
    std::fs::write(cluster.scratch().join("file"), "").expect("write");
    std::fs::create_dir(cluster.scratch().join("dir")).expect("make");
    let mut wrong = Vec::new();
    for (args, code, first, hint) in CASES {
        let said = cluster.shell(args);
        let mut lines = said.stderr.lines();
        let told = lines.next().unwrap_or_default();
        let told_hint = lines.next().and_then(|line| line.strip_prefix("  hint: "));
        let hinted = hint.is_none_or(|hint| told_hint.is_some_and(|told| told.starts_with(hint)));
        if said.code != *code || !told.starts_with(first) || !hinted || !said.stdout.is_empty() {
            wrong.push(format!("{args:?}: {said:?}\n  wanted {code}, {first:?}, {hint:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    cluster.ok(&["rm", "-r", "--yes", "/t"]);
    failures_leave_no_half_document(&cluster);
    credentials(&cluster);
    everything_still_exists(&cluster);
    // A directory may be created with a name that ends in a slash.
    cluster.ok(&["cp", "-r", "/d", "/e/"]);
    cluster.ok(&["mv", "/e", "/h/"]);
    assert_eq!(cluster.ok(&["ls", "/h"]), "inside\n");
    no_master_is_reachable(&cluster);
}

/// A command that waits for an unreachable master says so, also if standard error is no terminal.
fn no_master_is_reachable(cluster: &Cluster) {
    for command in [&["nodes"][..], &["ls", "/"]] {
        let said = cluster.shell(&[&["--timeout", "10s", "--masters", "127.0.0.1:9"], command].concat());
        let lines: Vec<&str> = said.stderr.lines().collect();
        let waiting = format!("{}: waiting for 127.0.0.1:9, up to 10s", command[0]);
        assert!(said.code == 3 && lines.len() == 3 && lines[0].starts_with(&waiting), "{said:?}");
        assert!(lines[1].contains("connection refused") && lines[2].starts_with("  hint: "), "{said:?}");
    }
}

/// With `--json`, what a command writes before it fails is a whole document, or nothing.
fn failures_leave_no_half_document(cluster: &Cluster) {
    let mut wrong = Vec::new();
    // mkdir -p makes what does not exist.
    let documents = |command: &&Command| matches!(command.json, Json::Document(_)) && command.name != "mkdir";
    for command in COMMANDS.iter().filter(documents) {
        let lines = command.examples.iter().map(|(line, _)| *line);
        for line in lines.filter(|line| !line.contains([';', '|', '>', '&', '\''])) {
            // Every remote path that the example names is one that does not exist.
            let words: Vec<&str> =
                line.split(' ').map(|word| if word.starts_with('/') { "/none/x" } else { word }).collect();
            if !words.contains(&"/none/x") && words != ["fsck"] {
                continue;
            }
            let none = ["fsck", "/none/x"];
            let words = if words == ["fsck"] { &none[..] } else { &words };
            let said = cluster.shell(&[&["--json"], words].concat());
            let whole = said.stdout.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok());
            if !whole || !(said.stdout.is_empty() || said.stdout.ends_with('\n')) {
                wrong.push(format!("{words:?}: {said:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A credential that is missing, unreadable or invalid.
fn credentials(cluster: &Cluster) {
    let file = cluster.scratch().join("none.pem");
    let run = |file: &std::path::Path| {
        let output =
            cluster.shell_command().env("DFS_CLIENT_CREDENTIAL", file).args(["ls", "/"]).output().expect("run");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, text) = run(&file);
    assert_eq!(code, Some(4), "{text}");
    assert!(
        text.contains("none.pem: the credential cannot be read: no such file") && text.contains("\n  hint: "),
        "{text}"
    );
    std::fs::write(&file, "not PEM").expect("write");
    let (code, text) = run(&file);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("none.pem: the credential cannot be used: ") && text.contains("\n  hint: "), "{text}");
}

fn everything_still_exists(cluster: &Cluster) {
    assert_eq!(cluster.ok(&["ls", "-R", "/"]), "/:\nd\nf\ng\n\n/d:\ninside\n");
}

//! Copies inside the cluster, and `user.*` attributes, through the real programs.

use dfs_tests::{Cluster, Spec, content};
use rustix::fs::XattrFlags;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

const FILE_BYTES: usize = 2_500_000;
const SMALL_FILES: usize = 100;
const DIRECTORIES: usize = 50;
/// The number of files of the large tree: more than one call copies.
const MANY: usize = SMALL_FILES * DIRECTORIES;

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Returns true if a file of the cluster has these bytes.
fn holds(cluster: &Cluster, remote: &str, bytes: &[u8]) -> bool {
    let local = cluster.scratch().join("back");
    cluster.ok(&["get", "-f", remote, text(&local)]);
    std::fs::read(local).expect("read") == bytes
}

/// Returns the bytes and the number of all chunk files of all datanodes.
fn stored(cluster: &Cluster) -> (u64, usize) {
    let files: Vec<_> = (1..=3).flat_map(|id| cluster.chunk_files(&format!("datanode-{id}"))).collect();
    let bytes = files.iter().map(|file| std::fs::metadata(file).map_or(0, |found| found.len())).sum();
    (bytes, files.len())
}

/// Returns the exit code, and the first line on standard error.
fn refused(cluster: &Cluster, args: &[&str]) -> (i32, String) {
    let said = cluster.shell(args);
    (said.code, said.stderr.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn copies_transfer_no_data_and_outlive_their_originals() {
    let cluster = Cluster::start(Spec::default());
    let (bytes, local) = (content::bytes(5, FILE_BYTES), cluster.scratch().join("in"));
    std::fs::write(&local, &bytes).expect("write");
    cluster.ok(&["mkdir", "/d", "/e"]);
    cluster.ok(&["put", text(&local), "/d/a"]);
    cluster.wait_for("all copies", || stored(&cluster).1 == 9);
    files(&cluster);
    refusals(&cluster);
    outliving(&cluster, &bytes);
    many(&cluster);
}

fn files(cluster: &Cluster) {
    let before = stored(cluster);
    let copied = cluster.json(&["cp", "/d/a", "/d/b"]);
    let one = json!({"from": "/d/a", "to": "/d/b", "files": 1, "directories": 0, "bytes": FILE_BYTES});
    assert_eq!(copied, json!({"copied": [one]}));
    // As with mv: into an existing directory, several sources only so.
    cluster.ok(&["cp", "/d/a", "/d/b", "/e"]);
    assert_eq!(cluster.ok(&["ls", "/e"]), "a\nb\n");
    cluster.ok(&["-c", "cp -f /d/* /e/"]);
    let copied = cluster.json(&["cp", "-r", "/d", "/e"]);
    assert_eq!((&copied["copied"][0]["to"], &copied["copied"][0]["directories"]), (&json!("/e/d"), &json!(1)));
    cluster.ok(&["cp", "-r", "-f", "/d", "/e"]);
    let id = |path: &str| cluster.json(&["stat", path])[0]["id"].as_u64().expect("an id");
    let ids = [id("/d/a"), id("/d/b"), id("/e/a")];
    assert!(ids[0] < ids[1] && ids[1] < ids[2], "{ids:?}");
    cluster.ok(&["mv", "/d/b", "/d/c"]);
    assert_eq!(id("/d/c"), ids[1], "a move keeps it");
    assert_eq!(cluster.ok(&["--dry-run", "cp", "-r", "/d", "/x"]), "cp -r /d /x\n");
    assert_eq!(stored(cluster), before);
}

fn refusals(cluster: &Cluster) {
    for (args, code, line) in [
        (&["cp", "/d/a", "/e/a"][..], 1, "cp: /e/a: already exists"),
        (&["cp", "-r", "/d", "/e"], 1, "cp: /e/d: already exists"),
        (&["cp", "/d", "/x"], 1, "cp: /d: is a directory"),
        (&["cp", "/none", "/x"], 1, "cp: /none: no such file or directory"),
        (&["cp", "/d/a", "/none/x"], 1, "cp: /none/x: no such file or directory"),
        (&["cp", "/d/a", "/d/c", "/x"], 1, "cp: /x: several can only be copied into a directory"),
        (&["cp", "-r", "/d", "/d/below"], 1, "cp: /d: cannot be copied into itself, to /d/below"),
        (&["cp", "/d/a", "/d/a"], 1, "cp: /d/a: the source and the destination are the same file"),
        (&["cp", "/d/a"], 2, "cp: too few arguments"),
    ] {
        assert_eq!(refused(cluster, args), (code, line.to_owned()), "{args:?}");
    }
    assert!(cluster.shell(&["cp", "/d", "/x"]).stderr.contains("hint: cp -r copies directories"));
    assert!(cluster.shell(&["cp", "/d/a", "/e/a"]).stderr.contains("hint: cp -f replaces files"));
}

fn outliving(cluster: &Cluster, bytes: &[u8]) {
    let before = stored(cluster);
    cluster.ok(&["rm", "-r", "--yes", "/d"]);
    // Datanodes get orders of deletion with their heartbeats; several heartbeats pass.
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(stored(cluster), before);
    for copy in ["/e/a", "/e/b", "/e/d/a"] {
        assert!(holds(cluster, copy, bytes), "{copy}");
    }
    assert!(cluster.is_healthy());
    cluster.ok(&["rm", "-r", "--yes", "/e"]);
    cluster.wait_for("the last copy to be collected", || stored(cluster).1 == 0);
}

fn many(cluster: &Cluster) {
    let local = cluster.scratch().join("small");
    std::fs::create_dir(&local).expect("made");
    for number in 0..SMALL_FILES {
        std::fs::write(local.join(format!("f{number}")), content::bytes(number as u64, 1000)).expect("write");
    }
    cluster.ok(&["put", "-r", text(&local), "/t"]);
    cluster.wait_for("all copies", || stored(cluster).1 == 3 * SMALL_FILES);
    let before = stored(cluster);
    cluster.ok(&["mkdir", "/many"]);
    let script: String = (0..DIRECTORIES).map(|number| format!("cp -r /t /many/{number}\n")).collect();
    cluster.ok(&["-c", &script]);
    let copied = cluster.json(&["cp", "-r", "/many", "/more"]);
    let (files, directories, bytes) = (MANY, DIRECTORIES + 1, MANY * 1000);
    let one = json!({"from": "/many", "to": "/more", "files": files, "directories": directories, "bytes": bytes});
    assert_eq!(copied, json!({"copied": [one]}));
    let more = cluster.json(&["stat", "/more"]);
    assert_eq!((&more[0]["files"], &more[0]["size"]), (&json!(MANY), &json!(bytes)));
    cluster.ok(&["rm", "-r", "--yes", "/t", "/many"]);
    assert!(holds(cluster, "/more/49/f99", &content::bytes(99, 1000)));
    assert_eq!(stored(cluster), before, "10,000 files more, and not a byte");
}

#[test]
fn attributes_of_users() {
    let cluster = Cluster::start(Spec::default());
    let local = cluster.scratch().join("in");
    std::fs::write(&local, "x").expect("write");
    cluster.ok(&["mkdir", "/d"]);
    cluster.ok(&["put", text(&local), "/d/a"]);
    set_and_read(&cluster);
    wrong(&cluster);
    with_the_entry(&cluster);
    with_local_files(&cluster);
}

fn set_and_read(cluster: &Cluster) {
    cluster.ok(&["attr", "set", "/d/a", "user.colour", "dark \"blue\""]);
    cluster.ok(&["attr", "set", "/d/a", "user.number", "-5"]);
    let mut shell = cluster.shell_command();
    let mut child =
        shell.args(["attr", "set", "/d/a", "user.raw", "-"]).stdin(Stdio::piped()).spawn().expect("run dfs-shell");
    child.stdin.take().expect("a pipe").write_all(&[0, 1, 0xff]).expect("written");
    assert!(child.wait().expect("ended").success());

    let listed = "user.colour=\"dark \\\"blue\\\"\"\nuser.number=\"-5\"\nuser.raw=0x0001ff\n";
    assert_eq!(cluster.ok(&["attr", "list", "/d/a"]), listed);
    assert_eq!(cluster.ok(&["attr", "get", "/d/a", "user.colour"]), "dark \"blue\"");
    let one = json!({"name": "user.raw", "bytes": 3, "text": null, "hex": "0001ff"});
    let document = json!({"path": "/d/a", "attributes": [one], "removed": []});
    assert_eq!(cluster.json(&["attr", "get", "/d/a", "user.raw"]), document);
    cluster.ok(&["attr", "remove", "/d/a", "user.number"]);
    assert_eq!(cluster.json(&["attr", "list", "/d/a"])["attributes"].as_array().map(Vec::len), Some(2));
    assert_eq!(cluster.ok(&["--dry-run", "attr", "set", "/d/a", "user.x", "a b"]), "attr set /d/a user.x 'a b'\n");
}

fn wrong(cluster: &Cluster) {
    for (args, code, line) in [
        (&["attr", "get", "/d/a", "user.none"][..], 1, "attr: /d/a: no attribute user.none"),
        (&["attr", "remove", "/d/a", "user.none"], 1, "attr: /d/a: no attribute user.none"),
        (&["attr", "set", "/d/a", "colour", "x"], 2, "attr: colour: the name of an attribute begins with `user.`"),
        (&["attr", "get", "/d/a"], 2, "attr: <NAME> is missing"),
        (&["attr", "list", "/none"], 1, "attr: /none: no such file or directory"),
    ] {
        assert_eq!(refused(cluster, args), (code, line.to_owned()), "{args:?}");
    }
    let half = "x".repeat(40 << 10);
    cluster.ok(&["attr", "set", "/d", "user.half", &half]);
    let (code, line) = refused(cluster, &["attr", "set", "/d", "user.other", &half]);
    assert_eq!((code, &*line), (1, "attr: /d: the attributes of one entry would take more than 64 KiB"));
    let (code, line) = refused_with(cluster, &["attr", "set", "/d", "user.other", "-"], &[b'x'; 70 << 10]);
    assert_eq!((code, &*line), (1, "attr: /d: the attributes of one entry would take more than 64 KiB"));
    cluster.ok(&["attr", "remove", "/d", "user.half"]);
}

/// Returns the same as [`refused`], with data on standard input.
fn refused_with(cluster: &Cluster, args: &[&str], input: &[u8]) -> (i32, String) {
    let file = cluster.scratch().join("input");
    std::fs::write(&file, input).expect("write");
    let input = std::fs::File::open(&file).expect("open");
    let output = cluster.shell_command().args(args).stdin(input).output().expect("run dfs-shell");
    let line = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned();
    (output.status.code().expect("ended"), line)
}

/// A move keeps them, and a copy has its own.
fn with_the_entry(cluster: &Cluster) {
    let colour = |path: &str| cluster.ok(&["attr", "get", path, "user.colour"]);
    cluster.ok(&["mv", "/d/a", "/d/b"]);
    cluster.ok(&["attr", "set", "/d", "user.colour", "grey"]);
    cluster.ok(&["cp", "-r", "/d", "/e"]);
    cluster.ok(&["attr", "set", "/d/b", "user.colour", "red"]);
    assert_eq!([colour("/d/b"), colour("/e/b"), colour("/e")], ["red", "dark \"blue\"", "grey"]);
}

/// `put -p` and `get -p`.
fn with_local_files(cluster: &Cluster) {
    let (tree, back) = (cluster.scratch().join("tree"), cluster.scratch().join("tree-back"));
    std::fs::create_dir(&tree).expect("made");
    std::fs::write(tree.join("f"), "x").expect("write");
    if rustix::fs::setxattr(&tree, "user.kind", b"directory", XattrFlags::empty()).is_err() {
        eprintln!("skipped: the file system of {} has no attributes", tree.display());
        return;
    }
    rustix::fs::setxattr(tree.join("f"), "user.raw", &[0, 0xff], XattrFlags::empty()).expect("set");
    cluster.ok(&["put", "-r", text(&tree), "/plain"]);
    assert_eq!(cluster.ok(&["attr", "list", "/plain/f"]), "");
    cluster.ok(&["put", "-r", "-p", text(&tree), "/kept"]);
    assert_eq!(cluster.ok(&["attr", "list", "/kept/f"]), "user.raw=0x00ff\n");
    assert_eq!(cluster.ok(&["attr", "list", "/kept"]), "user.kind=\"directory\"\n");
    cluster.ok(&["chmod", "444", "/kept/f"]);
    cluster.ok(&["get", "-r", "-p", "/kept", text(&back)]);
    let read = |path: &Path, name: &str| {
        let mut value = Vec::with_capacity(100);
        rustix::fs::getxattr(path, name, rustix::buffer::spare_capacity(&mut value)).map(|_| value)
    };
    assert_eq!(read(&back, "user.kind"), Ok(b"directory".to_vec()));
    assert_eq!(read(&back.join("f"), "user.raw"), Ok(vec![0, 0xff]));

    // More than the local file system accepts: the file is kept, and so are the other attributes.
    let big = "x".repeat(60 << 10);
    if rustix::fs::setxattr(&tree, "user.big", big.as_bytes(), XattrFlags::empty()).is_ok() {
        return;
    }
    cluster.ok(&["attr", "set", "/kept/f", "user.big", &big]);
    cluster.ok(&["attr", "set", "/kept/f", "user.last", "1"]);
    let again = cluster.scratch().join("again");
    let said = cluster.shell(&["get", "-p", "/kept/f", text(&again)]);
    let told = format!("get: {}: the file is there, without its attribute user.big: ", text(&again));
    assert!(said.code == 1 && said.stderr.starts_with(&told), "{said:?}");
    assert_eq!((std::fs::read(&again).ok(), read(&again, "user.last")), (Some(b"x".to_vec()), Ok(b"1".to_vec())));
}

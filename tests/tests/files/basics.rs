//! The commands on a healthy cluster: their effect, their output, and their exit codes.

use dfs_tests::{Cluster, Spec, content};
use std::io::Write;
use std::process::Stdio;

/// Many small checks on one cluster, because starting one takes longer than all of them.
#[test]
fn files_and_directories() {
    let cluster = Cluster::start(Spec::default());
    make_and_list(&cluster);
    bytes_come_back(&cluster);
    moving(&cluster);
    deleting(&cluster);
    errors_and_exit_codes(&cluster);
    scripts(&cluster);
    what_json_looks_like(&cluster);
}

fn make_and_list(cluster: &Cluster) {
    cluster.ok(&["mkdir", "/a"]);
    cluster.ok(&["mkdir", "-p", "/deep/er/and/deeper"]);
    cluster.ok(&["mkdir", "-p", "/deep/er"]);
    assert_eq!(cluster.ok(&["ls", "/"]).split_whitespace().collect::<Vec<_>>(), ["a", "deep"]);
    assert_eq!(cluster.ok(&["ls", "/deep"]).trim(), "er");
    assert_eq!(cluster.ok(&["ls", "-d", "/deep"]).trim(), "/deep");
}

fn bytes_come_back(cluster: &Cluster) {
    let directory = cluster.scratch();
    // Around the borders of blocks, frames and chunks (64 KiB, 512 KiB, 1 MiB).
    for length in [0, 1, 4096, 65_535, 65_536, 65_537, 524_289, 1 << 20, (1 << 20) + 1, 5_000_000] {
        let (local, back) = (directory.join("in"), directory.join("out"));
        std::fs::write(&local, content::bytes(length as u64, length)).expect("write");
        let (local, back) = (local.to_str().expect("UTF-8"), back.to_str().expect("UTF-8"));
        let remote = format!("/a/f{length}");
        cluster.ok(&["put", local, &remote]);
        cluster.ok(&["get", "-f", &remote, back]);
        assert!(std::fs::read(back).expect("read") == content::bytes(length as u64, length), "{length} bytes differ");
        assert_eq!(cluster.json(&["stat", &remote])[0]["size"].as_u64(), Some(length as u64), "{length}");
    }
    let whole = content::bytes(5_000_000, 5_000_000);
    for (offset, length) in [(0, 1), (65_535, 2), (1_048_570, 20), (4_999_999, 1), (3, 2_500_000)] {
        let output = cluster
            .shell_command()
            .args(["getrange", "/a/f5000000", &offset.to_string(), &length.to_string()])
            .output()
            .expect("run");
        assert!(output.stdout == whole[offset..offset + length], "range {offset}+{length}");
    }
    let output = cluster.shell_command().args(["cat", "/a/f65537"]).output().expect("run");
    assert!(output.stdout == content::bytes(65_537, 65_537));
    standard_input(cluster);
}

fn standard_input(cluster: &Cluster) {
    let data = content::bytes(3, 3_000_000);
    let mut put =
        cluster.shell_command().args(["put", "-", "/a/stdin"]).stdin(Stdio::piped()).spawn().expect("start put");
    put.stdin.take().expect("pipe").write_all(&data).expect("feed");
    assert!(put.wait().expect("put ends").success());
    let output = cluster.shell_command().args(["get", "/a/stdin", "-"]).output().expect("run");
    assert!(output.stdout == data);
}

fn moving(cluster: &Cluster) {
    cluster.ok(&["mkdir", "/m", "/m/d"]);
    put_text(cluster, "one", "/m/one");
    put_text(cluster, "two", "/m/two");
    assert_eq!(cluster.shell(&["mv", "/m/one", "/m/two"]).code, 1);
    cluster.ok(&["mv", "-f", "/m/one", "/m/two"]);
    assert_eq!(cluster.ok(&["cat", "/m/two"]), "one");
    cluster.ok(&["mv", "/m/two", "/m/d"]);
    assert_eq!(cluster.ok(&["cat", "/m/d/two"]), "one");
    let said = cluster.shell(&["mv", "/m", "/m/d/inside"]);
    assert_eq!(said.code, 1, "{said:?}");
    cluster.ok(&["mv", "/m", "/n"]);
    assert_eq!(cluster.ok(&["cat", "/n/d/two"]), "one");
}

fn deleting(cluster: &Cluster) {
    assert_eq!(cluster.shell(&["rm", "/n"]).code, 1, "a directory needs -r");
    assert_ne!(cluster.shell(&["rm", "-r", "/n"]).code, 0, "off a terminal rm -r needs --yes");
    assert!(cluster.ok(&["ls", "/n"]).contains('d'));
    cluster.ok(&["rm", "-r", "--yes", "/n"]);
    assert_eq!(cluster.shell(&["ls", "/n"]).code, 1);
    assert_eq!(cluster.shell(&["rm", "/none"]).code, 1);
    cluster.ok(&["rm", "-f", "/none"]);
}

fn errors_and_exit_codes(cluster: &Cluster) {
    let long = format!("/{}", "x".repeat(300));
    for (args, code, error) in [
        (vec!["ls", "/none"], 1, "not_found"),
        (vec!["cat", "/a"], 1, "is_a_directory"),
        (vec!["ls", "/a/f1/x"], 1, "not_a_directory"),
        (vec!["mkdir", "/a"], 1, "already_exists"),
        (vec!["mkdir", "/none/b"], 1, "not_found"),
        (vec!["mkdir", &long], 1, "invalid_path"),
        (vec!["stat", ""], 1, "invalid_path"),
        (vec!["frobnicate"], 2, "usage"),
        (vec!["ls", "--frobnicate"], 2, "usage"),
        (vec!["put", "/no/such/local/file", "/x"], 1, "local_io"),
        (vec!["getrange", "/a/f1", "x", "1"], 2, "usage"),
    ] {
        let said = cluster.shell(&[&["--json"], &args[..]].concat());
        assert_eq!(said.code, code, "{args:?}: {said:?}");
        let line = said.stderr.lines().last().unwrap_or_default();
        let document: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|e| panic!("{args:?}: {e}: {said:?}"));
        assert_eq!(document["error"]["code"], error, "{args:?}: {said:?}");
        assert!(said.stdout.is_empty(), "{args:?}: {said:?}");
    }
    let said = cluster.shell(&["ls", "/none"]);
    assert!(said.stderr.starts_with("ls: /none: "), "{said:?}");
    // Paths that resolve.
    assert_eq!(cluster.ok(&["ls", "-d", "/a/../../deep/./er//"]).trim(), "/deep/er");
    not_utf8(cluster);
}

fn not_utf8(cluster: &Cluster) {
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::OsStr::from_bytes(b"/bad\xff");
    let said = cluster.shell(&[std::ffi::OsStr::new("stat"), name]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("UTF-8"), "{said:?}");
}

fn scripts(cluster: &Cluster) {
    assert_eq!(cluster.ok(&["-c", "cd /deep; mkdir 'with space'; ls; pwd"]), "er\nwith space\n/deep\n");
    let said = cluster.shell(&["-c", "ls /none; mkdir /never"]);
    assert_eq!(said.code, 1);
    assert_eq!(cluster.shell(&["stat", "/never"]).code, 1, "a script stops at its first error");
    let said = cluster.shell(&["-k", "-c", "ls /none; mkdir /anyway"]);
    assert_eq!(said.code, 1);
    cluster.ok(&["stat", "/anyway"]);
    let script = cluster.scratch().join("script.dfs");
    std::fs::write(&script, "# made by a test\nmkdir $1\n-ls /none\nls -d $1\nls /none\n").expect("write script");
    let said = cluster.shell(&["-f", script.to_str().expect("UTF-8"), "/fromscript"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(said.stdout, "/fromscript\n", "{said:?}");
    assert!(said.stderr.contains("script.dfs:5"), "{said:?}");
    let mut child = cluster.shell_command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start");
    child.stdin.take().expect("pipe").write_all(b"ls -d /deep\n").expect("feed");
    assert_eq!(child.wait_with_output().expect("ends").stdout, b"/deep\n");
}

fn what_json_looks_like(cluster: &Cluster) {
    let nodes = cluster.json(&["nodes"]);
    assert_eq!(nodes.as_array().map(Vec::len), Some(3), "{nodes}");
    let status = cluster.json(&["status"]);
    assert!(status.is_object(), "{status}");
    let replicas = cluster.json(&["locate", "/a/f5000000"]);
    assert_eq!(replicas.as_array().map(Vec::len), Some(5), "{replicas}");
}

fn put_text(cluster: &Cluster, text: &str, remote: &str) {
    let local = cluster.scratch().join("text");
    std::fs::write(&local, text).expect("write");
    cluster.ok(&["put", local.to_str().expect("UTF-8"), remote]);
}

//! The beginning and the end of files, comparisons and sums of files, and commands in the
//! background.

use dfs_tests::{Cluster, Spec};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::Path;

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn parts_and_sums_of_files_and_commands_in_the_background() {
    let cluster = Cluster::start(Spec::default());
    let local = cluster.scratch().join("lines");
    let lines: Vec<String> = (1..=100_000).map(|number| format!("line {number}\n")).collect();
    fs::write(&local, lines.concat()).expect("write");
    cluster.ok(&["put", text(&local), "/lines"]);
    heads_and_tails(&cluster, &lines);
    comparisons(&cluster, &local);
    background(&cluster, &local);
    following(&cluster, &local);
}

fn heads_and_tails(cluster: &Cluster, lines: &[String]) {
    let (count, all) = (lines.len(), lines.concat());
    for (args, expected) in [
        (vec!["head", "/lines"], lines[..10].concat()),
        (vec!["head", "-n", "70000", "/lines"], lines[..70_000].concat()),
        (vec!["head", "-n", "0", "/lines"], String::new()),
        (vec!["head", "-n", "200000", "/lines"], all.clone()),
        (vec!["head", "-c", "3", "/lines"], "lin".to_owned()),
        (vec!["tail", "/lines"], lines[count - 10..].concat()),
        (vec!["tail", "-n", "70000", "/lines"], lines[count - 70_000..].concat()),
        (vec!["tail", "-n", "0", "/lines"], String::new()),
        (vec!["tail", "-n", "200000", "/lines"], all.clone()),
        (vec!["tail", "-n", "+99999", "/lines"], lines[count - 2..].concat()),
        (vec!["tail", "-n", "+200000", "/lines"], String::new()),
        (vec!["tail", "-c", "7", "/lines"], "100000\n".to_owned()),
        (vec!["tail", "-c", "+1", "/lines"], all.clone()),
    ] {
        assert!(cluster.ok(&args) == expected, "{args:?}");
    }
    let two = cluster.ok(&["head", "-n", "1", "/lines", "/lines"]);
    assert_eq!(two, "==> /lines <==\nline 1\n\n==> /lines <==\nline 1\n");
    assert_eq!(cluster.shell(&["tail", "/"]).code, 1);
    assert_eq!(cluster.shell(&["head", "/none"]).code, 1);
}

fn comparisons(cluster: &Cluster, local: &Path) {
    let said = cluster.shell(&["cmp", text(local), "/lines"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, ""), "{said:?}");
    let mut bytes = fs::read(local).expect("read");
    let crc = crc32c::crc32c(&bytes);
    assert_eq!(cluster.ok(&["checksum", "/lines"]), format!("{crc:08x}  {:>12}  /lines\n", bytes.len()));
    assert_eq!(cluster.json(&["checksum", "/lines"])[0]["crc32c"], format!("{crc:08x}"));
    let other = cluster.scratch().join("other");
    bytes[7 * 9 + 3] ^= 1;
    fs::write(&other, &bytes).expect("write");
    let said = cluster.shell(&["cmp", text(&other), "/lines"]);
    assert_eq!((said.code, said.stdout), (1, format!("{} /lines differ: byte 67, line 10\n", other.display())));
    fs::write(&other, "line 1\nli").expect("write");
    let said = cluster.shell(&["--json", "cmp", text(&other), "/lines"]);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(document["difference"]["shorter"], "local", "{said:?}");
    assert_eq!(cluster.shell(&["cmp", text(local), "/none"]).code, 1);
}

fn background(cluster: &Cluster, local: &Path) {
    let (local, scratch) = (text(local), cluster.scratch());
    // Two at the same time; a script waits for them at its end, with or without `wait`.
    let said = cluster.shell(&["-c", &format!("put {local} /bg-1 & put {local} /bg-2 &")]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stderr.contains("[1] done put") && said.stderr.contains("[2] done put"), "{said:?}");
    cluster.ok(&["cmp", local, "/bg-2"]);
    // The failure of a job is that of the script, and of `wait`, and stops the following commands.
    assert_eq!(cluster.shell(&["-c", "cat /none &"]).code, 1);
    let said = cluster.shell(&["-c", "cat /none &\nwait\necho never"]);
    assert_eq!((said.code, said.stdout.as_str()), (1, ""), "{said:?}");
    // Paths are relative to the directory where the command was given; output is printed when the
    // end of the job is reported.
    let lines = format!(
        "lcd {}; get /bg-1 here & lcd /; cat /bg-1 | head -n 1 &; wait; head -n 1 /bg-2 & fg",
        scratch.display()
    );
    let said = cluster.shell(&["-c", &lines]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(scratch.join("here").exists(), "{said:?}");
    assert_eq!(said.stdout.matches("line 1\n").count(), 2, "{said:?}");
    let said = cluster.shell(&["-c", "sleep 1000 & sleep 1000 & jobs; jobs cancel; wait"]);
    assert_eq!(said.code, 130, "{said:?}");
    assert_eq!(said.stdout.matches("running").count(), 2, "{said:?}");
    assert_eq!(cluster.shell(&["-c", "fg 7"]).code, 1);
}

fn following(cluster: &Cluster, local: &Path) {
    let seen = cluster.scratch().join("seen");
    let mut tail = cluster.shell_command();
    tail.args(["tail", "-n", "1", "-f", "/lines"]).stdout(fs::File::create(&seen).expect("make"));
    let mut tail = tail.spawn().expect("start tail");
    let has = |text: &str| fs::read_to_string(&seen).is_ok_and(|seen| seen.ends_with(text));
    cluster.wait_for("the last line", || has("line 100000\n"));
    fs::write(local, "another file\n").expect("write");
    cluster.ok(&["put", "-f", text(local), "/lines"]);
    cluster.wait_for("what took its place", || has("another file\n"));
    let pid = Pid::from_raw(tail.id().try_into().expect("a pid")).expect("a pid");
    kill_process(pid, Signal::INT).expect("send a signal");
    assert_eq!(tail.wait().expect("it ends").code(), Some(130));
}

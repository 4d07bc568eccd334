//! Transfers through the program: interrupted and resumed, trees with unusual names there and back,
//! sources that disappear, full disks.

use dfs_tests::middle::{disturb, file_bytes, part_files};
use dfs_tests::{Cluster, Spec, content};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::fs::{self, FileTimes, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, SystemTime};

/// The maximum number of rounds until a fault occurs in the middle of a transfer.
const ROUNDS_MAX: u32 = 20;

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn names_in(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Creates a local file of [`file_bytes`] that is also `/big`.
fn with_big(cluster: &Cluster) -> PathBuf {
    let local = cluster.scratch().join("big");
    content::write(fastrand::u64(..), file_bytes(), &local);
    cluster.ok(&["put", text(&local), "/big"]);
    local
}

/// Begins to get `/big` into the empty `directory` and sends a signal when a part of it is stored;
/// repeated until the signal came in the middle.
fn struck_get(cluster: &Cluster, directory: &Path, flags: &[&str], with: Signal) -> ExitStatus {
    for _ in 0..ROUNDS_MAX {
        let _ = fs::remove_dir_all(directory);
        fs::create_dir(directory).expect("make a directory");
        let get = cluster.shell_command().arg("get").args(flags).arg("/big").arg(directory.join("back")).spawn();
        let get = get.expect("start get");
        let pid = Pid::from_raw(get.id().try_into().expect("a pid")).expect("a pid");
        let struck = disturb(
            get,
            || part_files(directory),
            file_bytes() / 8,
            || {
                // It may have just ended.
                let _ = kill_process(pid, with);
            },
        );
        if !struck.status.success() {
            return struck.status;
        }
    }
    panic!("no signal came in the middle of a get; DFS_TEST_FILE is too small");
}

#[test]
fn an_interrupted_get_is_resumed() {
    fastrand::seed(dfs_tests::seed());
    let cluster = Cluster::start(Spec::default());
    let local = with_big(&cluster);
    let directory = cluster.scratch().join("into");
    let (back, part) = (directory.join("back"), directory.join(".dfs-back.partial"));

    // Without -c no partial data is kept.
    for (signal, code) in [(Signal::INT, 130), (Signal::HUP, 129), (Signal::TERM, 130)] {
        assert_eq!(struck_get(&cluster, &directory, &[], signal).code(), Some(code), "{signal:?}");
        assert_eq!(names_in(&directory), [""; 0], "{signal:?}");
    }
    assert_eq!(struck_get(&cluster, &directory, &["-c"], Signal::INT).code(), Some(130));
    assert_eq!(names_in(&directory), [".dfs-back.partial"]);

    // Killed, and with modified bytes of the partial file.
    assert_eq!(struck_get(&cluster, &directory, &["-c"], Signal::KILL).code(), None);
    let damaged = fs::OpenOptions::new().write(true).open(&part).expect("the part is there");
    for _ in 0..3 {
        damaged.write_all_at(b"\x07damage", fastrand::u64(..file_bytes() / 8)).expect("damage it");
    }
    let came = cluster.json(&["get", "-c", "/big", text(&back)]);
    assert!(content::is_same(&local, &back));
    assert_eq!(names_in(&directory), ["back"]);
    let taken_over = came["bytes_taken_over"].as_u64().expect("a number");
    assert!(taken_over > 0 && taken_over < file_bytes(), "{came}");
    // Existing files that are equal are skipped; others are not replaced without -f.
    assert_eq!(cluster.json(&["get", "-c", "/big", text(&back)])["unchanged"], 1);
    fs::write(&back, "mine").expect("write");
    assert_eq!(cluster.shell(&["get", "-c", "/big", text(&back)]).code, 1);
    assert_eq!(fs::read(&back).expect("read"), b"mine");

    // No data of another version is reused.
    struck_get(&cluster, &directory, &["-c"], Signal::KILL);
    content::write(fastrand::u64(..), file_bytes(), &local);
    cluster.ok(&["put", "-f", text(&local), "/big"]);
    assert_eq!(cluster.json(&["get", "-c", "/big", text(&back)])["bytes_taken_over"], 0);
    assert!(content::is_same(&local, &back));
    assert_eq!(names_in(&directory), ["back"]);
}

/// A change of the source of a put, or of its process.
type Fault = fn(&Path, Pid);

#[test]
fn a_put_that_is_disturbed_commits_nothing() {
    fastrand::seed(dfs_tests::seed());
    let cluster = Cluster::start(Spec::default());
    let local = cluster.scratch().join("big");
    let data = cluster.daemon("datanode-1").data_dir;
    let faults: [(&str, i32, Fault); 3] = [
        ("deleted or replaced while it was read", 1, |local, _| fs::remove_file(local).expect("remove")),
        ("changed while it was read", 1, |local, _| {
            let open = fs::OpenOptions::new().append(true).open(local).expect("open");
            open.write_all_at(b"more", file_bytes()).expect("append");
        }),
        ("interrupted", 130, |_, pid| kill_process(pid, Signal::INT).expect("signal")),
    ];
    for (what, code, fault) in faults {
        let struck = (0..ROUNDS_MAX).find_map(|_| {
            content::write(fastrand::u64(..), file_bytes(), &local);
            let before = dfs_tests::middle::stored(&data);
            let mut put = cluster.shell_command();
            put.arg("put")
                .arg(&local)
                .arg("/x")
                .stderr(fs::File::create(cluster.scratch().join("said")).expect("make"));
            let put = put.spawn().expect("start put");
            let pid = Pid::from_raw(put.id().try_into().expect("a pid")).expect("a pid");
            let arrived = || dfs_tests::middle::stored(&data).saturating_sub(before);
            let struck = disturb(put, arrived, file_bytes() / 8, || fault(&local, pid));
            if struck.status.success() {
                cluster.ok(&["rm", "/x"]);
            }
            (!struck.status.success()).then_some(struck.status)
        });
        let said = fs::read_to_string(cluster.scratch().join("said")).expect("read");
        assert_eq!(struck.and_then(|status| status.code()), Some(code), "{what}: {said}");
        assert!(said.contains(what), "{what}: {said}");
        assert_eq!(cluster.shell(&["stat", "/x"]).code, 1, "{what}: nothing was committed");
    }
}

/// Creates a tree with names and attributes of every kind. Returns the numbers of files,
/// directories, and other entries.
fn make_tree(top: &Path) -> (u64, u64, u64) {
    let directories = ["", "empty", "with space", "-r", "a/b/c", "x;y"];
    let files =
        ["plain", "a/b/c/deep", "with space/new\nline", "-r/-f", "*", "$HOME & co", "x;y/quote'\"", "emoji 🦀", "%"];
    for directory in directories {
        fs::create_dir_all(top.join(directory)).expect("make a directory");
    }
    for (index, name) in files.iter().enumerate() {
        let path = top.join(name);
        fs::write(&path, content::bytes(index as u64, index * 70_000)).expect("write");
        fs::set_permissions(&path, Permissions::from_mode([0o644, 0o600, 0o755, 0o444][index % 4])).expect("chmod");
        stamp(&path, 1_000_000_000_123 + index as u64 * 7_777_777);
    }
    symlink("/etc/passwd", top.join("link")).expect("link");
    let made = Command::new("mkfifo").arg(top.join("pipe")).status().expect("run mkfifo");
    assert!(made.success());
    fs::set_permissions(top.join("-r"), Permissions::from_mode(0o700)).expect("chmod");
    fs::set_permissions(top.join("a/b"), Permissions::from_mode(0o750)).expect("chmod");
    for (index, directory) in ["a/b/c", "a/b", "a", "empty", "-r", "with space", "x;y", ""].iter().enumerate() {
        stamp(&top.join(directory), 900_000_000_456 + index as u64 * 1_000_003);
    }
    (files.len() as u64, 8, 2)
}

fn stamp(path: &Path, ms: u64) {
    let times = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_millis(ms));
    fs::File::open(path).expect("open").set_times(times).expect("set the time");
}

/// Returns every entry of a tree: its path, mode, time in milliseconds, and content.
fn look(top: &Path) -> Vec<(PathBuf, u32, i64, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![top.to_owned()];
    while let Some(path) = open.pop() {
        let data = fs::symlink_metadata(&path).expect("metadata");
        if data.is_dir() {
            open.extend(fs::read_dir(&path).expect("a directory").map(|entry| entry.expect("an entry").path()));
        } else if !data.is_file() {
            continue;
        }
        let bytes = if data.is_file() { fs::read(&path).expect("read") } else { Vec::new() };
        let ms = data.mtime() * 1000 + data.mtime_nsec() / 1_000_000;
        found.push((path.strip_prefix(top).expect("below").to_owned(), data.mode() & 0o777, ms, bytes));
    }
    found.sort();
    found
}

#[test]
fn trees_there_and_back() {
    let cluster = Cluster::start(Spec::default());
    let (tree, back) = (cluster.scratch().join("tree"), cluster.scratch().join("back"));
    let (files, directories, others) = make_tree(&tree);
    let came = cluster.json(&["put", "-r", text(&tree), "/tree"]);
    let counts = |came: &serde_json::Value| ["files", "directories", "skips"].map(|key| came[key].as_u64().expect("n"));
    assert_eq!(counts(&came), [files, directories, others], "{came}");
    let came = cluster.json(&["get", "-r", "/tree", text(&back)]);
    assert_eq!(counts(&came), [files, directories, 0], "{came}");
    assert!(look(&tree) == look(&back), "{:?}\n{:?}", named(&look(&tree)), named(&look(&back)));
    update(&cluster, &tree, &back, files);
    names_that_are_refused(&cluster);
    links_in_the_way(&cluster);
}

fn named(entries: &[(PathBuf, u32, i64, Vec<u8>)]) -> Vec<(&Path, u32, i64)> {
    entries.iter().map(|(path, mode, ms, _)| (path.as_path(), *mode, *ms)).collect()
}

fn update(cluster: &Cluster, tree: &Path, back: &Path, files: u64) {
    let again = || cluster.json(&["put", "-r", "--update", text(tree), "/tree/"]);
    let counts =
        |came: &serde_json::Value| ["files", "unchanged", "failures"].map(|key| came[key].as_u64().expect("n"));
    // With a slash at its end the tree is copied into it.
    assert_eq!(counts(&again()), [files, 0, 0]);
    assert_eq!(counts(&again()), [0, files, 0]);
    fs::write(tree.join("plain"), "changed").expect("write");
    fs::write(tree.join("a/new"), "new").expect("write");
    assert_eq!(counts(&again()), [2, files - 1, 0]);
    assert_eq!(cluster.ok(&["cat", "/tree/tree/plain"]), "changed");
    let into = format!("{}/", text(back));
    let came = cluster.json(&["get", "-r", "-c", "/tree/tree", &into]);
    assert_eq!(counts(&came), [files + 1, 0, 0], "{came}");
    let came = cluster.json(&["get", "-r", "-c", "/tree/tree", &into]);
    assert_eq!(counts(&came), [0, files + 1, 0], "{came}");
    // Directories that an earlier get left without them get their modes and times nevertheless.
    fs::set_permissions(back.join("tree/a/b"), Permissions::from_mode(0o777)).expect("chmod");
    cluster.json(&["get", "-r", "-c", "/tree/tree", &into]);
    assert!(look(tree) == look(&back.join("tree")));
    // Two files of many fail; the others are transferred. Each failure is told once, and counted at the end.
    fs::remove_file(back.join("tree/a/new")).expect("remove");
    fs::write(back.join("tree/plain"), "mine").expect("write");
    fs::write(back.join("tree/%"), "mine").expect("write");
    let said = cluster.shell(&["get", "-r", "-c", "/tree/tree", &into]);
    assert_eq!(said.code, 1, "{said:?}");
    let told = said.stderr.matches("already exists").count();
    assert!(told == 2 && said.stderr.contains("2 failed"), "{said:?}");
    assert!(said.stderr.contains(&format!("{} unchanged", files - 2)), "{said:?}");
    assert_eq!(fs::read(back.join("tree/a/new")).expect("read"), b"new");
}

fn names_that_are_refused(cluster: &Cluster) {
    let odd = cluster.scratch().join("odd");
    fs::create_dir(&odd).expect("make");
    fs::write(odd.join(OsStr::from_bytes(b"bad\xff")), "x").expect("write");
    fs::write(odd.join("good"), "x").expect("write");
    let said = cluster.shell(&["put", "-r", text(&odd), "/odd"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("bad") && said.stderr.contains("UTF-8"), "{said:?}");
    assert_eq!(cluster.ok(&["ls", "/odd"]), "good\n");
}

fn links_in_the_way(cluster: &Cluster) {
    let (into, outside) = (cluster.scratch().join("linked"), cluster.scratch().join("outside"));
    fs::create_dir_all(into.join("tree")).expect("make");
    fs::create_dir(&outside).expect("make");
    symlink(&outside, into.join("tree/a")).expect("link");
    symlink(outside.join("written"), into.join("tree/plain")).expect("link");
    let said = cluster.shell(&["get", "-r", "-f", "/tree", text(&into)]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("symbolic link"), "{said:?}");
    assert_eq!(names_in(&outside), [""; 0]);
    assert!(fs::symlink_metadata(into.join("tree/plain")).expect("there").is_symlink(), "the link stays");
    assert!(said.stderr.contains("tree/plain: is a symbolic link"), "{said:?}");
}

/// A small file system, unmounted at the end.
struct Small(PathBuf);

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn a_full_local_disk_is_reported_and_leaves_nothing() {
    let cluster = Cluster::start(Spec::default());
    let (local, small) = (cluster.scratch().join("in"), cluster.scratch().join("small"));
    content::write(1, 8 << 20, &local);
    cluster.ok(&["put", text(&local), "/x"]);
    fs::create_dir(&small).expect("make");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(&small).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: mounting is not allowed here");
        return;
    }
    let small = Small(small);
    let said = cluster.shell(&["get", "/x", text(&small.0)]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("no space left on device") && said.stderr.contains("hint: make room"), "{said:?}");
    assert_eq!(names_in(&small.0), [""; 0]);
    // The next file would not fit either.
    cluster.ok(&["mkdir", "/many"]);
    for name in ["a", "b", "c"] {
        cluster.ok(&["put", text(&local), &format!("/many/{name}")]);
    }
    let said = cluster.shell(&["get", "-r", "-j", "1", "/many", text(&small.0)]);
    assert!(said.code == 1 && said.stderr.matches("no space left").count() == 1, "{said:?}");
    fs::remove_dir(small.0.join("many")).expect("only an empty directory is left");
    let said = cluster.shell(&["get", "-c", "/x", text(&small.0)]);
    assert!(said.code == 1 && said.stderr.contains("what is there is kept"), "{said:?}");
    assert_eq!(names_in(&small.0), [".dfs-x.partial"]);
    let grown = Command::new("mount").args(["-o", "remount,size=32m"]).arg(&small.0).status().expect("run mount");
    assert!(grown.success());
    let came = cluster.json(&["get", "-c", "/x", text(&small.0)]);
    assert!(came["bytes_taken_over"].as_u64() > Some(1 << 20), "{came}");
    assert!(content::is_same(&local, &small.0.join("x")));
}

#[test]
fn a_file_that_is_deleted_during_a_get() {
    fastrand::seed(dfs_tests::seed());
    let cluster = Cluster::start(Spec::default());
    let local = with_big(&cluster);
    let directory = cluster.scratch().join("into");
    fs::create_dir(&directory).expect("make");
    let back = directory.join("back");
    let deleted = cluster.disturb_get("/big", &local, &back, || drop(cluster.ok(&["rm", "/big"])));
    // The chunks may outlive their file for the duration of the get.
    assert!(deleted.status.success() || names_in(&directory).is_empty(), "{deleted:?}");
    if deleted.status.success() {
        assert!(content::is_same(&local, &back));
        fs::remove_file(&back).expect("remove");
    }
    cluster.ok(&["put", text(&local), "/big"]);
    let newer = cluster.scratch().join("newer");
    content::write(fastrand::u64(..), file_bytes(), &newer);
    let replaced =
        cluster.disturb_get("/big", &local, &back, || drop(cluster.ok(&["put", "-f", text(&newer), "/big"])));
    assert!(replaced.status.success(), "{replaced:?}");
    assert!(content::is_same(&local, &back) || content::is_same(&newer, &back), "one of the two, and whole");
}

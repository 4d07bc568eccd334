//! Where files go that are put, got, copied and moved: what is replaced and what is not, what one
//! argument means, what the same line does again.

use dfs_tests::cluster::Said;
use dfs_tests::{Cluster, Spec, content};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File, FileTimes};
use std::os::unix::fs::{FileTypeExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn first_line(said: &Said) -> (i32, &str) {
    (said.code, said.stderr.lines().next().unwrap_or_default())
}

/// A local file with this text, in directories that are made.
fn local(cluster: &Cluster, name: &str, content: &str) -> PathBuf {
    let path = cluster.scratch().join(name);
    fs::create_dir_all(path.parent().expect("below")).expect("made");
    fs::write(&path, content).expect("written");
    path
}

/// Many small checks on one cluster, because making one takes longer than all of them.
#[test]
fn where_files_go() {
    let cluster = Cluster::start(Spec::default());
    cluster.ok(&["put", text(&local(&cluster, "x", "remote")), "/x"]);
    what_is_no_regular_file(&cluster);
    links(&cluster);
    two_for_one_place(&cluster);
    trees_that_meet(&cluster);
    the_same_line_again(&cluster);
    a_slash_means_a_directory(&cluster);
    one_argument(&cluster);
    what_a_replaced_file_keeps(&cluster);
    older_than_1970(&cluster);
    part_files(&cluster);
    few_descriptors(&cluster);
    interrupted_trees(&cluster);
}

fn what_is_no_regular_file(cluster: &Cluster) {
    let at = |name: &str| cluster.scratch().join(name);
    assert!(Command::new("mkfifo").arg(at("fifo")).status().expect("run mkfifo").success());
    let _socket = UnixListener::bind(at("socket")).expect("bound");
    cluster.ok(&["mkdir", "/special"]);
    cluster.ok(&["cp", "/x", "/special/fifo"]);
    fs::create_dir(at("special")).expect("made");
    assert!(Command::new("mkfifo").arg(at("special/fifo")).status().expect("run mkfifo").success());
    for (name, kind) in [("fifo", "a FIFO"), ("socket", "a socket")] {
        let path = at(name);
        let what = format!("{}: is {kind}, not a regular file", path.display());
        for (command, args) in [
            ("get", &["get", "-f", "/x", text(&path)][..]),
            ("get", &["get", "-f", "-c", "/x", text(&path)]),
            ("getrange", &["getrange", "-f", "/x", "0", "3", text(&path)]),
            ("top", &["top", "--once", "--record", text(&path), "-f"]),
        ] {
            assert_eq!(first_line(&cluster.shell(args)), (1, &*format!("{command}: {what}")), "{args:?}");
        }
    }
    let said = cluster.shell(&["get", "-f", "/x", text(&at("fifo"))]);
    assert!(said.stderr.contains(&format!("hint: to write into it: cat FILE > {}", text(&at("fifo")))), "{said:?}");
    let said = cluster.shell(&["get", "-r", "-f", "/special", text(&cluster.scratch())]);
    assert!(said.code == 1 && said.stderr.contains("special/fifo: is a FIFO, not a regular file"), "{said:?}");
    for (name, is) in [("fifo", true), ("special/fifo", true), ("socket", false)] {
        let kind = fs::symlink_metadata(at(name)).expect("there").file_type();
        assert!(if is { kind.is_fifo() } else { kind.is_socket() }, "{name} is as it was");
    }
    let said = cluster.shell(&["get", "-f", "/x", "/dev/null"]);
    assert_eq!(first_line(&said), (1, "get: /dev/null: is a character device, not a regular file"));
    let said = cluster.shell(&["get", "-f", "/x", "/dev/stdout"]);
    assert_eq!(first_line(&said), (1, "get: /dev/stdout: is an open file of this program"));
    assert!(said.stderr.contains("hint: `-` is standard output"), "{said:?}");
}

fn links(cluster: &Cluster) {
    let at = |name: &str| cluster.scratch().join(name);
    let target = local(cluster, "links/target", "old");
    for (to, link) in [("target", "links/link"), ("none", "links/dangling"), ("target", "links/recording")] {
        symlink(to, at(link)).expect("linked");
    }
    let said = cluster.shell(&["get", "/x", text(&at("links/link"))]);
    assert!(said.code == 1 && said.stderr.contains("already exists"), "{said:?}");
    cluster.ok(&["get", "-f", "/x", text(&at("links/link"))]);
    assert_eq!(fs::read_to_string(&target).expect("read"), "remote");
    cluster.ok(&["getrange", "-f", "/x", "0", "3", text(&at("links/link"))]);
    assert_eq!(fs::read_to_string(&target).expect("read"), "rem");
    cluster.ok(&["top", "--once", "--record", text(&at("links/recording")), "-f"]);
    assert!(fs::read(&target).expect("read").starts_with(b"dfs-rec"));
    let said = cluster.shell(&["get", "-f", "/x", text(&at("links/dangling"))]);
    let what =
        format!("get: {}: is a dangling symbolic link, which is not written through", text(&at("links/dangling")));
    assert_eq!(first_line(&said), (1, &*what));
    for link in ["links/link", "links/dangling", "links/recording"] {
        assert!(fs::symlink_metadata(at(link)).expect("there").is_symlink(), "{link} stays");
    }
}

fn two_for_one_place(cluster: &Cluster) {
    let [a, b, y] = ["a/x", "b/x", "b/y"].map(|name| local(cluster, &format!("two/{name}"), name));
    cluster.ok(&["mkdir", "-p", "/two/a", "/two/b", "/two/put", "/two/cp", "/two/mv"]);
    let said = cluster.shell(&["put", "-f", text(&a), text(&b), text(&y), "/two/put"]);
    let over = |command: &str, to: &str, from: &str| {
        format!("{command}: will not overwrite just-created '{to}' with '{from}'")
    };
    assert_eq!(first_line(&said), (1, &*over("put", "/two/put/x", text(&b))));
    assert_eq!([cluster.ok(&["cat", "/two/put/x"]), cluster.ok(&["cat", "/two/put/y"])], ["a/x", "b/y"]);
    cluster.ok(&["put", text(&a), "/two/a"]);
    cluster.ok(&["put", text(&b), text(&y), "/two/b"]);
    let into = cluster.scratch().join("two/into");
    fs::create_dir(&into).expect("made");
    let said = cluster.shell(&["get", "-f", "/two/a/x", "/two/b/x", "/two/b/y", text(&into)]);
    assert_eq!(first_line(&said), (1, &*over("get", text(&into.join("x")), "/two/b/x")));
    assert_eq!(fs::read_to_string(into.join("x")).expect("read"), "a/x");
    assert_eq!(fs::read_to_string(into.join("y")).expect("read"), "b/y");
    for (command, to) in [("cp", "/two/cp"), ("mv", "/two/mv")] {
        let said = cluster.shell(&[command, "-f", "/two/a/x", "/two/b/x", "/two/b/y", to]);
        assert_eq!(first_line(&said), (1, &*over(command, &format!("{to}/x"), "/two/b/x")));
        assert_eq!(cluster.ok(&["cat", &format!("{to}/x"), &format!("{to}/y")]), "a/xb/y");
    }
    assert_eq!(cluster.ok(&["cat", "/two/b/x"]), "b/x", "what was not moved is where it was");
    // The same source twice loses nothing.
    let said = cluster.shell(&["cp", "-f", "/two/b/x", "/two/b/x", "/two/cp"]);
    assert_eq!(first_line(&said), (0, "cp: /two/b/x: named more than once"));
}

fn trees_that_meet(cluster: &Cluster) {
    for (name, content) in [("a/t/1", "a1"), ("a/t/2", "a2"), ("b/t/1", "b1"), ("b/t/3", "b3")] {
        local(cluster, &format!("meet/{name}"), content);
    }
    let [a, b] = ["meet/a/t", "meet/b/t"].map(|name| cluster.scratch().join(name));
    cluster.ok(&["mkdir", "/meet", "/meet/a", "/meet/b", "/meet/cp"]);
    let said = cluster.shell(&["put", "-r", "-f", text(&a), text(&b), "/meet"]);
    let over = format!("will not overwrite just-created '/meet/t/1' with '{}'", text(&b.join("1")));
    assert!(said.code == 1 && said.stderr.contains(&over), "{said:?}");
    assert_eq!(cluster.ok(&["cat", "/meet/t/1", "/meet/t/2", "/meet/t/3"]), "a1a2b3");
    cluster.ok(&["put", "-r", text(&a), "/meet/a"]);
    cluster.ok(&["put", "-r", text(&b), "/meet/b"]);
    let into = cluster.scratch().join("meet/into");
    fs::create_dir(&into).expect("made");
    let said = cluster.shell(&["get", "-r", "-f", "/meet/a/t", "/meet/b/t", text(&into)]);
    let over = format!("will not overwrite just-created '{}' with '/meet/b/t/1'", text(&into.join("t/1")));
    assert!(said.code == 1 && said.stderr.contains(&over), "{said:?}");
    let read = |name: &str| fs::read_to_string(into.join(name)).expect("read");
    assert_eq!([read("t/1"), read("t/2"), read("t/3")], ["a1", "a2", "b3"]);
    let said = cluster.shell(&["cp", "-r", "-f", "/meet/a/t", "/meet/b/t", "/meet/cp"]);
    assert_eq!(first_line(&said), (1, "cp: will not overwrite just-created '/meet/cp/t' with '/meet/b/t'"));
    assert_eq!(cluster.ok(&["ls", "/meet/cp/t"]), "1\n2\n");
}

fn the_same_line_again(cluster: &Cluster) {
    for name in ["one", "two", "deep/three"] {
        local(cluster, &format!("again/src/{name}"), name);
    }
    let [src, back] = ["again/src", "again/back"].map(|name| cluster.scratch().join(name));
    let counts = |came: &serde_json::Value| ["files", "unchanged"].map(|key| came[key].as_u64().expect("a number"));
    let put = || counts(&cluster.json(&["put", "-r", "-u", text(&src), "/again"]));
    assert_eq!((put(), put()), ([3, 0], [0, 3]));
    cluster.ok(&["rm", "/again/two"]);
    assert_eq!(put(), [1, 2], "what is missing is put, and nothing nested");
    assert_eq!(cluster.ok(&["ls", "/again"]), "deep\none\ntwo\n");
    let get = || counts(&cluster.json(&["get", "-r", "-c", "/again", text(&back)]));
    assert_eq!((get(), get()), ([3, 0], [0, 3]));
    fs::remove_file(back.join("one")).expect("removed");
    fs::write(back.join(".dfs-one.partial"), "begun").expect("written");
    assert_eq!(get(), [1, 2]);
    assert!(!back.join("again").exists());
    // With a slash it is the directory that holds the copy, the first time and the next.
    cluster.ok(&["mkdir", "/holds"]);
    let put = || counts(&cluster.json(&["put", "-r", "-u", text(&src), "/holds/"]));
    assert_eq!((put(), put()), ([3, 0], [0, 3]));
    assert_eq!(cluster.ok(&["ls", "/holds"]), "src\n");
    // Where other things are, nobody meant the copy itself.
    let said = cluster.shell(&["put", "-r", "-u", text(&src), "/holds"]);
    let what = format!("put: /holds: is not empty and holds nothing of {}, so it is no copy of it", text(&src));
    assert_eq!(first_line(&said), (1, &*what));
    assert!(said.stderr.contains(&format!("hint: to copy into it: put -r -u {} /holds/\n", text(&src))), "{said:?}");
    let said = cluster.shell(&["get", "-r", "-c", "/again", text(&cluster.scratch())]);
    assert!(said.code == 1 && said.stderr.contains("holds nothing of /again"), "{said:?}");
}

fn a_slash_means_a_directory(cluster: &Cluster) {
    let file = local(cluster, "slash/file", "x");
    let out = cluster.scratch().join("slash/out");
    let slashed = format!("{}/", text(&file));
    for args in [
        &["stat", "/x/"][..],
        &["cat", "/x/"],
        &["cat", "/x/."],
        &["ls", "/x/"],
        &["head", "/x/"],
        &["tail", "/x/"],
        &["info", "/x/"],
        &["du", "/x/"],
        &["checksum", "/x/"],
        &["locate", "/x/"],
        &["touch", "/x/"],
        &["rm", "/x/"],
        &["rm", "-r", "--yes", "/x/"],
        &["chmod", "600", "/x/"],
        &["setrep", "2", "/x/"],
        &["attr", "list", "/x/"],
        &["get", "/x/", text(&out)],
        &["getrange", "/x/", "0", "1"],
        &["mv", "/x/", "/y"],
        &["cp", "/x/", "/y"],
        &["cp", "/special/fifo", "/x/"],
        &["put", "-f", text(&file), "/x/"],
        &["mkdir", "-p", "/x/"],
        &["cmp", text(&file), "/x/"],
    ] {
        let said = cluster.shell(args);
        assert_eq!(first_line(&said), (1, &*format!("{}: /x: not a directory", args[0])), "{args:?}");
    }
    assert_eq!(cluster.ok(&["cat", "/x"]), "remote", "nothing has changed");
    assert!(!out.exists());
    let said = cluster.shell(&["getrange", "-f", "/x", "0", "1", &slashed]);
    assert!(said.code == 1 && said.stderr.contains("there is no such local directory"), "{said:?}");
    let said = cluster.shell(&["put", &slashed, "/y"]);
    assert!(said.code == 1 && said.stderr.contains("not a directory"), "{said:?}");
    for args in [&["stat", "/special/"][..], &["ls", "/special/"], &["ls", "/"], &["stat", "/special/."]] {
        cluster.ok(args);
    }
}

fn one_argument(cluster: &Cluster) {
    let here = cluster.scratch().join("one");
    fs::create_dir(&here).expect("made");
    let run = |args: &[&str]| {
        let output = cluster.shell_command().current_dir(&here).args(args).output().expect("run dfs-shell");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {said}");
        said
    };
    run(&["get", "/x"]);
    assert_eq!(fs::read_to_string(here.join("x")).expect("read"), "remote");
    run(&["get", "-r", "/special"]);
    assert_eq!(fs::read_to_string(here.join("special/fifo")).expect("read"), "remote");
    fs::write(here.join("mine"), "local").expect("written");
    run(&["-c", "mkdir /one; cd /one; put mine; put -r special; put m*e /one/other"]);
    assert_eq!(cluster.ok(&["ls", "/one"]), "mine\nother\nspecial\n");
    assert_eq!(run(&["--dry-run", "get", "/one/mine"]).trim_end(), "get /one/mine ./mine");
    assert_eq!(run(&["--dry-run", "put", "mine"]).trim_end(), "put mine /mine");
    let said = cluster.shell(&["put", "-"]);
    assert!(said.code == 1 && said.stderr.contains("standard input needs a name"), "{said:?}");
}

fn what_a_replaced_file_keeps(cluster: &Cluster) {
    let file = local(cluster, "kept", "first");
    cluster.ok(&["put", "--rep", "2", text(&file), "/kept"]);
    cluster.ok(&["chmod", "600", "/kept"]);
    cluster.ok(&["attr", "set", "/kept", "user.a", "1"]);
    let set = || {
        let stat = cluster.json(&["stat", "/kept"])[0].clone();
        assert_eq!(cluster.ok(&["attr", "get", "/kept", "user.a"]), "1");
        (stat["replication"].as_u64().expect("a number"), stat["mode"].to_string())
    };
    let before = set();
    assert_eq!(before.0, 2);
    fs::write(&file, "second, longer").expect("written");
    cluster.ok(&["put", "-f", text(&file), "/kept"]);
    assert_eq!((set(), cluster.ok(&["cat", "/kept"])), (before.clone(), "second, longer".to_owned()));
    fs::write(&file, "").expect("written");
    cluster.ok(&["put", "-u", text(&file), "/kept"]);
    assert_eq!((set(), cluster.ok(&["cat", "/kept"])), (before.clone(), String::new()));
    cluster.ok(&["cp", "-f", "/x", "/kept"]);
    assert_eq!((set(), cluster.ok(&["cat", "/kept"])), (before.clone(), "remote".to_owned()));
    cluster.ok(&["put", "-f", "--rep", "1", text(&file), "/kept"]);
    assert_eq!(set(), (1, before.1), "what is said counts");
}

fn older_than_1970(cluster: &Cluster) {
    let top = cluster.scratch().join("old");
    for name in ["a", "b"] {
        let file = local(cluster, &format!("old/{name}"), name);
        let time = SystemTime::UNIX_EPOCH - Duration::from_millis(300_000_000_500);
        File::open(&file).expect("open").set_times(FileTimes::new().set_modified(time)).expect("set the time");
    }
    let said = cluster.shell(&["put", "-r", "-u", text(&top), "/old"]);
    assert_eq!(
        (said.code, said.stderr.matches("older than 1970: its time becomes 1970-01-01").count()),
        (0, 1),
        "{said:?}"
    );
    assert_eq!(cluster.json(&["stat", "/old/a"])[0]["modified_ms"], 0);
    assert_eq!(cluster.json(&["put", "-r", "-u", text(&top), "/old"])["unchanged"], 2);
}

fn part_files(cluster: &Cluster) {
    let part = local(cluster, "parts/.dfs-AbCd12.partial", "half");
    local(cluster, "parts/whole", "whole");
    let came = cluster.json(&["put", "-r", text(&cluster.scratch().join("parts")), "/parts"]);
    assert_eq!((&came["files"], &came["skips"]), (&1.into(), &1.into()), "{came}");
    assert_eq!(cluster.ok(&["ls", "-a", "/parts"]), "whole\n");
    let said = cluster.shell(&["put", text(&part), "/part"]);
    let what = format!("put: {}: is what an unfinished get has left, and no whole file", text(&part));
    assert_eq!(first_line(&said), (1, &*what));
    let pattern = format!("put {0}/parts/.dfs-*.partial {0}/parts/whole /", text(&cluster.scratch()));
    let said = cluster.shell(&["-c", &pattern]);
    assert!(said.code == 0 && said.stderr.contains("skipped: what an unfinished get has left"), "{said:?}");
    assert_eq!(cluster.shell(&["stat", "/.dfs-AbCd12.partial"]).code, 1);
}

fn few_descriptors(cluster: &Cluster) {
    for number in 0..150 {
        local(cluster, &format!("few/{number}"), "some bytes");
    }
    let (top, back) = (cluster.scratch().join("few"), cluster.scratch().join("few-back"));
    for (soft, hard, args) in [
        // The soft limit is raised.
        (24, 1024, ["put", "-r", "-j", "64", text(&top), "/few"]),
        // The hard one makes them wait.
        (40, 40, ["put", "-r", "-j", "64", text(&top), "/fewer"]),
        (40, 40, ["get", "-r", "-j", "64", "/few", text(&back)]),
    ] {
        let plain = cluster.shell_command();
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("ulimit -Sn {soft}; ulimit -Hn {hard}; exec \"$0\" \"$@\"")]);
        limited.arg(plain.get_program()).args(args);
        limited.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = limited.output().expect("run sh");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("150 files"), "{args:?}: {said}");
    }
    assert_eq!(fs::read_dir(&back).expect("there").count(), 150);
}

fn interrupted_trees(cluster: &Cluster) {
    const FILES: usize = 300;
    let top = cluster.scratch().join("cut off");
    for number in 0..FILES {
        local(cluster, &format!("cut off/{number}"), "bytes");
    }
    let back = cluster.scratch().join("cut off back");
    for args in [["put", "-r", "-j", "1", text(&top), "/cut off"], ["get", "-r", "-j", "1", "/cut off", text(&back)]] {
        let (mut said, mut code) = (String::new(), None);
        while code != Some(130) {
            let _ = fs::remove_dir_all(&back);
            if args[0] == "put" {
                cluster.shell(&["rm", "-r", "-f", "--yes", "/cut off"]);
            }
            let begun = || match args[0] {
                "put" => cluster.shell(&["ls", "/cut off"]).stdout.lines().count(),
                _ => fs::read_dir(&back).map_or(0, Iterator::count),
            };
            let output = File::create(cluster.scratch().join("said")).expect("made");
            let mut child = cluster.shell_command().args(args).stderr(output).spawn().expect("run dfs-shell");
            while begun() < 5 && child.try_wait().expect("wait").is_none() {}
            let _ = kill_process(Pid::from_raw(child.id().try_into().expect("a pid")).expect("a pid"), Signal::INT);
            code = child.wait().expect("ended").code();
            said = fs::read_to_string(cluster.scratch().join("said")).expect("read");
        }
        let line = said.lines().find_map(|line| line.split_once("; continue with: "));
        let (what, line) = line.unwrap_or_else(|| panic!("no line goes on: {said}"));
        assert!(what.starts_with(&format!("{}: interrupted at ", args[0])) && what.contains(" of "), "{what}");
        let came = cluster.json(&["-c", line]);
        let counts = ["files", "unchanged"].map(|key| came[key].as_u64().expect("a number"));
        assert!(counts[0] + counts[1] == FILES as u64 && counts[1] > 0, "{line}: {came}");
    }
    assert_eq!(cluster.ok(&["ls", "/cut off"]).lines().count(), FILES);
    assert_eq!(fs::read_dir(&back).expect("there").count(), FILES);
    assert!(content::is_same(&top.join("7"), &back.join("7")));
}

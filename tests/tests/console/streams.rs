//! Standard input and output that are pipes, closed or full: what is said, and the exit code.

use super::scripts::{Alone, feed, said};
use dfs_tests::terminal::Terminal;
use dfs_tests::{Cluster, Spec, cluster::Said};
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Runs a command whose standard output is a pipe without a reader.
fn unread(mut command: Command, args: &[&str]) -> Said {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    said(command.args(args).stdout(writer).stderr(Stdio::piped()).output())
}

/// Runs a command whose standard output takes nothing more.
fn full(mut command: Command, args: &[&str]) -> Said {
    let full = OpenOptions::new().write(true).open("/dev/full").expect("there");
    said(command.args(args).stdout(full).stderr(Stdio::piped()).output())
}

/// Runs a command whose standard output is closed.
fn closed(command: &Command, args: &[&str]) -> Said {
    let mut bash = Command::new("bash");
    bash.args(["-c", "exec \"$0\" \"$@\" >&-"]).arg(command.get_program()).args(command.get_args()).args(args);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bash.env(name, value),
            None => bash.env_remove(name),
        };
    }
    said(bash.output())
}

#[test]
fn a_reader_that_is_gone_ends_everything_silently() {
    let cluster = Cluster::start(Spec::default());
    cluster.ok(&["mkdir", "-p", "/d/e"]);
    let cases: &[&[&str]] = &[
        &["--version"],
        &["--help"],
        &["help"],
        &["echo", "a"],
        &["pwd"],
        &["--json", "pwd"],
        &["config", "show"],
        &["version"],
        &["ls", "/"],
        &["--json", "ls", "/"],
        &["status"],
        &["find", "/"],
        &["tree", "/"],
        &["top", "--once"],
        &["doctor"],
        &["watch", "--count", "2", "-n", "0.1", "pwd"],
        &["dfsd", "status"],
        &["--dry-run", "mkdir", "/x"],
        &["--dry-run", "-c", "mkdir /x > y; mkdir /after"],
        &["-c", "ls /; mkdir /after"],
        &["-c", " -ls /; mkdir /after"],
        &["-k", "-c", "ls / /none; mkdir /after"],
    ];
    let mut wrong = Vec::new();
    for args in cases {
        let said = unread(cluster.shell_command(), args);
        let is_silent = said.stderr.is_empty() || args.iter().any(|word| word.contains("/none"));
        if said.code != 141 || !is_silent {
            wrong.push(format!("{args:?}: {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(cluster.ok(&["ls", "/"]), "d\n");
    // In a script the local command at the other end of a pipe may end when it likes.
    let said = cluster.shell(&["-c", "ls / | true; echo on"]);
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (0, "on\n", ""));
    let said = cluster.shell(&["-c", "ls /none | true; echo never"]);
    assert_eq!((said.code, said.stdout.as_str()), (1, ""), "{said:?}");
}

#[test]
fn output_that_is_lost_is_an_error() {
    let cluster = Cluster::start(Spec::default());
    let scratch = cluster.scratch();
    std::fs::write(scratch.join("a"), "a\n").expect("written");
    std::fs::write(scratch.join("b"), "b\n").expect("written");
    let a = scratch.join("a").display().to_string();
    cluster.ok(&["put", &a, &scratch.join("b").display().to_string(), "/"]);
    let cases: &[&[&str]] = &[
        &["doctor"],
        &["cmp", &a, "/b"],
        &["ls", "/", "/none"],
        &["ls", "/"],
        &["cat", "/a"],
        &["--version"],
        &["--json", "cmp", &a, "/b"],
        &["-c", " -doctor"],
        &["dfsd", "status"],
    ];
    let mut wrong = Vec::new();
    for args in cases {
        for (what, said) in [
            ("no space left on device", full(cluster.shell_command(), args)),
            ("standard output is closed", closed(&cluster.shell_command(), args)),
        ] {
            let times = said.stderr.matches(what).count();
            if said.code != i32::from(!args.contains(&" -doctor")) || times != 1 || said.stderr.contains("os error") {
                wrong.push(format!("{args:?}: {said:?}"));
            }
        }
    }
    for args in [&["status"][..], &["status", "--json"], &["config", "show"], &["config", "default"], &["--version"]] {
        for (what, said) in [
            ("dfsd: standard output: no space left on device\n", full(cluster.dfsd_command(), args)),
            ("dfsd: standard output is closed\n", closed(&cluster.dfsd_command(), args)),
        ] {
            if (said.code, said.stderr.as_str()) != (1, what) {
                wrong.push(format!("dfsd {args:?}: {said:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A script may come from a pipe or from standard input, whatever its name is there.
#[test]
fn scripts_are_read_from_pipes() {
    let shell = Alone::new();
    let text = "echo hi $1\n";
    for args in [&["-f", "-", "you"][..], &["-f", "/dev/stdin", "you"]] {
        let said = feed(with(shell.command(), args), text);
        assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (0, "hi you\n", ""), "{args:?}");
    }
    for source in ["source - you", "source /dev/stdin you"] {
        let said = feed(with(shell.command(), &["-c", source]), text);
        assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (0, "hi you\n", ""), "{source}");
    }
    let program = shell.command().get_program().display().to_string();
    for line in
        ["-f <(echo 'echo hi $1') you", "-c 'source $1 you' <(echo 'echo hi $1')", "-f /dev/stdin you <<<'echo hi $1'"]
    {
        let mut bash = Command::new("bash");
        bash.args(["-c", &format!("{program} --no-start {line}")]).env("DFS_HOME", shell.0.path());
        let said = super::scripts::said(bash.current_dir(shell.0.path()).output());
        assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (0, "hi you\n", ""), "{line}");
    }
    // The place of a failure, and a script with an error that is not started.
    let said = feed(with(shell.command(), &["-f", "-"]), "echo a\nlcd /none\n");
    assert_eq!((said.code, said.stdout.as_str()), (1, "a\n"));
    assert!(said.stderr.ends_with("\ndfs-shell: stdin:2: stopped at: lcd /none\n"), "{said:?}");
    let said = feed(with(shell.command(), &["-f", "-"]), "echo a\necho 'open\n");
    assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{said:?}");
    // A file stays one, whatever leads to it.
    shell.write("self.dfs", "source /dev/fd/3\n");
    let mut bash = Command::new("bash");
    bash.args(["-c", &format!("{program} --no-start -f self.dfs 3<self.dfs")]).env("DFS_HOME", shell.0.path());
    let said = super::scripts::said(bash.current_dir(shell.0.path()).output());
    assert!(said.code == 2 && said.stderr.contains("it is being run already"), "{said:?}");
}

fn with(mut command: Command, args: &[&str]) -> Command {
    command.args(args);
    command
}

/// Ctrl-C ends the wait for a script that nobody writes.
#[test]
fn the_wait_for_a_script_ends_at_a_signal() {
    let shell = Alone::new();
    assert!(Command::new("mkfifo").arg(shell.0.path().join("fifo")).status().expect("run mkfifo").success());
    for args in [&["-f", "fifo"][..], &["source", "fifo"]] {
        let child = with(shell.command(), args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("start");
        let pid = rustix::process::Pid::from_child(&child);
        // The program is at the FIFO when its thread sleeps in the open; a signal before would end it as well.
        std::thread::sleep(std::time::Duration::from_millis(300));
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("signal");
        let output = child.wait_with_output().expect("ended");
        assert_eq!(output.status.code(), Some(130), "{args:?}: {output:?}");
    }
}

#[test]
fn the_plain_prompt_has_its_own_line() {
    let cluster = Cluster::start(Spec::default());
    let local = cluster.scratch().join("f");
    std::fs::write(&local, "hello").expect("written");
    cluster.ok(&["put", &local.display().to_string(), "/f"]);
    let mut terminal = Terminal::run_as(cluster.shell_command(), "dumb", 40, 80);
    terminal.see_line("dfs:/> ");
    for (line, output) in [("cat /f", "hello⏎"), ("echo -n hi", "hi⏎"), ("echo clear", "clear"), ("pwd", "/")] {
        terminal.press(&format!("{line}\n"));
        terminal.wait(line, |terminal| terminal.text().ends_with(&format!("dfs:/> {line}\n{output}\ndfs:/>")));
    }
    terminal.press("exit\n");
    assert!(terminal.end().success());
}

#[test]
fn what_is_no_regular_file_is_not_put() {
    let cluster = Cluster::start(Spec::default());
    let scratch = cluster.scratch();
    let at = |name: &str| scratch.join(name).display().to_string();
    assert!(Command::new("mkfifo").arg(at("fifo")).status().expect("run mkfifo").success());
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).expect("bound");
    std::fs::write(at("file"), "x").expect("written");
    let stdin = "put - REMOTE takes what there is, from standard input";
    for (source, what, hint) in [
        (at("socket"), "is a socket, not a regular file", ""),
        ("/dev/null".to_owned(), "is a device, not a regular file", stdin),
        (String::new(), "a path may not be empty", ""),
    ] {
        let hint = if hint.is_empty() { String::new() } else { format!("  hint: {hint}\n") };
        for args in [&["put", &source, "/x"][..], &["put", &source, &at("file"), "/"]] {
            let said = cluster.shell(args);
            assert_eq!(said.code, 1, "{args:?}: {said:?}");
            assert!(said.stderr.starts_with(&format!("put: {source}: {what}\n{hint}")), "{args:?}: {said:?}");
            cluster.shell(&["rm", "/file"]);
        }
    }
    // A FIFO has an end once somebody writes into it, and the wait for that is told.
    let mut put = with(cluster.shell_command(), &["put", &at("fifo"), "/x"]);
    let mut put = put.stderr(Stdio::piped()).spawn().expect("start");
    let mut told = String::new();
    let mut stderr = BufReader::new(put.stderr.take().expect("a pipe"));
    stderr.read_line(&mut told).expect("read");
    assert_eq!(told, format!("put: {}: is a FIFO: what is written into it is read until its end\n", at("fifo")));
    std::fs::write(at("fifo"), "through").expect("written");
    assert!(put.wait().expect("ended").success());
    assert_eq!(cluster.ok(&["cat", "/x"]), "through");
    cluster.ok(&["rm", "/x"]);
    let said = cluster.shell(&["put", "-", &at("file"), "/"]);
    assert_eq!((said.code, said.stderr.lines().count()), (2, 2), "{said:?}");
    assert!(said.stderr.starts_with("put: -: standard input is put alone"), "{said:?}");
    // A file that the kernel makes up announces a page.
    let made_up = "/sys/kernel/mm/transparent_hugepage/enabled";
    if std::fs::metadata(made_up).is_ok_and(|found| found.len() > 0) {
        let said = cluster.shell(&["put", made_up, "/x"]);
        let told = format!("put: {made_up}: has fewer bytes than its size says\n  hint: {stdin}\n");
        assert_eq!((said.code, said.stderr.as_str()), (1, told.as_str()));
    }
}

/// With `--json` whatever is wrong is told as JSON, and nothing is printed as text instead.
#[test]
fn json_is_json_or_an_error() {
    let cluster = Cluster::start(Spec::default());
    for (args, message) in [
        (&["--json", "--timeout", "0", "ls", "/"][..], "invalid value '0' for '--timeout <TIME>'"),
        (&["--json", "-c"], "a value is required for '-c <COMMANDS>'"),
        (&["--json", "--context", "a", "--masters", "b:1", "ls"], "cannot be used with"),
        (&["--json", "dfsd", "up"], "dfsd up prints text"),
        (&["--json", "dfsd", "config", "show"], "dfsd config show prints text"),
        (&["--json", "top", "--once"], "a frame is text"),
    ] {
        let said = cluster.shell(args);
        let error: serde_json::Value = serde_json::from_str(said.stderr.trim()).unwrap_or_default();
        let told = error["error"]["message"].as_str().unwrap_or_default();
        assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{args:?}: {said:?}");
        assert!(told.contains(message) && !error["error"]["hint"].is_null(), "{args:?}: {said:?}");
    }
    let said = cluster.shell(&["--timeout", "0", "echo", "--json"]);
    assert!(said.code == 2 && said.stderr.starts_with("error: "), "{said:?}");
    assert!(cluster.json(&["dfsd", "status"])["daemons"].is_array());
    assert!(cluster.json(&["dfsd", "status", "--json"])["daemons"].is_array());
}

#[test]
fn files_of_settings_that_cannot_be_read_are_told_in_our_words() {
    let shell = Alone::new();
    std::fs::write(shell.0.path().join("bad.toml"), [0xff]).expect("written");
    for (file, what) in
        [(".", "is a directory"), ("bad.toml", "it is not UTF-8"), ("none.toml", "no such file or directory")]
    {
        let said = shell.run(&["--config", file, "ls", "/"]);
        assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{file}: {said:?}");
        assert!(said.stderr.starts_with(&format!("ls: {file}: {what}\n")), "{file}: {said:?}");
    }
}

//! Scripts: the place and message of a failure, nested scripts, plans that are scripts, unusual
//! text.

use dfs_tests::{Cluster, Spec, cluster::Said, programs};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A shell without a cluster, for commands that need none.
pub(super) struct Alone(pub(super) TempDir);

impl Alone {
    pub(super) fn new() -> Self {
        Self(TempDir::with_prefix("dfs-test-").expect("temporary directory"))
    }

    pub(super) fn command(&self) -> Command {
        let mut command = programs::dfs_shell();
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DFS_")) {
            command.env_remove(name);
        }
        command.env("DFS_HOME", self.0.path()).arg("--no-start").current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> Said {
        said(self.command().args(args).output())
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        write(self.0.path(), name, text)
    }
}

fn write(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, text).expect("write a script");
    path
}

pub(super) fn said(output: std::io::Result<Output>) -> Said {
    let output = output.expect("run a program under test");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let code = output.status.code().expect("no signal ended it");
    Said { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn a_script_stops_at_the_first_failure_and_reports_the_place() {
    let shell = Alone::new();
    shell.write("inner.dfs", "echo in\n\n frobnicate  /x # what\necho never\n");
    shell.write("outer.dfs", "echo \"arguments $1 $2\"\nsource inner.dfs\necho never\n");
    let said = shell.run(&["-f", "outer.dfs", "a b", "-c"]);
    assert_eq!((said.code, said.stdout.as_str()), (2, "arguments a b -c\nin\n"));
    let expected = "dfs-shell: frobnicate: no such command\n  hint: help lists the commands\n\
                    dfs-shell: inner.dfs:3: stopped at: frobnicate  /x # what\n\
                    dfs-shell: outer.dfs:2: stopped at: source inner.dfs\n";
    assert_eq!(said.stderr, expected);
    let said = shell.run(&["-k", "-f", "outer.dfs", "a", "b"]);
    assert_eq!((said.code, said.stdout.as_str()), (2, "arguments a b\nin\nnever\nnever\n"));
    let said = shell.run(&["--json", "-f", "outer.dfs", "a", "b"]);
    let error: serde_json::Value = serde_json::from_str(said.stderr.trim()).expect("one error, in JSON");
    assert_eq!((&error["error"]["file"], &error["error"]["line"]), (&"inner.dfs".into(), &3.into()));
    assert_eq!(error["error"]["statement"], "frobnicate  /x # what");
}

#[test]
fn ctrl_c_at_a_local_command_ends_the_script() {
    let shell = Alone::new();
    // The signal is sent to the whole foreground process group, as a terminal does: the local
    // shell, and dfs-shell.
    for command in ["!kill -s INT 0", "echo | kill -s INT 0"] {
        let script = format!("-{command}; echo never");
        let said = said(shell.command().process_group(0).args(["-k", "-c", &script]).output());
        assert_eq!((said.code, said.stdout.as_str()), (130, ""), "{command}: {}", said.stderr);
        assert!(said.stderr.contains(": the local command ended with signal: 2"), "{command}: {}", said.stderr);
    }
}

#[test]
fn a_sourced_script_has_its_own_arguments_and_keeps_its_variables() {
    let shell = Alone::new();
    shell.write("inner.dfs", "echo $1\nset colour=red\n");
    let said =
        shell.run(&["-c", "source inner.dfs one > out.txt; echo $colour; source inner.dfs two | tr a-z A-Z", "x"]);
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (0, "red\nTWO\n", ""));
    assert_eq!(std::fs::read_to_string(shell.0.path().join("out.txt")).expect("written"), "one\n");
    shell.write("outer.dfs", "source inner.dfs\nsource inner.dfs other\necho $1\n");
    assert_eq!(shell.run(&["-f", "outer.dfs", "mine"]).stdout, "mine\nother\nmine\n");
    shell.write("leave.dfs", "exit 7\n");
    assert_eq!(shell.run(&["-c", "source leave.dfs; echo never"]).code, 7);
}

#[test]
fn recursion_and_depth_are_refused() {
    let shell = Alone::new();
    shell.write("a.dfs", "source b.dfs\n");
    shell.write("b.dfs", "source ./a.dfs\n");
    let said = shell.run(&["-f", "a.dfs"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.stderr.starts_with("source: ./a.dfs: it is being run already: "), "{said:?}");
    for depth in 0..20 {
        shell.write(&format!("{depth}.dfs"), &format!("source {}.dfs\n", depth + 1));
    }
    let said = shell.run(&["-f", "0.dfs"]);
    assert!(said.code == 2 && said.stderr.contains("16 deep"), "{said:?}");
    for (file, code) in [("none.dfs", 1), (".", 1)] {
        let said = shell.run(&["-f", file]);
        assert!(said.code == code && said.stderr.contains(file), "{said:?}");
    }
}

/// Commands that run commands are nested to a bound, in a time that grows with the length of the line.
#[test]
fn nesting_has_a_bound() {
    let shell = Alone::new();
    for (prefix, count) in [("time ", 1_000), ("watch --count 1 ", 1_000), ("time ", 100_000), ("time -- ", 100_000)] {
        let line = prefix.repeat(count) + "echo a\n";
        shell.write("deep.dfs", &line);
        for said in [shell.run(&["-f", "deep.dfs"]), feed(shell.command(), &line)] {
            assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{prefix:?}: {said:?}");
            let lines: Vec<&str> = said.stderr.lines().collect();
            let told = lines[0].contains(": nested too deep: commands run commands 40 deep at most");
            assert!(told && lines.len() == 2, "{prefix:?}: {said:?}");
        }
    }
    let words = [vec!["time"; 1_000], vec!["echo", "a"]].concat();
    let said = shell.run(&words);
    assert!(said.code == 2 && said.stderr.contains(": nested too deep: "), "{said:?}");
    for line in ["time ".repeat(39) + "echo a", "watch --count 1 ".repeat(39) + "echo a"] {
        let said = shell.run(&["-c", &line]);
        assert_eq!((said.code, said.stdout.as_str()), (0, "a\n"), "{said:?}");
        // A job has a smaller stack.
        let said = shell.run(&["-c", &format!("{line} & wait; jobs")]);
        assert_eq!(said.code, 0, "{said:?}");
    }
    // Scripts and commands within one another count together.
    for depth in 0..16 {
        shell.write(&format!("{depth}.dfs"), &format!("{}source {}.dfs\n", "time ".repeat(10), depth + 1));
    }
    let said = shell.run(&["-f", "0.dfs"]);
    assert!(said.code == 2 && said.stderr.contains(": nested too deep: "), "{said:?}");
    assert!(!said.stderr.contains("6.dfs"), "{said:?}");
    // Neither does a script end that runs itself in the background.
    shell.write("self.dfs", "source self.dfs &\nwait\n");
    let said = shell.run(&["-f", "self.dfs"]);
    assert!(said.code == 2 && said.stderr.contains("it is being run already"), "{said:?}");
}

#[test]
fn invalid_text_is_refused_in_one_line() {
    let shell = Alone::new();
    for (text, what) in [
        ("echo 'open", "-c:1: a ' is not closed"),
        ("echo\necho \"open", "-c:2: a \" is not closed"),
        ("echo $nothing", "$nothing is not set"),
        ("echo > ", "a local file must stand behind >"),
        ("echo a && echo b", "there is no &&; "),
        ("echo a || echo b", "there is no ||; "),
        ("ls /none 2>/dev/null", "only standard output can be redirected"),
        ("ls /none 2>> x", "only standard output can be redirected"),
        ("\u{1}\u{2}", "\\u{1}\\u{2}"),
    ] {
        let said = shell.run(&["-c", text]);
        assert!(said.code == 2 && said.stderr.contains(what), "{text:?}: {said:?}");
    }
    // A line of more than a megabyte is printed completely as data, and shortened in an error.
    let long = "x".repeat(3 << 20);
    let said = feed(shell.command(), &format!("echo {long}\n"));
    assert_eq!((said.code, said.stdout.len()), (0, long.len() + 1));
    let said = feed(shell.command(), &format!("{long} y\n"));
    assert_eq!(said.code, 2);
    assert!(said.stderr.len() < 20_000, "{} bytes of error", said.stderr.len());
}

#[test]
fn an_argument_that_was_not_given_is_told_so() {
    let shell = Alone::new();
    let file = shell.write("one.dfs", "echo $1\n");
    for args in [&["-f", file.to_str().expect("UTF-8")][..], &["-c", "echo $1"], &["-c", "echo ${2}", "only"]] {
        let said = shell.run(args);
        assert_eq!(said.code, 2, "{args:?}: {said:?}");
        let hint = "\n  hint: arguments of a script follow its name: dfs-shell -f FILE ARG…\n";
        assert!(said.stderr.contains(hint), "{args:?}: {said:?}");
    }
    let said = shell.run(&["-c", "echo $name"]);
    assert!(said.stderr.contains("\n  hint: set NAME=VALUE sets a variable"), "{said:?}");
}

#[test]
fn a_mark_of_byte_order_at_the_beginning_is_no_text() {
    let shell = Alone::new();
    shell.write("bom.dfs", "\u{feff}echo one\n");
    shell.write("outer.dfs", "source bom.dfs\n");
    for args in [&["-f", "bom.dfs"][..], &["-f", "outer.dfs"], &["-c", "\u{feff}echo one"]] {
        let said = shell.run(args);
        assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (0, "one\n", ""), "{args:?}");
    }
    let said = feed(shell.command(), "\u{feff}echo one\necho two\n");
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (0, "one\ntwo\n", ""));
}

#[test]
fn a_closed_standard_output_is_an_error() {
    let shell = Alone::new();
    let program = shell.command().get_program().display().to_string();
    let run = |line: &str| {
        let mut bash = Command::new("bash");
        bash.args(["-c", &format!("{program} --no-start {line}")]);
        said(bash.env("DFS_HOME", shell.0.path()).current_dir(shell.0.path()).output())
    };
    for line in ["help", "pwd", "--json pwd", "config show", "version", "-c 'echo a; echo b'", "--help", "--version"] {
        let said = run(&format!("{line} >&-"));
        assert_eq!(said.code, 1, "{line}: {said:?}");
        assert!(said.stderr.contains("standard output is closed"), "{line}: {said:?}");
    }
    // What has nothing to write does not need it.
    assert_eq!(run("-c 'set a=b; sleep 1ms' >&-").code, 0);
    // No file that is opened later takes its place.
    let said = run("-c 'echo kept > file.txt; echo lost' >&- <&-");
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(std::fs::read_to_string(shell.0.path().join("file.txt")).expect("written"), "kept\n");
}

/// Links to directories are names like others to `**`, and a walk that takes long ends at the first signal.
#[test]
fn a_walk_of_local_directories_ends() {
    let cluster = Cluster::start(Spec::default());
    let directory = cluster.scratch().join("tree");
    std::fs::create_dir_all(directory.join("d")).expect("make");
    write(&directory, "d/x", "");
    for link in ["one", "two", "d/three"] {
        std::os::unix::fs::symlink(".", directory.join(link)).expect("link");
    }
    let tree = directory.to_str().expect("UTF-8");
    let found = cluster.shell(&["-c", &format!("put {tree}/**/x /")]);
    assert_eq!(found.code, 0, "{found:?}");
    assert_eq!(cluster.ok(&["ls", "/"]), "x\n");
    // Each step of this pattern goes on at every depth below: more steps than anybody waits for.
    let deep = cluster.scratch().join("deep");
    std::fs::create_dir_all(deep.join("d/".repeat(300))).expect("make");
    let pattern = format!("put {}/**/*/**/*/**/*/**/*/**/none /", deep.display());
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let mut command = cluster.shell_command();
        command.args(["-v", "-c", &pattern]).stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().expect("start");
        let mut told = std::io::BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        std::io::BufRead::read_line(&mut told, &mut line).expect("read");
        assert!(line.starts_with("+ put "), "{line}");
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert!(child.try_wait().expect("look").is_none(), "the pattern was put out at once");
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, signal).expect("signal");
        let start = std::time::Instant::now();
        let ended = loop {
            match child.try_wait().expect("look") {
                Some(status) => break status,
                None if start.elapsed() > std::time::Duration::from_secs(5) => {
                    child.kill().expect("kill");
                    child.wait().expect("wait");
                    panic!("{signal:?} did not end it");
                }
                None => std::thread::sleep(std::time::Duration::from_millis(20)),
            }
        };
        assert_eq!(ended.code(), Some(130), "{signal:?}");
    }
}

/// A statement of a script that is read from standard input may go on in the next line.
#[test]
fn statements_of_standard_input_go_on() {
    let shell = Alone::new();
    for (text, output) in [
        ("echo one\\\ntwo\n", "onetwo\n"),
        ("echo one \\\r\n two\r\n", "one two\n"),
        ("echo 'one\ntwo'\n", "one\ntwo\n"),
        ("echo one |\ncat\n", "one\n"),
        ("# no \\\necho one\n", "one\n"),
    ] {
        let said = feed(shell.command(), text);
        assert_eq!((said.code, said.stdout.as_str()), (0, output), "{text}: {said:?}");
    }
}

pub(super) fn feed(mut command: Command, text: &str) -> Said {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start");
    let mut stdin = child.stdin.take().expect("a pipe");
    let text = text.to_owned();
    let feeder = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let said = said(child.wait_with_output());
    feeder.join().expect("fed").expect("written");
    said
}

#[test]
fn a_script_ends_silently_when_its_reader_exits() {
    let shell = Alone::new();
    let line = format!("echo {}\n", "y".repeat(1 << 20));
    shell.write("much.dfs", &line.repeat(8));
    for text in ["-f much.dfs", "-c 'source much.dfs'"] {
        let program = shell.command();
        let script =
            format!("{} --no-start {text} | head -c 10; exit ${{PIPESTATUS[0]}}", program.get_program().display());
        let mut bash = Command::new("bash");
        bash.args(["-c", &script]).env("DFS_HOME", shell.0.path()).current_dir(shell.0.path());
        let said = said(bash.output());
        assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (141, "yyyyyyyyyy", ""), "{text}");
    }
    assert_eq!(shell.run(&["-c", "source much.dfs | head -c 3; echo on"]).stdout, "yyyon\n");
}

#[test]
fn watch_and_time_run_other_commands() {
    let shell = Alone::new();
    let said = shell.run(&["-c", "watch -n 0.1 --count 3 echo tick"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, "tick\ntick\ntick\n"));
    let said = shell.run(&["watch", "frobnicate"]);
    assert_eq!(said.code, 2, "{said:?}");
    let said = shell.run(&["-c", "time echo -n a; time echo b > b.txt"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, "a"));
    assert!(said.stderr.lines().count() == 2 && said.stderr.ends_with(" s\n"), "{said:?}");
    assert_eq!(std::fs::read_to_string(shell.0.path().join("b.txt")).expect("written"), "b\n");
    // A command that fails inside is reported under its own name, and its exit code is used.
    let said = shell.run(&["time", "lcd", "/no/such/directory"]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.starts_with("lcd: /no/such/directory: no such file or directory\n"), "{said:?}");
}

#[test]
fn a_plan_is_an_equivalent_script() {
    let cluster = Cluster::start(Spec::default());
    let directory = cluster.scratch();
    cluster.ok(&["mkdir", "-p", "/data/old one/below", "/data/keep"]);
    let script = "cd /data
        set name=new
        mkdir -p $name/a '$name/b c'
        mv keep $name/kept
        -rm /data/none
        rm -r --yes 'old one'
        cd $name
        mkdir here
        ls > listed.txt
        !echo local > local.txt
        sleep 0.01
        @echo done\n";
    let path = write(&directory, "script.dfs", script);
    let path = path.to_str().expect("UTF-8");
    let before = cluster.ok(&["ls", "-R", "/"]);
    let plan = cluster.ok(&["--dry-run", "-f", path]);
    assert_eq!(cluster.ok(&["ls", "-R", "/"]), before, "a dry run changed something:\n{plan}");
    assert!(!cluster.home().join("listed.txt").exists() && !cluster.home().join("local.txt").exists());
    let plan: String = plan.lines().filter(|line| *line != "done").map(|line| format!("{line}\n")).collect();
    let expected = "cd /data
set name=new
mkdir -p /data/new/a
mkdir -p '/data/$name/b c'
mv /data/keep /data/new/kept
rm -r --yes '/data/old one'
cd /data/new
mkdir /data/new/here
ls > listed.txt
!echo local > local.txt
sleep 10ms
";
    assert_eq!(plan, expected);
    let plan = write(&directory, "plan.dfs", &plan);
    // The plan, and the script on another copy of the same tree, have the same result.
    cluster.ok(&["-f", plan.to_str().expect("UTF-8")]);
    let planned = cluster.ok(&["ls", "-R", "/data"]);
    cluster.ok(&["rm", "-r", "--yes", "/data"]);
    cluster.ok(&["mkdir", "-p", "/data/old one/below", "/data/keep"]);
    cluster.ok(&["-f", path]);
    assert_eq!(cluster.ok(&["ls", "-R", "/data"]), planned);
    assert_eq!(std::fs::read_to_string(cluster.home().join("local.txt")).expect("written"), "local\n");
    patterns_reach_the_command_within(&cluster);
}

fn patterns_reach_the_command_within(cluster: &Cluster) {
    cluster.ok(&["mkdir", "/p", "/p/one", "/p/two"]);
    let said = cluster.shell(&["-c", "time ls -d /p/*"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, "/p/one\n/p/two\n"));
}

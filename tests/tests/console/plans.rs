//! What `--dry-run` plans, for every command that changes something: no flag that was given is lost.

use dfs_shell::command::{Command, Parsed};
use dfs_shell::commands::COMMANDS;
use dfs_shell::lang::{Action, Scope, parse};
use dfs_tests::{Cluster, Spec};
use std::ffi::OsString;

/// A line, and its plan.
const LINES: &[(&str, &str)] = &[
    (
        "put -f -p --rep 2 --chunk-size 16MiB -j 3 one.txt /d",
        "put -f -p --rep 2 --chunk-size 16MiB -j 3 one.txt /d/one.txt",
    ),
    ("put -r -f tree /d", "mkdir -p /d/tree\nput -r -f tree/x /d/tree/x"),
    ("put -r --update tree /d/", "mkdir -p /d/tree\nput -r -u tree/x /d/tree/x"),
    ("put -f --rep 2 - /d/a", "put -f --rep 2 - /d/a"),
    ("put -f -- -dash /d", "put -f -- -dash /d/-dash"),
    ("time put -f one.txt /d", "put -f one.txt /d/one.txt"),
    ("watch --count 2 touch -c /d/a", "touch -c /d/a"),
    ("get -f -p -j 2 /d/* .", "get -f -p -j 2 /d/a ./a\nget -f -p -j 2 /d/b ./b"),
    ("get -r -c /d back", "!mkdir -p back\nget -r -c /d/a back/a\nget -r -c /d/b back/b"),
    ("getrange -f /d/a 0 1KiB piece", "getrange -f /d/a 0 1024 piece"),
    ("setrep -R -w 2 /d", "setrep -R -w 2 /d"),
    ("rm -r -f --yes /d", "rm -r -f --yes /d"),
    ("rm -r /d", "rm -r --yes /d"),
    ("rm -f /d/a /d/none", "rm -f /d/a"),
    ("mkdir -p new/below", "mkdir -p /new/below"),
    ("mv -f d/a d/b /e", "mv -f /d/a /d/b /e"),
    ("cp -r -f /d /e/", "cp -r -f /d /e/"),
    ("touch -c /d/*", "touch -c /d/a\ntouch -c /d/b"),
    ("chmod -R go-w /d", "chmod -R go-w /d"),
    ("chmod -x /d/a", "chmod -x /d/a"),
    ("chown -R ann:staff /d", "chown -R ann:staff /d"),
    ("attr set /d/a user.x 'a b'", "attr set /d/a user.x 'a b'"),
    ("attr remove /d/a user.x", "attr remove /d/a user.x"),
    ("node drain --yes --wait datanode-2", "node drain --wait --yes datanode-2"),
    ("node drain datanode-2", "node drain --yes datanode-2"),
    ("node resume datanode-2", "node resume datanode-2"),
    ("safemode enter --reason 'new racks'", "safemode enter --reason 'new racks'"),
    ("safemode leave", "safemode leave"),
    ("context add office --masters a:1 --credential me.pem", "context add --masters a:1 --credential me.pem office"),
    ("context use --keep local", "context use --keep local"),
    ("dfsd up --datanodes 5", "dfsd up --datanodes 5"),
    (
        "top --once --record a.rec -f --view nodes --size 80x24 --ansi --read-only --theme dark --refresh 1s --no-mouse",
        "top --once --view nodes --size 80x24 --ansi --read-only --theme dark --refresh 1s --no-mouse --record a.rec -f",
    ),
];
/// Commands that have no plan: they measure.
const UNPLANNED: [&str; 1] = ["bench"];
/// Flags with which the command changes nothing.
const LOOKING: [(&str, &str); 2] = [("top", "replay"), ("top", "at")];
/// A flag that a plan may have more: it was asked for by planning.
const ADDED: &str = "yes";

#[test]
fn a_plan_has_every_flag_that_was_given() {
    let cluster = Cluster::start(Spec::default().datanodes(4));
    for file in ["one.txt", "tree/x", "-dash"] {
        let path = cluster.home().join(file);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("make");
        std::fs::write(path, "text").expect("write");
    }
    std::fs::copy(cluster.credential(), cluster.home().join("me.pem")).expect("copy");
    cluster.ok(&["mkdir", "/d", "/e"]);
    cluster.ok(&["put", "one.txt", "/d/a"]);
    cluster.ok(&["put", "one.txt", "/d/b"]);
    let before = cluster.ok(&["ls", "-lR", "/"]);
    let mut wrong = Vec::new();
    for (line, expected) in LINES {
        let said = cluster.shell(&["--dry-run", "-c", line]);
        let plan: Vec<&str> = said.stdout.lines().collect();
        if said.code != 0 || plan != expected.lines().collect::<Vec<_>>() {
            wrong.push(format!("{line}: {said:?}"));
        }
        let given = flags(line);
        let same = plan.iter().filter_map(|planned| flags(planned)).filter(|planned| Some(planned.0) == name(&given));
        for planned in same {
            let kept = |(flag, _): &&Flag| flag != ADDED || given.as_ref().is_some_and(|given| has(&given.1, ADDED));
            let kept: Vec<&Flag> = planned.1.iter().filter(kept).collect();
            if given.as_ref().is_none_or(|given| given.1.iter().collect::<Vec<_>>() != kept) {
                wrong.push(format!("{line}: the plan has other flags: {plan:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(cluster.ok(&["ls", "-lR", "/"]), before);
}

/// The table above has every command that changes something, with every flag.
#[test]
fn every_flag_of_every_command_is_planned() {
    let planned: Vec<_> = LINES.iter().filter_map(|(line, _)| flags(line)).collect();
    for command in COMMANDS.iter().filter(|command| changes(command) && !UNPLANNED.contains(&command.name)) {
        let of_it: Vec<_> = planned.iter().filter(|(name, _)| *name == command.name).collect();
        assert!(!of_it.is_empty(), "{} has no line in the table", command.name);
        let definition = command.definition();
        let flags = definition.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set());
        for flag in flags.map(|arg| arg.get_id().as_str()).filter(|flag| *flag != "help") {
            let known = LOOKING.contains(&(command.name, flag)) || of_it.iter().any(|(_, flags)| has(flags, flag));
            assert!(known, "{} has no line with {flag}", command.name);
        }
    }
}

fn changes(command: &Command) -> bool {
    command.examples.iter().any(|(line, _)| {
        let words = words(line);
        let Some((name, arguments)) = words.split_first().filter(|(name, _)| *name == command.name) else {
            return false;
        };
        let arguments = arguments.iter().map(OsString::from).collect();
        let command = COMMANDS.named(name).expect("there");
        matches!(command.parse(arguments), Ok(Parsed::Arguments(matches)) if command.changes(&matches))
    })
}

/// A flag by its id, and its values.
type Flag = (String, Vec<OsString>);

fn name(line: &Option<(&'static str, Vec<Flag>)>) -> Option<&'static str> {
    line.as_ref().map(|(name, _)| *name)
}

fn has(flags: &[Flag], id: &str) -> bool {
    flags.iter().any(|(flag, _)| flag == id)
}

/// The command of a line and the flags that it is given, as they are parsed; none for a local command.
fn flags(line: &str) -> Option<(&'static str, Vec<Flag>)> {
    use clap::parser::ValueSource;
    let mut words = words(line);
    // A command that runs another is not planned, but that one.
    let runs = words
        .iter()
        .position(|word| word == "put" || word == "touch")
        .filter(|_| words.first().is_some_and(|first| first == "time" || first == "watch"));
    words.drain(..runs.unwrap_or(0));
    let command = COMMANDS.named(words.first()?).expect(line);
    let arguments = words.iter().skip(1).map(OsString::from).collect();
    let Parsed::Arguments(matches) = command.parse(arguments).expect(line) else { panic!("{line}") };
    let definition = command.definition();
    let given = definition.get_arguments().filter(|arg| !arg.is_positional());
    let given = given.filter(|arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine));
    let flag = |arg: &clap::Arg| {
        let id = arg.get_id().as_str();
        let values = matches.get_raw(id).into_iter().flatten().map(OsString::from).collect();
        (id.to_owned(), values)
    };
    Some((command.name, given.map(flag).collect()))
}

/// The words of a line; none of a local command.
fn words(line: &str) -> Vec<String> {
    let scope = Scope::default();
    let Some(Action::Command { words, .. }) = parse(line).expect(line).into_iter().next().map(|line| line.action)
    else {
        return Vec::new();
    };
    words.iter().flat_map(|word| scope.expand(word).expect(line)).map(|text| text.plain()).collect()
}

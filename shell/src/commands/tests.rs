//! Checks the descriptions of all commands.

use super::COMMANDS;
use crate::command::{ELSEWHERE, Elsewhere, Kind, Meaning, Parsed};
use crate::lang::{Action, Scope, parse};
use clap::ArgMatches;
use dfs_types::ErrorCode;
use std::ffi::OsString;

#[test]
fn every_definition_is_sound_and_every_name_is_there_once() {
    let mut names = std::collections::BTreeSet::new();
    for command in COMMANDS.iter() {
        command.definition().debug_assert();
        assert!(names.insert(command.name), "{}", command.name);
        assert!(!command.about.is_empty() && !command.about.ends_with('.'), "{}", command.name);
        assert!(!command.examples.is_empty(), "{} has no example", command.name);
    }
}

#[test]
fn every_example_parses() {
    let mut scope = Scope::new(vec!["one".into(), "two".into()]);
    scope.set("day", "monday");
    for (line, _) in COMMANDS.iter().flat_map(|command| command.examples) {
        for statement in parse(line).expect(line) {
            let Action::Command { words, .. } = statement.action else { continue };
            let texts: Vec<_> = words.iter().flat_map(|word| scope.expand(word).expect(line)).collect();
            let mut plain = texts.iter().map(|text| text.plain());
            let command = COMMANDS.find(&[plain.next().expect("a word")]).expect(line);
            command.parse(plain.map(OsString::from).collect()).expect(line);
        }
    }
}

#[test]
fn what_changes_something_says_so() {
    const ALWAYS: [&str; 10] = ["bench", "chmod", "chown", "cp", "mkdir", "mv", "put", "rm", "setrep", "touch"];
    let by_arguments = [
        ("get /a .", true),
        ("get /a -", false),
        ("getrange /a 0 1 piece", true),
        ("getrange /a 0 1 -", false),
        ("getrange /a 0 1", false),
        ("attr list /a", false),
        ("attr get /a user.x", false),
        ("attr set /a user.x 1", true),
        ("attr remove /a user.x", true),
        ("node show datanode-2", false),
        ("node drain datanode-2", true),
        ("node resume datanode-2", true),
        ("node forget datanode-2", true),
        ("dfsd status", false),
        ("dfsd stop datanode-1", true),
        ("context", false),
        ("context list", false),
        ("context use office", false),
        ("context use --keep office", true),
        ("context add office --masters a:1", true),
        ("context remove office", true),
        ("safemode get", false),
        ("safemode enter", true),
        ("safemode leave", true),
        ("top", false),
        ("top --once --replay x", false),
        ("top --record x", true),
    ];
    let changes = |line: &str| {
        let mut words = line.split(' ');
        let command = COMMANDS.find(&[words.next().expect("a name")]).expect(line);
        match command.parse(words.map(OsString::from).collect()).expect(line) {
            Parsed::Arguments(matches) => command.changes(&matches),
            Parsed::Help => panic!("{line}"),
        }
    };
    for (line, expected) in by_arguments {
        assert_eq!(changes(line), expected, "{line}");
    }
    let is_of = |line: &str, name: &str| line.split(' ').next() == Some(name);
    for command in COMMANDS.iter().filter(|command| !by_arguments.iter().any(|(line, _)| is_of(line, command.name))) {
        // Without arguments: the effect of these commands does not depend on them.
        assert_eq!(command.changes(&ArgMatches::default()), ALWAYS.contains(&command.name), "{}", command.name);
    }
}

#[test]
fn what_is_wrong_is_said_in_one_line_and_a_hint() {
    let ls = COMMANDS.named("ls").expect("there");
    let error = ls.parse(vec!["--frobnicate".into()]).expect_err("no such flag");
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::Usage, "--frobnicate: no such flag"));
    assert!(error.hint.is_some());
    let put = COMMANDS.named("put").expect("there");
    let error = put.parse(Vec::new()).expect_err("nothing to put");
    assert!(error.message.contains('<') && error.hint.is_some_and(|hint| hint.starts_with("usage: put")));
    assert!(put.parse(vec!["a".into()]).is_ok(), "into the working directory");
    let cp = COMMANDS.named("cp").expect("there");
    let cp_one = cp.parse(vec!["a".into()]).expect_err("where to?");
    assert_eq!(cp_one.message, "too few arguments");
    let near = put.parse(vec!["--jbos".into()]).expect_err("no such flag");
    assert!(near.message.starts_with("--jbos"), "{near:?}");
}

#[test]
fn what_is_called_so_elsewhere_is_not_called_so_here() {
    let mut known = std::collections::BTreeSet::new();
    for Elsewhere { names, ours, .. } in ELSEWHERE {
        for name in *names {
            assert!(COMMANDS.named(name).is_none() && known.insert(name.to_lowercase()), "{name}");
        }
        assert!(ours.iter().all(|name| COMMANDS.named(name).is_some()), "{ours:?}");
    }
}

#[test]
fn slips_of_the_finger() {
    assert_eq!(COMMANDS.nearest("mkdri"), Some("mkdir"));
    assert_eq!(COMMANDS.nearest("statsu"), Some("status"));
    assert_eq!(COMMANDS.nearest("lsl"), Some("ls"));
    for other in ["frobnicate", "mount", "nosuch", "hdfs"] {
        assert_eq!(COMMANDS.nearest(other), None, "{other}");
    }
    assert_eq!(COMMANDS.find(&["quit"]).expect_err("unknown").hint.as_deref(), Some("exit leaves"));
    let json = COMMANDS.named("ls").expect("there").parse(vec!["--json".into()]).expect_err("not here");
    let before = "it is an option of the program, and stands before the command: dfs-shell";
    assert_eq!(json.hint, Some(format!("{before} --json ls")));
    let timed = COMMANDS.named("df").expect("there");
    for (line, expected) in [("-h --timeout 3s /a", "--timeout 3s df -h /a"), ("--timeout=3s", "--timeout=3s df")] {
        let error = timed.parse(line.split(' ').map(OsString::from).collect()).expect_err("not here");
        assert_eq!(error.hint, Some(format!("{before} {expected}")));
    }
    let rm = COMMANDS.named("rm").expect("there").parse(vec!["-ry".into(), "/a".into()]).expect_err("no -y");
    assert_eq!((rm.message.as_str(), rm.hint.as_deref()), ("-y: no such flag", Some("did you mean --yes?")));
    let again = COMMANDS.find(&["dfs-shell", "--json", "df"]).expect_err("it runs already");
    let hint = "this is dfs-shell already; with ! before it the line starts another one: !dfs-shell --json df";
    assert_eq!(again.hint.as_deref(), Some(hint));
    assert_eq!(COMMANDS.find(&["sl"]).expect_err("unknown").hint.as_deref(), Some("did you mean ls?"));
}

#[test]
fn meaning_by_place() {
    let put = Meaning { first: &[], rest: Kind::Local, last: Some(Kind::Remote) };
    assert_eq!(
        [put.kind(0, 1), put.kind(0, 3), put.kind(1, 3), put.kind(2, 3)],
        [Kind::Local, Kind::Local, Kind::Local, Kind::Remote]
    );
    let getrange = Meaning { first: &[Kind::Remote, Kind::Plain, Kind::Plain], rest: Kind::Local, last: None };
    assert_eq!(getrange.kind(1, 4), Kind::Plain);
    assert_eq!(getrange.kind(3, 4), Kind::Local);
}

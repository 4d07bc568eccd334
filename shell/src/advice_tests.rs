//! Every hint names commands and flags that exist: those that are derived from the data of an error,
//! those for names of other tools, and those that stand in the sources.

use crate::base::advice::advice;
use crate::command::ELSEWHERE;
use crate::typed_tests::check_sentence;
use dfs_types::{DatanodeId, Detail, Error, ErrorCode, Leader, MasterId, NoRoom, RoomFor, TooFewDatanodes};
use std::path::{Path, PathBuf};

/// The crates whose errors have hints.
const CRATES: [&str; 5] = ["shell", "daemon", "client", "diagnosis", "tui"];
/// The placeholder in the sources for what the program inserts.
const INSERTED: [(&str, &str); 10] = [
    ("", "datanode-1"),
    ("id", "datanode-1"),
    ("node", "datanode-1"),
    ("last", "datanode-1"),
    ("first", "datanode-1"),
    ("replicas", "4"),
    ("nodes", "3"),
    ("enough", "4"),
    ("more", "4"),
    ("merge", "cp -r -f /a /b"),
];

/// Every detail of an error, in every form that has advice of its own. A new one belongs here: the
/// `match` does not compile without it.
fn details() -> Vec<Detail> {
    let (text, of) = (String::new, |of| Detail::NoRoom(NoRoom { of, unfinished: None }));
    let few = |coming, ahead| {
        let few = TooFewDatanodes { replication: 3, needed: 3, live: 2, coming, excluded: 0, ahead };
        Detail::TooFewDatanodes(few)
    };
    let known = |detail: &Detail| match detail {
        Detail::NotLeader { .. } | Detail::SafeMode { .. } | Detail::SafeModeHeld { .. } | Detail::NotSetUp => {}
        Detail::MasterDiskFull | Detail::WriteGivenUp | Detail::TooManyWrites { .. } | Detail::BadUserName => {}
        Detail::TooManyChunks { .. } | Detail::CommitTooLarge { .. } | Detail::TooFewDatanodes(_) => {}
        Detail::NoRoom(_) | Detail::UnknownDatanode | Detail::NotDead { .. } | Detail::UnnamedChunk => {}
        Detail::DrainLeavesTooFew { .. } | Detail::DrainLeavesNoRoom { .. } | Detail::PartName => {}
        Detail::MastersUnreachable { .. } | Detail::LocalExists | Detail::LocalDiskFull { .. } => {}
        Detail::CapabilityExpired { .. } => {}
    };
    let leader = Leader { id: MasterId(2), address: "a:1".into() };
    let file = RoomFor::File { bytes: 1, replicas: 3, room: 0, free: 0, used: 0, kept_back: 0, datanodes: 3 };
    let all = vec![
        Detail::NotLeader { leader: None },
        Detail::NotLeader { leader: Some(leader) },
        Detail::SafeMode { reason: text() },
        Detail::SafeModeHeld { by: text(), reason: text() },
        Detail::NotSetUp,
        Detail::MasterDiskFull,
        Detail::WriteGivenUp,
        Detail::TooManyWrites { limit: text() },
        Detail::BadUserName,
        Detail::TooManyChunks { max: 1, chunk_size: 1 },
        Detail::CommitTooLarge { chunks: 1 },
        few(Some(1), Vec::new()),
        few(None, vec![DatanodeId(1)]),
        few(None, Vec::new()),
        of(RoomFor::Chunk { bytes: 1, needed: 3 }),
        of(file),
        Detail::UnknownDatanode,
        Detail::NotDead { live: true },
        Detail::NotDead { live: false },
        Detail::DrainLeavesTooFew { left: 2, wanted: 3, all: 3 },
        Detail::DrainLeavesNoRoom { held: 1, free: 0, left: 2, all: 3 },
        Detail::UnnamedChunk,
        Detail::MastersUnreachable { last: text(), attempts: 1, limit_ms: 1 },
        Detail::LocalExists,
        Detail::LocalDiskFull { system: text(), part_kept: true },
        Detail::LocalDiskFull { system: text(), part_kept: false },
        Detail::PartName,
        Detail::CapabilityExpired { node: DatanodeId(1) },
    ];
    all.iter().for_each(known);
    all
}

#[test]
fn the_advice_for_every_error_names_commands_that_exist() {
    let errors = details().into_iter().map(|detail| Error::of(ErrorCode::Internal, detail));
    let plain = Error::new(ErrorCode::NotEmpty, "is not empty");
    let hints: Vec<String> = errors.chain([plain]).filter_map(|error| advice(&error)).collect();
    let wrong: Vec<String> = hints.iter().filter_map(|hint| check_sentence(hint).err()).collect();
    assert!(hints.len() > 25 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_advice_for_names_of_other_tools_names_commands_that_exist() {
    let wrong: Vec<String> = ELSEWHERE.iter().filter_map(|known| check_sentence(known.hint).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_hint_in_the_sources_names_commands_that_exist() {
    let mut files = Vec::new();
    CRATES.iter().for_each(|name| sources(&root().join(name).join("src"), &mut files));
    let mut hints = Vec::new();
    for file in &files {
        let source = std::fs::read_to_string(file).expect("readable");
        let source = source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
        hints.extend(hints_of(&source));
        if file.components().any(|part| part.as_os_str() == "doctor") {
            hints.extend(literals(&source));
        }
    }
    let wrong: Vec<String> = hints.iter().filter_map(|hint| check_sentence(&filled(hint)).err()).collect();
    assert!(hints.len() > 80 && wrong.is_empty(), "{} hints:\n{}", hints.len(), wrong.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(directory: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("the sources are there") {
        let path = entry.expect("readable").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match path.is_dir() {
            true if name != "tests" => sources(&path, all),
            false if name.ends_with(".rs") && !name.ends_with("tests.rs") => all.push(path),
            _ => {}
        }
    }
}

/// Returns the texts of `.hint("…")`, of `hint = "…"` and of `  hint: …` in a source file, also
/// inside `format!`.
fn hints_of(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, begin) in source.match_indices(".hint(").chain(source.match_indices("hint = ")) {
        let rest = source[at + begin.len()..].trim_start();
        let rest = rest.strip_prefix("format!(").unwrap_or(rest).trim_start();
        found.extend(rest.strip_prefix('"').and_then(literal));
    }
    found.extend(source.match_indices("  hint: ").filter_map(|(at, begin)| literal(&source[at + begin.len()..])));
    found
}

/// Returns every string literal.
fn literals(source: &str) -> Vec<String> {
    let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.filter_map(|line| line.split_once('"').and_then(|(_, rest)| literal(rest))).collect()
}

/// Returns the text up to the end of a string literal.
fn literal(rest: &str) -> Option<String> {
    let mut end = rest.match_indices('"').map(|(at, _)| at).filter(|at| !rest[..*at].ends_with('\\'));
    let text = rest.get(..end.next()?)?;
    Some(text.replace("\\\n", "").split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Returns a literal with something inserted where the program inserts something.
fn filled(hint: &str) -> String {
    let mut parts = hint.split('{');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or(("", part));
        let value = INSERTED.iter().find(|(known, _)| *known == name).map_or("x", |(_, value)| value);
        text += &format!("{value}{rest}");
    }
    text
}

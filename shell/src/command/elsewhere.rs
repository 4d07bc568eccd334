//! Maps the command names of other tools (coreutils, `hdfs dfs`, `weed shell`, MooseFS, `sftp`,
//! `lftp`, `cmd.exe`) to the commands here.

use crate::lang::quote_words;

/// Names from other tools, and the commands that do the same here.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    pub names: &'static [&'static str],
    /// The equivalent commands.
    pub ours: &'static [&'static str],
    /// The line to type.
    pub hint: &'static str,
}

const fn of(names: &'static [&'static str], ours: &'static [&'static str], hint: &'static str) -> Elsewhere {
    Elsewhere { names, ours, hint }
}

/// Lists every known name. None of them is a command here.
pub(crate) const ELSEWHERE: &[Elsewhere] = &[
    of(&["quit", "bye", "logout", "q", "close"], &["exit"], "exit leaves"),
    of(&["?", "man", "commands", "usage"], &["help"], "help lists the commands, help COMMAND explains one"),
    of(&["clear", "cls", "reset"], &[], "Ctrl-L clears the screen"),
    of(&["dir", "ll", "vdir", "la", "lsr"], &["ls"], "ls lists; ls -l says more, ls -R goes down"),
    of(&["rmdir", "rmr", "del", "delete", "unlink", "mrm", "erase"], &["rm"], "rm deletes; rm -r also directories"),
    of(
        &["copyFromLocal", "moveFromLocal", "upload", "mput", "reput", "scp", "rsync"],
        &["put"],
        "put LOCAL… REMOTE; put -r takes directories, put -r -u only what has changed",
    ),
    of(
        &["copyToLocal", "moveToLocal", "download", "mget", "reget", "pget", "getmerge", "wget"],
        &["get", "cat"],
        "get REMOTE… LOCAL; get -r takes directories, get -c goes on",
    ),
    of(&["mirror", "distcp", "sync"], &["put", "get", "cp"], "put -r -u and get -r -c copy what is missing or differs"),
    of(&["ren", "rename", "move", "mmv"], &["mv"], "mv SRC… DST"),
    of(
        &["copy"],
        &["cp", "put", "get"],
        "cp SRC… DST copies inside the DFS; put and get copy from and to this machine",
    ),
    of(
        &["mfsmakesnapshot", "makesnapshot", "createSnapshot", "snapshot", "snapshots"],
        &["cp"],
        "there are no snapshots: cp -r copies a directory without moving a byte",
    ),
    of(&["append", "appendToFile"], &["put"], "there is no append: put -f replaces a file"),
    of(
        &["quota", "quotas", "setQuota", "clrQuota", "setSpaceQuota", "clrSpaceQuota", "mfsgetquota", "mfssetquota"],
        &["du", "count"],
        "there are no quotas: du shows the space that a directory takes, count its files and directories",
    ),
    of(
        &["xattr", "getfattr", "setfattr", "getfacl", "setfacl"],
        &["attr", "chmod"],
        "attr list, get, set and remove attributes user.*; chmod changes permissions",
    ),
    of(&["more", "less", "text", "type"], &["cat"], "cat PATH | less"),
    of(&["sort", "uniq", "sed", "awk", "wc", "cut", "tee"], &["cat"], "cat PATH | COMMAND: a local command reads it"),
    of(&["dd", "split"], &["getrange"], "getrange REMOTE OFFSET LENGTH reads a piece"),
    of(&["md", "makedir"], &["mkdir"], "mkdir -p PATH…"),
    of(&["touchz", "create"], &["touch"], "touch PATH… makes empty files"),
    of(&["diff"], &["cmp"], "cmp LOCAL REMOTE compares"),
    of(&["md5sum", "sha256sum", "cksum", "sum"], &["checksum"], "checksum PATH… shows them without reading the bytes"),
    of(&["test", "exists", "file"], &["stat"], "stat PATH fails where nothing is"),
    of(&["chgrp"], &["chown"], "chown USER:GROUP PATH…"),
    of(&["lmkdir", "lrm", "sh", "bash", "exec"], &[], "! runs local commands: !mkdir DIRECTORY"),
    of(
        &["dus", "mfsdirinfo", "dirinfo"],
        &["du", "count"],
        "du -s PATH shows sums; count counts files and directories",
    ),
    of(&["expunge", "trash"], &["rm"], "there is no trash: rm deletes at once"),
    of(
        &["goal", "setgoal", "getgoal", "mfssetgoal", "mfsgetgoal", "replicate", "replicas"],
        &["setrep", "info"],
        "setrep N PATH… sets how many replicas files have; info PATH shows it",
    ),
    of(
        &["fileinfo", "mfsfileinfo", "blocks", "where", "whereis"],
        &["locate", "info"],
        "locate PATH shows where the replicas are",
    ),
    of(
        &["mfscheckfile", "checkfile", "check", "volume.fsck", "scrub"],
        &["fsck", "why"],
        "fsck [PATH] finds files that lack replicas",
    ),
    of(
        &["dfsadmin", "report", "cluster", "health", "cluster.check", "mfscli"],
        &["status", "nodes", "replication", "doctor"],
        "status, nodes, replication and doctor tell how the cluster is",
    ),
    of(&["haadmin", "leader", "mfsmaster"], &["masters"], "masters lists the masters"),
    of(
        &["balancer", "balance", "rebalance", "mover", "volume.balance"],
        &["nodes", "heatmap"],
        "there is no balancer: new chunks go to datanodes with free space; nodes shows how full each is",
    ),
    of(
        &["volume.list", "cluster.ps", "lsnodes"],
        &["nodes", "node"],
        "nodes lists the datanodes, and how full each is",
    ),
    of(
        &["volume.fix.replication", "ec.encode", "metasave"],
        &["replication"],
        "replication shows what is being re-replicated: it needs no command",
    ),
    of(
        &["decommission", "drain", "refreshNodes", "excludes"],
        &["node"],
        "node drain ID re-replicates its chunks elsewhere",
    ),
    of(
        &[
            "namenode",
            "datanode",
            "secondarynamenode",
            "master",
            "volume",
            "chunkserver",
            "server",
            "up",
            "down",
            "start",
            "stop",
        ],
        &["dfsd"],
        "dfsd up, down, start ID and stop ID run the local cluster",
    ),
    of(&["logs", "log"], &["dfsd", "events"], "dfsd logs ID shows what a daemon has logged; events what happened"),
    of(
        &["ps", "kill", "queue"],
        &["jobs", "fg", "wait"],
        "jobs lists what runs in the background; jobs cancel N ends it",
    ),
    of(&["export", "env", "unset", "let"], &["set"], "set NAME=VALUE sets a variable; set lists them"),
    of(
        &["open", "connect", "login", "ctx", "user"],
        &[],
        "the cluster and the user are chosen before: dfs-shell --masters HOST:PORT; whoami says who you are",
    ),
    of(&["su", "sudo", "kinit", "id"], &["whoami"], "you are whom your credential names; whoami says who"),
    of(
        &["mount", "umount", "mfsmount", "fuse"],
        &["get", "cat"],
        "there is no mount; get and put copy files, cat and getrange read them",
    ),
    of(&["ln", "link", "symlink", "readlink"], &["cp"], "there are no links; cp copies without moving a byte"),
    of(
        &["grep"],
        &["find", "search", "cat"],
        "find -name GLOB or search TEXT look for names; cat PATH | grep TEXT looks into a file",
    ),
    of(&["vi", "vim", "nano", "edit", "emacs"], &["get", "put"], "get it, edit it, and put -f it back"),
    of(&["dashboard", "htop", "k9s"], &["top"], "top shows the whole cluster on the full screen"),
    of(
        &["hdfs", "hadoop", "weed", "dfs", "fs"],
        &["help"],
        "its commands stand alone here, as in ls /; help lists them",
    ),
    of(&["dfs-shell"], &["help"], "this is dfs-shell already: its commands stand alone, as in ls /"),
    of(&["doc", "docs", "topics"], &["help"], "help lists the commands and the topics"),
];

/// Programs that may precede the name of a command, and the subcommands between them.
const PROGRAMS: [&str; 4] = ["hdfs", "hadoop", "weed", PROGRAM];
/// This program.
const PROGRAM: &str = "dfs-shell";
const BETWEEN: [&str; 3] = ["dfs", "fs", "shell"];
/// The prefix of names in `weed shell`.
const PREFIX: &str = "fs.";

/// The command that the first words of a line name: `ls` in `-ls /`, `hdfs dfs -ls /` and `fs.ls
/// /`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named<'w> {
    /// The words up to the name, as written.
    pub written: String,
    pub name: &'w str,
    /// The words after the name.
    pub rest: &'w [String],
}

/// Removes the prefixes that other tools put before a command name.
pub(crate) fn named(words: &[String]) -> Named<'_> {
    let is = |at: usize, known: &[&str]| words.get(at).is_some_and(|word| known.contains(&word.as_str()));
    let mut at = 0;
    if words.len() > 1 && is(0, &PROGRAMS) {
        at += 1;
        at += usize::from(words.len() > 2 && is(1, &BETWEEN));
    }
    let word = words.get(at).map(String::as_str).unwrap_or_default();
    let bare = |prefix: &str| word.strip_prefix(prefix).filter(|name| name.len() > 1 && !name.starts_with('-'));
    let name = bare("-").or_else(|| bare(PREFIX)).unwrap_or(word);
    let written = words.get(..=at).map(|words| words.join(" ")).unwrap_or_default();
    Named { written, name, rest: words.get(at + 1..).unwrap_or_default() }
}

impl Elsewhere {
    /// Returns the entry for a name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ELSEWHERE.iter().find(|known| known.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
    }
}

/// A longer line is not repeated in a hint.
const LINE_MAX: usize = 100;

/// Returns words as one line, if it is short enough for a hint.
pub(super) fn short_line<'w>(words: impl Iterator<Item = &'w str>) -> Option<String> {
    let line = quote_words(words);
    (line.len() <= LINE_MAX).then_some(line)
}

/// Returns the hint for a line that begins with the name of this program and is no command in the
/// syntax of another tool.
pub(super) fn already_here(words: &[String]) -> Option<String> {
    let (first, rest) = words.split_first()?;
    if first != PROGRAM || rest.is_empty() {
        return None;
    }
    let (already, another) = ("this is dfs-shell already", "with ! before it the line starts another one");
    Some(match short_line(words.iter().map(String::as_str)) {
        Some(line) => format!("{already}; {another}: !{line}"),
        None => format!("{already}; {another}"),
    })
}

/// Returns the hint for a command that exists here and was written in the syntax of another tool.
pub(crate) fn same_name(name: &str, rest: &[String]) -> String {
    let line = short_line(std::iter::once(name).chain(rest.iter().map(String::as_str)));
    match line.filter(|_| !rest.is_empty()) {
        Some(line) => format!("it is called {name} here: {line}"),
        None => format!("it is called {name} here, without anything before it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_behind_what_stands_before_them() {
        for (line, written, name, rest) in [
            ("-ls /", "-ls", "ls", 1),
            ("hdfs dfs -ls /", "hdfs dfs -ls", "ls", 1),
            ("hadoop fs -put a b", "hadoop fs -put", "put", 2),
            ("hdfs dfsadmin -report", "hdfs dfsadmin", "dfsadmin", 1),
            ("hdfs fsck /", "hdfs fsck", "fsck", 1),
            ("hdfs dfs", "hdfs dfs", "dfs", 0),
            ("hdfs", "hdfs", "hdfs", 0),
            ("fs.ls", "fs.ls", "ls", 0),
            ("--help", "--help", "--help", 0),
            ("-", "-", "-", 0),
            ("ls -l", "ls", "ls", 1),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let found = named(&words);
            assert_eq!((found.written.as_str(), found.name, found.rest.len()), (written, name, rest), "{line}");
        }
        assert_eq!(named(&[]), Named { written: String::new(), name: "", rest: &[] });
    }
}

//! The commands for the local cluster.

use super::args::UpArgs;
use super::failure::Failure;
use super::{Context, say};
use crate::closed;
use crate::local::logs::{self, Source};
use crate::local::{self, DaemonId, DaemonStatus, UpOptions};
use dfs_types::ErrorCode;
use serde::Serialize;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;

type Outcome = Result<(), Failure>;

/// Writes to standard output. If the reader has closed it, this is not an error.
pub(super) fn print(text: &str) -> Outcome {
    closed::check()?;
    unless_closed(io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()))
}

fn unless_closed(written: io::Result<()>) -> Outcome {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::of_stdout(&error)),
        _ => Ok(()),
    }
}

pub(super) fn up(context: &Context, args: &UpArgs) -> Outcome {
    let UpArgs { masters, datanodes, chunk_size, replication, capacity } = *args;
    let options = UpOptions { masters, datanodes, chunk_size, replication, capacity };
    let up = local::up(&context.directories, &context.loaded.settings, options, &say)?;
    let nodes = up.daemons.iter().filter(|id| matches!(id, DaemonId::Datanode(_))).count();
    let cluster = format!("{} and {}", counted(up.daemons.len() - nodes, "master"), counted(nodes, "datanode"));
    if up.started.is_empty() {
        print(&format!("the local cluster is already running: {cluster}\n"))?;
    } else {
        print(&format!("started {}\n", names(&up.started)))?;
        print(&format!("the local cluster is running: {cluster}\n"))?;
    }
    if usize::from(up.replication) > nodes {
        let (replicas, there) = (up.replication, counted(nodes, "datanode"));
        eprintln!("dfsd: writes need {replicas} datanodes for {replicas} replicas, but the cluster has {there}");
        eprintln!("  hint: dfsd up --datanodes {replicas}, or put --rep {nodes}");
    }
    if up.restart_needed {
        eprintln!("dfsd: changed settings take effect only when daemons are restarted");
        eprintln!("  hint: dfsd restart");
    }
    Ok(())
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn names(ids: &[DaemonId]) -> String {
    ids.iter().map(DaemonId::to_string).collect::<Vec<_>>().join(", ")
}

pub(super) fn down(context: &Context, purge: bool, yes: bool) -> Outcome {
    if purge && !yes {
        confirm_purge(context)?;
    }
    let down = local::down(&context.directories, purge, &say)?;
    match (down.stopped.is_empty(), down.purged) {
        (true, false) => print("nothing was running\n"),
        (true, true) => print("deleted the local cluster\n"),
        (false, false) => print(&format!("stopped {}\n", names(&down.stopped))),
        (false, true) => print(&format!("stopped {}\ndeleted the local cluster\n", names(&down.stopped))),
    }
}

fn confirm_purge(context: &Context) -> Outcome {
    let daemons = local::status(&context.directories)?;
    if daemons.is_empty() {
        return Ok(());
    }
    let data = context.directories.data.display();
    confirm(
        &format!("down --purge deletes all files of the local cluster under {data}"),
        &format!("This deletes all files of the local cluster ({}) under {data}.", counted(daemons.len(), "daemon")),
    )
}

/// Asks for confirmation on a terminal. Without a terminal returns `says` as an error, because
/// `--yes` is needed.
fn confirm(says: &str, question: &str) -> Outcome {
    if !io::stdin().is_terminal() {
        return Err(Failure::new(ErrorCode::Usage, says).hint("add --yes to confirm"));
    }
    eprint!("{question} Continue? [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Failure::new(ErrorCode::Interrupted, "nothing was deleted"))
    }
}

/// The output of `dfsd status --json`.
#[derive(Serialize)]
struct Document {
    daemons: Vec<DaemonStatus>,
}

/// Removes a datanode for good.
pub(super) fn remove(context: &Context, id: DaemonId, yes: bool) -> Outcome {
    let asked = || {
        if yes {
            return Ok(());
        }
        let says = format!("remove {id} stops it and deletes its data");
        confirm(&says, &format!("This stops {id} and deletes its data. All its chunks are elsewhere."))
    };
    local::remove(&context.directories, id, asked, &say)?;
    print(&format!("{id} removed; its number is not used again\n"))
}

pub(super) fn status(context: &Context, json: bool, verbose: bool) -> Outcome {
    let daemons = local::status(&context.directories)?;
    if json {
        let text = serde_json::to_string(&Document { daemons }).map_err(std::io::Error::from)?;
        return print(&format!("{text}\n"));
    }
    if daemons.is_empty() {
        return print("there is no local cluster; dfsd up creates one\n");
    }
    let home = std::env::home_dir();
    print(&table(&daemons, home.as_deref(), verbose))
}

/// Returns the table of daemons, and below it the places of their files: those of each daemon, or
/// one pattern for all, with `ID` for the id.
fn table(daemons: &[DaemonStatus], home: Option<&Path>, each: bool) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let head = ["ID", "STATE", "PID", "ADDRESS"].map(str::to_owned);
    let rows = daemons.iter().map(|daemon| {
        [
            daemon.id.to_string(),
            daemon.state.as_str().to_owned(),
            or_dash(daemon.pid.map(|pid| pid.to_string())),
            or_dash(daemon.address.map(|address| address.to_string())),
        ]
    });
    let mut text = aligned(std::iter::once(head).chain(rows).collect());
    let place = |path: &Path| shortened(path, home);
    text.push('\n');
    match daemons.first() {
        Some(first) if !each => {
            let general = |path: &Path| place(path).replace(&first.id.to_string(), "ID");
            let (data, log) = (general(&first.data_dir), general(&first.log));
            text += &aligned(vec![["data".to_owned(), data], ["log".to_owned(), log]]);
        }
        _ => {
            for daemon in daemons {
                let (data, log) = (place(&daemon.data_dir), place(&daemon.log));
                text += &format!("{}\n", daemon.id);
                text += &aligned(vec![["  data".to_owned(), data], ["  log".to_owned(), log]]);
            }
        }
    }
    text
}

/// Returns the rows as lines with aligned columns.
fn aligned<const CELLS: usize>(rows: Vec<[String; CELLS]>) -> String {
    let mut widths = [0; CELLS];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; CELLS]| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// Returns a path with `~` for the home directory.
fn shortened(path: &Path, home: Option<&Path>) -> String {
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(below) => format!("~/{}", below.display()),
        None => path.display().to_string(),
    }
}

pub(super) fn start(context: &Context, id: DaemonId, accept_empty: bool) -> Outcome {
    if accept_empty && matches!(id, DaemonId::Master(_)) {
        let failure = Failure::new(ErrorCode::Usage, "--accept-empty applies only to datanodes");
        return Err(failure.hint("an empty master would have lost all files; see docs/operations.md for what to do"));
    }
    let started = local::start_one(&context.directories, &context.loaded.settings, id, accept_empty, &say)?;
    print(&format!("{id} {}\n", if started { "started" } else { "is already running" }))
}

pub(super) fn stop(context: &Context, id: DaemonId) -> Outcome {
    let ran = local::stop_one(&context.directories, id, &say)?;
    print(&format!("{id} {}\n", if ran { "stopped" } else { "was not running" }))
}

pub(super) fn restart(context: &Context, id: Option<DaemonId>) -> Outcome {
    let report = |id| drop(print(&format!("{id} restarted\n")));
    Ok(local::restart(&context.directories, &context.loaded.settings, id, report, &say)?)
}

pub(super) fn logs(context: &Context, id: Option<DaemonId>, follow: bool) -> Outcome {
    let daemons = local::status(&context.directories)?;
    let chosen: Vec<&DaemonStatus> = daemons.iter().filter(|daemon| id.is_none_or(|id| daemon.id == id)).collect();
    if chosen.is_empty() {
        return Err(
            Failure::new(ErrorCode::NotFound, "no such daemon in the local cluster").hint("dfsd status lists them")
        );
    }
    let name = |daemon: &DaemonStatus| if id.is_some() { String::new() } else { daemon.id.to_string() };
    let sources: Vec<Source> =
        chosen.into_iter().map(|daemon| Source { name: name(daemon), path: daemon.log.clone() }).collect();
    closed::check()?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    unless_closed(logs::show(&sources, follow, &mut out))
}

pub(super) fn show_config(context: &Context) -> Outcome {
    let file = context
        .loaded
        .file
        .as_ref()
        .map_or_else(|| "# no file\n".to_owned(), |file| format!("# file: {}\n", file.display()));
    print(&format!("{file}{}", dfs_config::to_toml(&context.loaded.settings)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_daemons_fits_a_terminal() {
        let home = Path::new("/home/somebody-with-a-long-name");
        let daemon = |id: &str| DaemonStatus {
            id: id.parse().expect("an id"),
            role: "datanode",
            pid: Some(4_194_304),
            address: Some(([127, 0, 0, 1], 61_000).into()),
            http: None,
            state: local::State::Suspended,
            data_dir: home.join(".local/share/dfs/data").join(id),
            log: home.join(".local/state/dfs/logs").join(format!("{id}.log")),
        };
        let daemons = [daemon("datanode-1"), daemon("datanode-64")];
        let text = table(&daemons, Some(home), false);
        assert!(text.ends_with("\ndata  ~/.local/share/dfs/data/ID\nlog   ~/.local/state/dfs/logs/ID.log\n"), "{text}");
        let each = table(&daemons, Some(home), true);
        assert!(each.contains("datanode-64\n  data  ~/.local/share/dfs/data/datanode-64\n  log "), "{each}");
        assert!(text.lines().chain(each.lines()).all(|line| line.chars().count() <= 100), "{text}{each}");
    }

    #[test]
    fn numbers_agree_with_their_words() {
        assert_eq!((counted(1, "master"), counted(3, "datanode")), ("1 master".to_owned(), "3 datanodes".to_owned()));
    }
}

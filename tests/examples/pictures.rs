//! Makes the pictures of the dashboard in docs/pictures: a real cluster of six datanodes is filled, read from, and loses
//! one; what a terminal shows meanwhile is drawn. Run by `just pictures`.

// An example may panic, and works with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use dfs_tests::terminal::Terminal;
use dfs_tests::{Cluster, Spec, picture};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Seconds of work before a picture, so that curves have something to show.
const WORK: Duration = Duration::from_secs(40);

fn main() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures");
    std::fs::create_dir_all(&directory).expect("a directory");
    let cluster = Cluster::start(Spec::default().datanodes(6).set("DFS_MASTER_REPAIR_STREAMS", "1"));
    for directory in ["/data/2026/november", "/data/2026/october", "/logs", "/home/ann"] {
        cluster.ok(&["mkdir", "-p", directory]);
    }
    let mut large = dashboard(&cluster, 40, 120);
    let mut small = dashboard(&cluster, 24, 80);
    let done = thread::scope(|scope| {
        let work = scope.spawn(|| work(&cluster));
        while !work.is_finished() {
            large.rest(Duration::from_millis(200));
            small.rest(Duration::from_millis(200));
        }
        work.join()
    });
    done.expect("the work was done");
    save(&mut large, "", &directory.join("overview.svg"));
    save(&mut small, "", &directory.join("overview-80x24.svg"));
    for view in ["nodes", "heatmap", "files"] {
        save(&mut large, view, &directory.join(format!("{view}.svg")));
    }
    cluster.kill("datanode-4");
    large.press(":replication\r");
    large.see("done in           about ");
    save(&mut large, "replication", &directory.join("replication.svg"));
    save(&mut large, "overview", &directory.join("dead.svg"));
    save(&mut large, "heatmap", &directory.join("heatmap-dead.svg"));
    save(&mut large, "events", &directory.join("events.svg"));
}

fn dashboard(cluster: &Cluster, lines: u16, cells: u16) -> Terminal {
    let mut command = cluster.shell_command();
    command.env("COLORTERM", "truecolor").args(["top", "--view", "overview"]);
    let mut terminal = Terminal::run(command, lines, cells);
    terminal.see("healthy");
    terminal
}

/// Files of many sizes are put and read for a while.
fn work(cluster: &Cluster) {
    let began = std::time::Instant::now();
    let scratch = cluster.scratch();
    let mut round = 0u64;
    while began.elapsed() < WORK {
        let mib = 1 + fastrand::usize(..24);
        let local: PathBuf = scratch.join("file");
        std::fs::write(&local, vec![round as u8; mib << 20]).expect("write");
        let directory = ["/data/2026/november", "/data/2026/october", "/logs", "/home/ann"][round as usize % 4];
        let remote = format!("{directory}/part-{round:04}.bin");
        cluster.ok(&["put", local.to_str().expect("UTF-8"), &remote]);
        let back = scratch.join("back");
        cluster.ok(&["get", "-f", &remote, back.to_str().expect("UTF-8")]);
        round += 1;
    }
}

fn save(terminal: &mut Terminal, view: &str, file: &Path) {
    if !view.is_empty() {
        terminal.press(&format!(":{view}\r"));
    }
    terminal.rest(Duration::from_millis(1500));
    std::fs::write(file, picture::svg(terminal.screen())).expect("write");
    println!("{}", file.display());
}

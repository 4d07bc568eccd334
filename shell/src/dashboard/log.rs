//! Reads the end of a datanode's log, if it is on this machine.

use crate::base::report::local_io;
use crate::session::connect::Target;
use dfs_client::Client;
use dfs_daemon::local::{DaemonId, Layout};
use dfs_term::text::{sanitise, truncate};
use dfs_types::{DatanodeId, Error, ErrorCode, Result};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

/// The maximum number of lines that are shown.
const LINES_MAX: usize = 200;
/// The number of bytes at the end of the file that are read.
const TAIL_BYTES: u64 = 128 << 10;
/// The maximum width of a line in cells.
const LINE_CELLS_MAX: usize = 1000;
/// The timeout for asking the masters for the address of a datanode.
const PATIENCE: Duration = Duration::from_secs(2);

/// Returns the last lines of the log of a datanode.
///
/// # Errors
/// Returns `invalid_argument` if it is not a datanode, or `local_io` if the file cannot be read or
/// is not on this machine.
pub(super) async fn read(node: &str, target: Option<&Target>, client: Option<Client>) -> Result<Vec<String>> {
    let id: DatanodeId = node.parse().map_err(|error| Error::new(ErrorCode::InvalidArgument, format!("{error}")))?;
    if let Some(directories) = target.and_then(Target::local) {
        let path = Layout::new(directories).log(DaemonId::Datanode(id));
        return tokio::task::spawn_blocking(move || tail(&path).map_err(|error| local_io(&path, &error)))
            .await
            .unwrap_or_else(|error| Err(Error::new(ErrorCode::Internal, error.to_string())));
    }
    let host = match client {
        Some(client) => host(id, &client.fail_fast().with_timeout(PATIENCE)).await,
        None => None,
    };
    let host = host.unwrap_or_else(|| "another machine".to_owned());
    let what = format!("the log of {id} is on {host}; it can be read from here only for the local cluster");
    Err(Error::new(ErrorCode::LocalIo, what))
}

/// Returns the host address of a datanode, if the masters know it.
async fn host(id: DatanodeId, client: &Client) -> Option<String> {
    let nodes = client.nodes().await.ok()?;
    nodes.iter().find(|node| node.id == id).map(|node| node.address.ip().to_string())
}

/// Returns the last lines of a file, without terminal control characters.
fn tail(path: &Path) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let begin = file.metadata()?.len().saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line may be incomplete.
    let lines: Vec<&str> = text.lines().skip(usize::from(begin > 0)).collect();
    let shown = lines.iter().skip(lines.len().saturating_sub(LINES_MAX));
    Ok(shown.map(|line| truncate(&sanitise(line), LINE_CELLS_MAX).into_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_shown_safely() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("datanode-1.log");
        let text: String = (0..50_000).map(|number| format!("line {number}\n")).collect();
        std::fs::write(&path, [text.as_bytes(), b"\x1b[31mred\xff"].concat()).expect("written");
        let lines = tail(&path).expect("read");
        assert_eq!((lines.len(), lines.first().map(String::as_str)), (LINES_MAX, Some("line 49801")));
        assert!(lines.last().is_some_and(|line| line.starts_with("\\u{1b}[31mred")));
        assert!(tail(&directory.path().join("none")).is_err());
    }

    #[tokio::test]
    async fn elsewhere_it_cannot_be_read() {
        let error = read("datanode-3", None, None).await.expect_err("not here");
        assert!(error.message.starts_with("the log of datanode-3 is on another machine; it can be read"), "{error}");
        assert!(read("master-1", None, None).await.is_err());
    }
}

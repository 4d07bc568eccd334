//! `head`: the beginning of files.

use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use crate::transfer::to_output;
use clap::Args;
use dfs_types::{ByteSize, DfsPath, Error, ErrorCode, Result};
use std::ffi::OsString;

/// The default number of lines.
pub(super) const LINES: u64 = 10;
/// The size of the first read for lines, which is also the largest.
const READ_BYTES: u64 = 64 << 10;
const READ_BYTES_MAX: u64 = 4 << 20;

/// Arguments of `head`.
#[derive(Debug, Args)]
pub(super) struct Head {
    /// Number of bytes, as in 512 or 4KiB.
    #[arg(short = 'c', long, value_name = "N", conflicts_with = "lines")]
    bytes: Option<ByteSize>,
    /// Number of lines; default: 10.
    #[arg(short = 'n', long, value_name = "N")]
    lines: Option<u64>,
    /// The files.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Head {
    const NAME: &'static str = "head";
    const ABOUT: &'static str = "Show the beginning of files";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("head /data/notes.txt", "ten lines"),
        ("head -n 1 /data/*.csv", "the first line of each"),
        ("head -c 512 /data/big.bin | od -x", "512 bytes"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Remote);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        for (index, text) in self.paths.iter().enumerate() {
            let result = match context.remote(text).await {
                Ok(path) => self.one(context, &path, index).await,
                Err(error) => Err(error),
            };
            context.check(result)?;
        }
        Ok(())
    }
}

impl Head {
    async fn one(&self, context: &mut Context<'_>, path: &DfsPath, index: usize) -> Result<()> {
        if let Some(bytes) = self.bytes {
            title(context, path, self.paths.len(), index)?;
            return to_output(context, path, Some((0, bytes.0))).await;
        }
        let client = context.client().await?;
        let (mut left, mut offset, mut piece) = (self.lines.unwrap_or(LINES), 0, READ_BYTES);
        let mut titled = false;
        if left == 0 {
            // In a dry run nothing is read, but the path must be a file.
            let stat = context.call(client.stat(path)).await.map_err(|error| about(error, path))?;
            if stat.kind == dfs_types::Kind::Directory {
                return Err(Error::new(ErrorCode::IsADirectory, "is a directory").at(path));
            }
            return title(context, path, self.paths.len(), index);
        }
        while left > 0 {
            let read = context.call(client.read_range(path, offset, piece)).await;
            let bytes = read.map_err(|error| about(error, path))?;
            if !std::mem::replace(&mut titled, true) {
                title(context, path, self.paths.len(), index)?;
            }
            let (shown, lines) = first_lines(&bytes, left);
            context.out.write(shown)?;
            left -= lines;
            if (bytes.len() as u64) < piece {
                break;
            }
            offset += piece;
            piece = (piece * 2).min(READ_BYTES_MAX);
        }
        Ok(())
    }
}

/// Prints the name of a file as a title if there are several files.
pub(super) fn title(context: &mut Context<'_>, path: &DfsPath, files: usize, index: usize) -> Result<()> {
    if files < 2 {
        return Ok(());
    }
    let apart = if index > 0 { "\n" } else { "" };
    let text = format!("{apart}==> {} <==\n", context.shown(path.as_str()));
    context.print(&text)
}

/// Returns the bytes of the first `lines` lines, and the number of lines in them.
fn first_lines(bytes: &[u8], lines: u64) -> (&[u8], u64) {
    let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let mut counted = 0;
    while counted < lines {
        match ends.next() {
            None => return (bytes, counted),
            Some(end) => {
                counted += 1;
                if counted == lines {
                    return (bytes.get(..end).unwrap_or(bytes), counted);
                }
            }
        }
    }
    (&[], 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_by_their_ends() {
        assert_eq!(first_lines(b"a\nb\nc", 2), (&b"a\nb\n"[..], 2));
        assert_eq!(first_lines(b"a\nb\nc", 3), (&b"a\nb\nc"[..], 2));
        assert_eq!(first_lines(b"", 3), (&b""[..], 0));
        assert_eq!(first_lines(b"\n\n", 1), (&b"\n"[..], 1));
        assert_eq!(first_lines(b"a\n", 0), (&b""[..], 0));
    }
}

//! `tail`: the end of files, and appended data.

use super::head::{LINES, title};
use crate::base::report::{about, usage};
use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use crate::transfer::to_output;
use clap::Args;
use dfs_client::Client;
use dfs_types::{ByteSize, ChunkId, DfsPath, Error, ErrorCode, Result, Stat};
use std::ffi::OsString;
use std::str::FromStr;
use std::time::Duration;

/// The size of a read when lines are searched.
const READ_BYTES: u64 = 256 << 10;
/// The poll interval for a followed file.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

/// Arguments of `tail`.
#[derive(Debug, Args)]
pub(super) struct Tail {
    /// Number of bytes, as in 512 or 4KiB; +N: from byte N on.
    #[arg(short = 'c', long, value_name = "N", conflicts_with = "lines", allow_hyphen_values = true)]
    bytes: Option<Amount>,
    /// Number of lines; default: 10; +N: from line N on.
    #[arg(short = 'n', long, value_name = "N", allow_hyphen_values = true)]
    lines: Option<Amount>,
    /// Follow what is appended until Ctrl-C; a file that replaces another is shown from its start.
    #[arg(short, long)]
    follow: bool,
    /// The files.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

/// A number as in `5`, `+5`, `4KiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Amount {
    number: u64,
    from_start: bool,
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let from_start = text.starts_with('+');
        // `-5` is accepted for 5.
        let number =
            text.strip_prefix(['+', '-']).unwrap_or(text).parse::<ByteSize>().map_err(|error| error.to_string())?;
        Ok(Self { number: number.0, from_start })
    }
}

impl Verb for Tail {
    const NAME: &'static str = "tail";
    const ABOUT: &'static str = "Show the end of files, and with -f what is appended";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("tail /data/notes.txt", "ten lines"),
        ("tail -n +2 /data/a.csv", "all but the first line"),
        ("tail -c 1KiB /data/big.bin | od -x", "the last bytes"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Remote);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let mut followed = Vec::new();
        for (index, text) in self.paths.iter().enumerate() {
            let result = match context.remote(text).await {
                Ok(path) => self.one(context, &client, path, index).await,
                Err(error) => Err(error),
            };
            followed.extend(context.check(result)?);
        }
        if !self.follow || followed.is_empty() {
            return Ok(());
        }
        if context.json() {
            return Err(usage("-f has no end, so it is no document"));
        }
        follow(context, &client, followed).await
    }
}

impl Tail {
    /// Shows the end of one file; returns the offset up to which it was shown.
    async fn one(&self, context: &mut Context<'_>, client: &Client, path: DfsPath, index: usize) -> Result<Followed> {
        let stat = context.call(client.stat(&path)).await.map_err(|error| about(error, &path))?;
        if stat.kind == dfs_types::Kind::Directory {
            return Err(Error::new(ErrorCode::IsADirectory, "is a directory").at(path));
        }
        let start = match (self.bytes, self.lines.unwrap_or(Amount { number: LINES, from_start: false })) {
            (Some(Amount { number, from_start: true }), _) => number.saturating_sub(1),
            (Some(Amount { number, .. }), _) => stat.size.saturating_sub(number),
            (None, Amount { number, from_start: true }) => forward(context, client, &path, &stat, number).await?,
            (None, Amount { number, .. }) => backward(context, client, &path, &stat, number).await?,
        };
        title(context, &path, self.paths.len(), index)?;
        if start < stat.size {
            to_output(context, &path, Some((start, stat.size - start))).await?;
        }
        let first = if self.follow { first_chunk(context, client, &path).await? } else { None };
        Ok(Followed { path, shown: stat.size, version: stat.version, first, gone: false })
    }
}

async fn read(context: &Context<'_>, client: &Client, path: &DfsPath, offset: u64, length: u64) -> Result<Vec<u8>> {
    context.call(client.read_range(path, offset, length)).await.map_err(|error| about(error, path))
}

/// Returns the offset of the last `lines` lines: searched backwards from the end in pieces.
async fn backward(context: &Context<'_>, client: &Client, path: &DfsPath, stat: &Stat, lines: u64) -> Result<u64> {
    let mut end = stat.size;
    // The line end at the end of the file does not end a line before the last one.
    let mut left = lines;
    while end > 0 && lines > 0 {
        let start = end.saturating_sub(READ_BYTES);
        let bytes = read(context, client, path, start, end - start).await?;
        let is_last = end == stat.size;
        match last_lines(&bytes, left, is_last) {
            Ok(at) => return Ok(start + at as u64),
            Err(rest) => left = rest,
        }
        end = start;
    }
    Ok(if lines == 0 { stat.size } else { 0 })
}

/// Returns the offset of the last `lines` lines in a piece, or the number of lines still to find
/// before it.
fn last_lines(bytes: &[u8], lines: u64, is_last: bool) -> Result<usize, u64> {
    let body = if is_last && bytes.ends_with(b"\n") { bytes.len() - 1 } else { bytes.len() };
    let mut left = lines;
    for (at, _) in bytes.iter().enumerate().take(body).rev().filter(|(_, byte)| **byte == b'\n') {
        left -= 1;
        if left == 0 {
            return Ok(at + 1);
        }
    }
    Err(left)
}

/// Returns the offset of line `number`, from 1: searched forwards from the beginning.
async fn forward(context: &Context<'_>, client: &Client, path: &DfsPath, stat: &Stat, number: u64) -> Result<u64> {
    let mut skip = number.saturating_sub(1);
    let mut offset = 0;
    while skip > 0 && offset < stat.size {
        let bytes = read(context, client, path, offset, READ_BYTES.min(stat.size - offset)).await?;
        for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            skip -= 1;
            if skip == 0 {
                return Ok(offset + at as u64 + 1);
            }
        }
        offset += bytes.len() as u64;
        if bytes.is_empty() {
            break;
        }
    }
    Ok(if skip == 0 { 0 } else { stat.size })
}

/// A followed file.
#[derive(Debug)]
struct Followed {
    path: DfsPath,
    /// Bytes shown.
    shown: u64,
    version: u64,
    first: Option<ChunkId>,
    /// True if it was missing at the last look.
    gone: bool,
}

/// Returns the first chunk of a file: while it stays the same, data was appended and the file was
/// not replaced.
async fn first_chunk(context: &Context<'_>, client: &Client, path: &DfsPath) -> Result<Option<ChunkId>> {
    let located = context.call(client.locate(path)).await.map_err(|error| about(error, path))?;
    Ok(located.chunks.first().map(|located| located.chunk.id))
}

async fn follow(context: &mut Context<'_>, client: &Client, mut files: Vec<Followed>) -> Result<()> {
    let several = files.len();
    let mut last = several - 1;
    loop {
        context.out.flush()?;
        if !context.look_again_after(FOLLOW_EVERY).await? {
            return Ok(());
        }
        for (index, file) in files.iter_mut().enumerate() {
            match file.look(context, client).await {
                Ok(None) => {}
                Ok(Some(range)) => {
                    if index != std::mem::replace(&mut last, index) {
                        title(context, &file.path, several, 1)?;
                    }
                    to_output(context, &file.path, Some(range)).await?;
                }
                Err(error) if error.code == ErrorCode::Interrupted => {}
                Err(error) if error.code.is_transient() => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Followed {
    /// Returns the range to show now.
    async fn look(&mut self, context: &Context<'_>, client: &Client) -> Result<Option<(u64, u64)>> {
        let stat = match context.call(client.stat(&self.path)).await {
            Ok(stat) => stat,
            Err(error) if error.code == ErrorCode::NotFound => {
                if !std::mem::replace(&mut self.gone, true) {
                    self.say(context, "no longer exists; waiting for it");
                }
                return Ok(None);
            }
            Err(error) => return Err(about(error, &self.path)),
        };
        if stat.version == self.version && !self.gone {
            return Ok(None);
        }
        let first = first_chunk(context, client, &self.path).await?;
        let grown = self.first.is_none() || first == self.first;
        if self.gone || !grown || stat.size < self.shown {
            self.say(context, "is another file now; from its beginning");
            self.shown = 0;
        }
        let range = (stat.size > self.shown).then(|| (self.shown, stat.size - self.shown));
        (self.shown, self.version, self.first, self.gone) = (stat.size, stat.version, first, false);
        Ok(range)
    }

    fn say(&self, context: &Context<'_>, what: &str) {
        context.session.say(&format!("tail: {}: {what}", dfs_term::text::sanitise(self.path.as_str())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        assert_eq!("5".parse(), Ok(Amount { number: 5, from_start: false }));
        assert_eq!("-5".parse(), Ok(Amount { number: 5, from_start: false }));
        assert_eq!("+4KiB".parse(), Ok(Amount { number: 4096, from_start: true }));
        assert!("five".parse::<Amount>().is_err() && "".parse::<Amount>().is_err());
    }

    #[test]
    fn the_last_lines_of_a_piece() {
        assert_eq!(last_lines(b"a\nb\nc\n", 1, true), Ok(4));
        assert_eq!(last_lines(b"a\nb\nc", 1, true), Ok(4));
        assert_eq!(last_lines(b"a\nb\nc\n", 2, true), Ok(2));
        assert_eq!(last_lines(b"a\nb\nc\n", 3, true), Err(1));
        // An earlier piece: its last byte ends a line that counts.
        assert_eq!(last_lines(b"x\na\n", 1, false), Ok(4));
        assert_eq!(last_lines(b"x\na\n", 2, false), Ok(2));
        assert_eq!(last_lines(b"", 2, false), Err(2));
    }
}

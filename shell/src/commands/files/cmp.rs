//! `cmp`: compares a local file with one in the DFS.

use crate::base::report::{about, local_io};
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use clap::Args;
use dfs_client::{Dest, GetOptions, Progress};
use dfs_term::text::sanitise;
use dfs_term::{Report, View};
use dfs_types::{Error, ErrorCode, Result};
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// Arguments of `cmp`.
#[derive(Debug, Args)]
pub(super) struct Cmp {
    /// The local file; `-` is standard input.
    local: PathBuf,
    /// The remote file.
    remote: OsString,
}

impl Verb for Cmp {
    const NAME: &'static str = "cmp";
    const ABOUT: &'static str = "Compare a local file with one in the DFS, byte by byte";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("cmp report.pdf /docs/report.pdf", "prints nothing if they are equal")];
    const MEANING: Meaning = Meaning { first: &[Kind::Local, Kind::Remote], rest: Kind::Plain, last: None };
    const JSON: Json = Json::of::<Compared>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let remote = context.remote(&self.remote).await?;
        let client = context.client().await?;
        let local: Box<dyn Read + Send> = if self.local.as_os_str() == "-" {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(&self.local).map_err(|error| local_io(&self.local, &error))?)
        };
        let state = Arc::new(Mutex::new(State::default()));
        let dest = Dest::Writer(Box::new(Beside { local, buffer: Vec::new(), state: state.clone() }));
        let got = client.get(&remote, dest, GetOptions::default(), &Progress::new(), &context.cancel).await;
        let state = std::mem::take(&mut *state.lock());
        if let Some(error) = state.failed {
            return Err(local_io(&self.local, &error));
        }
        // A failed read may look like the end of the file.
        if matches!(state.differ, None | Some(Some(Side::Remote))) {
            got.map_err(|error| about(error, &remote))?;
        }
        let compared = Compared {
            same: state.differ.is_none(),
            local: self.local.display().to_string(),
            remote: remote.to_string(),
            difference: state.differ.map(|shorter| Difference {
                byte: state.bytes + 1,
                line: state.lines + 1,
                shorter,
            }),
        };
        context.show(&compared)?;
        if !compared.same {
            context.note_failed(Error::new(ErrorCode::InvalidArgument, "they differ"));
        }
        Ok(())
    }
}

/// The result of a comparison.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Compared {
    same: bool,
    local: String,
    remote: String,
    /// The first difference.
    difference: Option<Difference>,
}

/// The position of the first difference.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Difference {
    /// The byte number, from 1.
    byte: u64,
    /// The line number, from 1.
    line: u64,
    /// The file that ends there, if one does.
    shorter: Option<Side>,
}

/// One of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Side {
    Local,
    Remote,
}

impl Report for Compared {
    const HOLDS_NAMES: bool = true;

    fn text(&self, _: &View) -> String {
        let (local, remote) = (sanitise(&self.local), sanitise(&self.remote));
        match &self.difference {
            None => String::new(),
            Some(Difference { byte, line, shorter: None }) => {
                format!("{local} {remote} differ: byte {byte}, line {line}\n")
            }
            Some(Difference { byte, line, shorter: Some(side) }) => {
                let name = if *side == Side::Local { local } else { remote };
                format!("{name} ends after byte {}, in line {line}; they are the same so far\n", byte - 1)
            }
        }
    }
}

#[derive(Default)]
struct State {
    /// Equal bytes so far, and the line ends in them.
    bytes: u64,
    lines: u64,
    /// Set when a difference was found; holds the file that ended first, if one did.
    differ: Option<Option<Side>>,
    failed: Option<io::Error>,
}

/// Receives the remote bytes and compares them with the local ones.
struct Beside {
    local: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    state: Arc<Mutex<State>>,
}

impl Write for Beside {
    fn write(&mut self, remote: &[u8]) -> io::Result<usize> {
        self.buffer.resize(remote.len(), 0);
        let read = read_up_to(&mut self.local, &mut self.buffer);
        let mut state = self.state.lock();
        let read = match read {
            Ok(read) => read,
            Err(error) => {
                let again = io::Error::from(error.kind());
                state.failed = Some(error);
                return Err(again);
            }
        };
        let local = self.buffer.get(..read).unwrap_or_default();
        let same = local.iter().zip(remote).take_while(|(one, other)| one == other).count();
        state.bytes += same as u64;
        state.lines += local.iter().take(same).filter(|byte| **byte == b'\n').count() as u64;
        if same == remote.len() {
            return Ok(same);
        }
        state.differ = Some((same == read).then_some(Side::Local));
        // The error ends the transfer: nothing after the first difference is needed.
        Err(io::ErrorKind::InvalidData.into())
    }

    /// Called at the end of the remote file.
    fn flush(&mut self) -> io::Result<()> {
        let more = read_up_to(&mut self.local, &mut [0]);
        let mut state = self.state.lock();
        match more {
            Ok(0) => {}
            Ok(_) => state.differ = Some(Some(Side::Remote)),
            Err(error) => state.failed = Some(error),
        }
        Ok(())
    }
}

fn read_up_to(from: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match from.read(into.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the first difference, with the remote bytes in pieces of this size.
    fn compare(local: &'static [u8], remote: &[u8], piece: usize) -> Option<(u64, u64, Option<Side>)> {
        let state = Arc::new(Mutex::new(State::default()));
        let mut beside = Beside { local: Box::new(local), buffer: Vec::new(), state: state.clone() };
        if remote.chunks(piece).all(|piece| beside.write_all(piece).is_ok()) {
            beside.flush().expect("memory can be read");
        }
        let state = std::mem::take(&mut *state.lock());
        state.differ.map(|shorter| (state.bytes + 1, state.lines + 1, shorter))
    }

    #[test]
    fn the_first_difference_is_found() {
        for piece in [1, 2, 3, 100] {
            assert_eq!(compare(b"a\nb\nc", b"a\nb\nc", piece), None);
            assert_eq!(compare(b"", b"", piece), None);
            assert_eq!(compare(b"a\nb\nc", b"a\nb\nd", piece), Some((5, 3, None)));
            assert_eq!(compare(b"a\nb", b"a\nb\nd", piece), Some((4, 2, Some(Side::Local))));
            assert_eq!(compare(b"a\nb\nd", b"a\nb\n", piece), Some((5, 3, Some(Side::Remote))));
        }
    }
}

//! Defines the values at the boundary of the dashboard: a [`Message`] comes in, a page returns an
//! [`Act`], and an [`Effect`] requests an action outside.

use crate::top::observation::{Moment, Observed};
use crate::top::page_id::PageId;
use crate::top::playback::{Play, Playback};
use crate::top::theme::ThemeName;
use crate::top::typed::Typed;
use crossterm::event::{KeyEvent, MouseEvent};
use dfs_client::{DirectoryTraffic, JobStatus, ListPage, Snapshot};
use dfs_diagnosis::Local;
use dfs_term::quote::quote_words;
use dfs_types::path::PathError;
use dfs_types::{DatanodeId, DfsPath, Error, Timestamp};
use std::path::PathBuf;
use std::sync::Arc;

/// An input of the dashboard.
#[derive(Debug, Clone)]
pub enum Message {
    Key(KeyEvent),
    Mouse(MouseEvent),
    /// Text that the terminal marked as pasted.
    Paste(String),
    /// The new size of the window: columns, lines.
    Resize(u16, u16),
    /// The current time; sent at least once a second.
    Tick(Moment),
    /// A snapshot of the cluster, and the duration of the request in milliseconds, which is the
    /// maximum age of the snapshot.
    Picture(Arc<Snapshot>, u64),
    /// The cluster did not answer.
    Lost(Error),
    /// A page of a remote directory.
    Listed {
        path: DfsPath,
        after: Option<String>,
        result: Result<ListPage, Error>,
    },
    /// The recent traffic below a remote directory.
    Traffic {
        path: DfsPath,
        result: Result<DirectoryTraffic, Error>,
    },
    /// The background jobs of the leading master.
    Jobs(Result<Vec<JobStatus>, Error>),
    /// The daemons of the local cluster with the state of their processes.
    Daemons(Local),
    /// The entries of a local directory.
    ListedLocal {
        path: PathBuf,
        result: Result<Vec<LocalEntry>, Error>,
    },
    /// A new count of the bytes below a local directory; `left` directories are not counted
    /// completely yet.
    CountedLocal {
        /// The directory that contains it.
        path: PathBuf,
        name: String,
        bytes: u64,
        whole: bool,
        left: usize,
    },
    /// The first bytes of a remote file, or the state of its chunks, as the shell shows it.
    Looked {
        path: DfsPath,
        text: Result<String, Error>,
    },
    /// The end of a datanode's log.
    Log {
        node: String,
        lines: Result<Vec<String>, Error>,
    },
    /// A command made progress or ended.
    Command(CommandNews),
    /// Possible completions of the line that is being typed.
    Completed {
        line: String,
        candidates: Vec<String>,
    },
    /// The recording has stopped with this error.
    Unrecorded(Error),
    /// The new state of the playback of a recording.
    Playing(Playback),
    /// The cluster at another position of the recording.
    Sought(Box<Observed>),
}

/// An entry of a local directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalEntry {
    pub name: String,
    pub directory: bool,
    /// Bytes of a file.
    pub size: u64,
    pub modified: Option<Timestamp>,
}

/// News of a command that the dashboard started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandNews {
    /// The number that [`Effect::Run`] assigned.
    pub number: u64,
    pub state: CommandState,
}

/// The progress of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandState {
    /// It is running: bytes moved, and the total, if it is a transfer and the total is known.
    Running { moved: u64, total: Option<u64> },
    /// It did nothing because it requires confirmation: its effect, and the line that runs without
    /// a prompt.
    WouldAsk(Question),
    /// It ended with this exit code and output.
    Ended { code: u8, output: String },
}

/// A request of the dashboard for an action outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Leave the dashboard.
    Quit,
    /// Stop the process until it is continued (`Ctrl-Z`).
    Suspend,
    /// Run a line of the shell.
    Run {
        number: u64,
        line: String,
    },
    /// End a running command.
    Cancel {
        number: u64,
    },
    /// List a page of a remote directory.
    List {
        path: DfsPath,
        after: Option<String>,
    },
    ListLocal {
        path: PathBuf,
    },
    /// Count the bytes below these directories of a local directory, until another one is listed or
    /// [`StopCounting`](Self::StopCounting) is requested.
    CountLocal {
        path: PathBuf,
        names: Vec<String>,
    },
    StopCounting,
    /// Request the recent traffic below a remote directory.
    Traffic {
        path: DfsPath,
    },
    /// Request the background jobs of the leading master.
    Jobs,
    /// Check the processes of the daemons of the local cluster.
    Daemons,
    /// Run a read-only command (`head -c 4096 PATH`, `info PATH`) and return its output for the
    /// path.
    Look {
        path: DfsPath,
        line: String,
    },
    /// Read the end of a datanode's log.
    ReadLog {
        node: String,
    },
    /// Complete a line that is being typed.
    Complete {
        line: String,
    },
    /// Copy text to the clipboard of the terminal's user (OSC 52).
    Copy(String),
    /// Turn mouse events on or off.
    Mouse(bool),
    /// Set the interval between requests for snapshots.
    Refresh {
        every_ms: u64,
    },
    /// Store preferences for the next start.
    Keep(Preferences),
    /// Change the pace of the recording or the position in it.
    Play(Play),
    /// Show the cluster of another context.
    Context(String),
}

/// The settings that are kept from one start to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preferences {
    pub page: Option<PageId>,
    pub theme: Option<ThemeName>,
    /// The interval between requests for snapshots, in milliseconds.
    pub refresh_ms: Option<u64>,
    /// The name of the column that datanodes are sorted by, with the prefix `-` for descending
    /// order.
    pub nodes_by: Option<String>,
    /// The lens of the heatmap.
    pub lens: Option<String>,
    pub mouse: Option<bool>,
}

/// A request of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Go to a page.
    Go(PageId),
    /// Show the details of a datanode.
    Node(DatanodeId),
    /// Store the preferences for the next start.
    Keep,
    /// Run a line of the shell. The shell refuses changes when read-only.
    Run(String),
    /// Ask, and run the line only if the user confirms.
    Ask(Question),
    /// Open the command line with this beginning, for the user to complete.
    Type(String),
    /// Ask the user for a name, and run the line that is built from it.
    Name(Naming),
    /// Mark the output of the command with this number as read.
    Read(u64),
    /// Show a message in the foot line.
    Say(String),
    Effect(Effect),
}

/// A prompt for a name: of a new directory, or the new name of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// The purpose of the name: `new directory in /data`.
    pub what: String,
    /// The words of the line before the name: `mv`, `/data/a`.
    pub words: Vec<String>,
    /// The directory of a name that does not begin with `/`.
    pub directory: DfsPath,
    pub name: Typed,
}

impl Naming {
    /// Returns the line; the name is one word of it, whatever characters it contains.
    ///
    /// # Errors
    /// Returns an error if the name is not valid.
    pub fn line(&self) -> Result<String, PathError> {
        let path = DfsPath::resolve(&self.directory, &self.name.text())?;
        Ok(quote_words(self.words.iter().map(String::as_str).chain([path.as_str()])))
    }
}

/// A question before an action that can cause harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The effect: `delete /data: 18,381 files, 266 MiB`. Its first word is the verb, and details
    /// follow the first colon.
    pub what: String,
    /// The line that performs the action.
    pub line: String,
}

impl Question {
    /// Returns the question itself: `Delete /data?`.
    pub fn title(&self) -> String {
        format!("{}?", capital(self.parts().0))
    }

    /// Returns the details: `18,381 files, 266 MiB`; empty if there are none.
    pub fn details(&self) -> &str {
        self.parts().1
    }

    /// Returns the verb: `Delete`.
    pub fn deed(&self) -> String {
        capital(self.what.split_whitespace().next().unwrap_or("do it"))
    }

    fn parts(&self) -> (&str, &str) {
        self.what.split_once(": ").unwrap_or((&self.what, ""))
    }
}

/// Returns the text with its first letter in upper case.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

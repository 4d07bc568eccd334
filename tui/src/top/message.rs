//! What comes into the dashboard, and what it wants done.

use crate::top::model::{PageId, Shared};
use crate::top::page::Question;
use crate::top::replay::{Play, Playback};
use crossterm::event::{KeyEvent, MouseEvent};
use dfs_client::{DirectoryTraffic, JobStatus, ListPage, Snapshot};
use dfs_types::{DfsPath, Error, Timestamp};
use std::path::PathBuf;
use std::sync::Arc;

/// Something came in.
#[derive(Debug, Clone)]
pub enum Message {
    Key(KeyEvent),
    Mouse(MouseEvent),
    /// Text that the terminal marked as pasted.
    Paste(String),
    /// The window has this size now: columns, lines.
    Resize(u16, u16),
    /// The clock moved on; at least once a second.
    Tick(Moment),
    /// A picture of the cluster, and for how many milliseconds it was waited for: it may be so old.
    Picture(Arc<Snapshot>, u64),
    /// The cluster did not answer.
    Lost(Error),
    /// A page of a remote directory.
    Listed {
        path: DfsPath,
        after: Option<String>,
        result: Result<ListPage, Error>,
    },
    /// What lately went on below a remote directory.
    Traffic {
        path: DfsPath,
        result: Result<DirectoryTraffic, Error>,
    },
    /// The background jobs of the leading master.
    Jobs(Result<Vec<JobStatus>, Error>),
    /// What is in a local directory.
    ListedLocal {
        path: PathBuf,
        result: Result<Vec<LocalEntry>, Error>,
    },
    /// The beginning of a remote file, or how its chunks are, as the shell shows it.
    Looked {
        path: DfsPath,
        text: Result<String, Error>,
    },
    /// The end of a datanode's log.
    Log {
        node: String,
        lines: Result<Vec<String>, Error>,
    },
    /// A command went on, or ended.
    Command(CommandNews),
    /// Words that may stand at the end of a line that is being typed.
    Completed {
        line: String,
        candidates: Vec<String>,
    },
    /// Nothing more of what comes is recorded.
    Unrecorded(Error),
    /// How a recording is played from now on.
    Playing(Playback),
    /// What was seen at another moment of the recording.
    Sought(Box<Shared>),
}

/// A point in time, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Milliseconds since the dashboard began; never goes back.
    pub elapsed_ms: u64,
    pub calendar: Timestamp,
}

/// Something in a local directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalEntry {
    pub name: String,
    pub directory: bool,
    /// Bytes of a file.
    pub size: u64,
    pub modified: Option<Timestamp>,
}

/// News of a command that the dashboard began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandNews {
    /// The number that [`Effect::Run`] gave it.
    pub number: u64,
    pub state: CommandState,
}

/// How far a command is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandState {
    /// It runs; bytes moved, and how many there are in all, where it is a transfer that knows.
    Running { moved: u64, total: Option<u64> },
    /// It did nothing, because it wants to be asked first: what it would do, and the line that does it without asking.
    WouldAsk(Question),
    /// It ended with this exit code; what it wrote and said.
    Ended { code: u8, output: String },
}

/// Something to be done for the dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
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
    /// Ask what lately went on below a remote directory.
    Traffic {
        path: DfsPath,
    },
    /// Ask for the background jobs of the leading master.
    Jobs,
    /// Run a command that only looks (`head -c 4096 PATH`, `info PATH`) and bring what it says of the path.
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
    /// Put text where the terminal's user can paste it from (OSC 52).
    Copy(String),
    /// Whether the mouse is ours.
    Mouse(bool),
    /// Ask for pictures this often.
    Refresh {
        every_ms: u64,
    },
    /// Keep what was set for the next start.
    Keep(Preferences),
    /// Play the recording otherwise, or from elsewhere.
    Play(Play),
}

/// What is kept from one start to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preferences {
    pub page: Option<PageId>,
    pub theme: Option<crate::top::theme::ThemeName>,
    /// How often pictures are asked for, in milliseconds.
    pub refresh_ms: Option<u64>,
    /// Name of the column that datanodes are sorted by; `-` before it for falling order.
    pub nodes_by: Option<String>,
    /// What the heatmap shows.
    pub lens: Option<String>,
    pub mouse: Option<bool>,
}

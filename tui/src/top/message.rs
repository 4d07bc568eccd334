//! Values that pass between the dashboard and the world: a [`Message`] comes in, a page returns an [`Act`], and an
//! [`Effect`] asks the world for something.

use crate::top::observation::{Moment, Observed};
use crate::top::page_id::PageId;
use crate::top::playback::{Play, Playback};
use crate::top::theme::ThemeName;
use crate::top::typed::Typed;
use crossterm::event::{KeyEvent, MouseEvent};
use dfs_client::{DirectoryTraffic, JobStatus, ListPage, Snapshot};
use dfs_diagnosis::LocalDaemon;
use dfs_term::quote::quote_words;
use dfs_types::path::PathError;
use dfs_types::{DatanodeId, DfsPath, Error, Timestamp};
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
    /// The daemons of the local cluster with the state of their processes.
    Daemons(Vec<LocalDaemon>),
    /// What is in a local directory.
    ListedLocal {
        path: PathBuf,
        result: Result<Vec<LocalEntry>, Error>,
    },
    /// More of the bytes below a local directory was counted; `left` directories are not whole yet.
    CountedLocal {
        /// The directory that it is in.
        path: PathBuf,
        name: String,
        bytes: u64,
        whole: bool,
        left: usize,
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
    /// The cluster at another moment of the recording.
    Sought(Box<Observed>),
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
    /// Count the bytes below these directories of a local one, until another one is listed or
    /// [`StopCounting`](Self::StopCounting).
    CountLocal {
        path: PathBuf,
        names: Vec<String>,
    },
    StopCounting,
    /// Ask what lately went on below a remote directory.
    Traffic {
        path: DfsPath,
    },
    /// Ask for the background jobs of the leading master.
    Jobs,
    /// Look at the processes of the daemons of the local cluster.
    Daemons,
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
    pub theme: Option<ThemeName>,
    /// How often pictures are asked for, in milliseconds.
    pub refresh_ms: Option<u64>,
    /// Name of the column that datanodes are sorted by; `-` before it for falling order.
    pub nodes_by: Option<String>,
    /// What the heatmap shows.
    pub lens: Option<String>,
    pub mouse: Option<bool>,
}

/// A request of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Go to a page.
    Go(PageId),
    /// Show all about a datanode.
    Node(DatanodeId),
    /// Keep what is set for the next start.
    Keep,
    /// Run a line of the shell, which refuses what changes anything when read-only.
    Run(String),
    /// Ask, and run the line only when the answer is yes.
    Ask(Question),
    /// Let the user finish a line, which begins so.
    Type(String),
    /// Let the user give a name, and run the line that is made of it.
    Name(Naming),
    /// Somebody has looked at what the command of this number said.
    Read(u64),
    /// Say something in the foot line.
    Say(String),
    Effect(Effect),
}

/// A name that is asked for: of a new directory, or another one for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// What it is for: `new directory in /data`.
    pub what: String,
    /// The words of the line before it: `mv`, `/data/a`.
    pub words: Vec<String>,
    /// The directory that a name without a `/` in front is in.
    pub directory: DfsPath,
    pub name: Typed,
}

impl Naming {
    /// Returns the line; the name is one word of it, whatever is in it.
    ///
    /// # Errors
    /// When it is no name.
    pub fn line(&self) -> Result<String, PathError> {
        let path = DfsPath::resolve(&self.directory, &self.name.text())?;
        Ok(quote_words(self.words.iter().map(String::as_str).chain([path.as_str()])))
    }
}

/// A question before something that can hurt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What will happen: `delete /data: 18,381 files, 266 MiB`. Its first word is the deed, and
    /// details stand behind the first colon.
    pub what: String,
    /// The line that does it.
    pub line: String,
}

impl Question {
    /// Returns the question itself: `Delete /data?`.
    pub fn title(&self) -> String {
        format!("{}?", capital(self.parts().0))
    }

    /// Returns what is said of it: `18,381 files, 266 MiB`; nothing where nothing is.
    pub fn details(&self) -> &str {
        self.parts().1
    }

    /// Returns the word for doing it: `Delete`.
    pub fn deed(&self) -> String {
        capital(self.what.split_whitespace().next().unwrap_or("do it"))
    }

    fn parts(&self) -> (&str, &str) {
        self.what.split_once(": ").unwrap_or((&self.what, ""))
    }
}

/// The text with a capital letter in front.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

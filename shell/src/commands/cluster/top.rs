//! `top`: the dashboard.

use crate::base::report::{local_io, usage};
use crate::base::terminal;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::seen::hinted;
use crate::session::connect::{self, Target};
use crate::session::contexts;
use crate::session::switch::switch;
use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Args, ValueEnum};
use dfs_client::recording::Recording;
use dfs_client::{Replacing, local_target};
use dfs_tui::top::playback;
use dfs_tui::top::run::{self, Left, Print, Source, Start};
use dfs_tui::top::shared::REFRESHES_MS;
use dfs_tui::top::theme::{Theme, ThemeName};
use dfs_tui::top::{Depth, Options, PageId};
use dfs_types::{Error, ErrorCode, Result};
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// The size of a printed frame without a terminal.
const SIZE: Size = Size { columns: 120, lines: 40 };
/// The file in the state directory that keeps the preferences.
const PREFERENCES: &str = "top.toml";

/// Arguments of `top`, and of `dfs-top`.
#[derive(Debug, Args)]
pub(super) struct Top {
    /// Print one frame as text, and exit.
    #[arg(long)]
    once: bool,
    /// The first view: overview, nodes, …; default: the last view used.
    #[arg(long, value_name = "VIEW", value_parser = Views, hide_possible_values = true)]
    view: Option<PageId>,
    /// Size of the printed frame; default: that of the terminal, else 120x40.
    #[arg(long, value_name = "COLUMNSxLINES", requires = "once")]
    size: Option<Size>,
    /// Print the frame with colours.
    #[arg(long, requires = "once")]
    ansi: bool,
    /// Refuse every command that changes something.
    #[arg(long)]
    read_only: bool,
    /// Colours: dark, light, mono.
    #[arg(long, value_name = "THEME")]
    theme: Option<Colours>,
    /// Refresh interval: 250ms to 5s.
    #[arg(long, value_name = "TIME", value_parser = refresh)]
    refresh: Option<Duration>,
    /// Do not capture the mouse.
    #[arg(long)]
    no_mouse: bool,
    /// Record to this file, for --replay.
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    record: Option<PathBuf>,
    /// Replace an existing recording.
    #[arg(short, requires = "record")]
    force: bool,
    /// Show a recording instead of the cluster.
    #[arg(long, value_name = "FILE", conflicts_with = "refresh")]
    replay: Option<PathBuf>,
    /// Start of the replay (2:10, 1:02:10, 90s); default with --once: its end.
    #[arg(long, value_name = "TIME", requires = "replay", value_parser = offset)]
    at: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colours {
    Dark,
    Light,
    Mono,
}

impl From<Colours> for ThemeName {
    fn from(colours: Colours) -> Self {
        match colours {
            Colours::Dark => Self::Dark,
            Colours::Light => Self::Light,
            Colours::Mono => Self::Mono,
        }
    }
}

/// Columns and lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    columns: u16,
    lines: u16,
}

/// The maximum width and height of a printed frame.
const SIDE_MAX: u16 = 1000;

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let side = |text: &str| text.parse().ok().filter(|side| (1..=SIDE_MAX).contains(side));
        let sides = text.split_once(['x', 'X', '×']).and_then(|(columns, lines)| Some((side(columns)?, side(lines)?)));
        let (columns, lines) = sides.ok_or(format!("a size is COLUMNSxLINES, each 1 to {SIDE_MAX}: 120x40"))?;
        Ok(Self { columns, lines })
    }
}

/// The maximum number of hours or minutes in an offset; no recording is longer.
const OFFSET_FIRST_MAX: u64 = 1_000_000;

/// Parses the name of a view, and lists the valid names.
#[derive(Debug, Clone)]
struct Views;

impl TypedValueParser for Views {
    type Value = PageId;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> std::result::Result<PageId, clap::Error> {
        view.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(PageId::ALL.into_iter().map(|view| PossibleValue::new(view.word()))))
    }
}

fn view(text: &str) -> std::result::Result<PageId, String> {
    let names = || PageId::ALL.map(PageId::word).join(", ");
    PageId::find(text).ok_or_else(|| format!("the views are {}", names()))
}

fn refresh(text: &str) -> std::result::Result<Duration, String> {
    let [fastest, .., slowest] = REFRESHES_MS.map(Duration::from_millis);
    let every = dfs_types::parse_duration(text).map_err(|error| error.to_string())?;
    if (fastest..=slowest).contains(&every) { Ok(every) } else { Err("250ms to 5s".to_owned()) }
}

/// Parses an offset from the start of a recording.
fn offset(text: &str) -> std::result::Result<Duration, String> {
    let wrong = || "a moment is so far from the begin: 2:10, 1:02:10, 90s".to_owned();
    if !text.contains(':') {
        return dfs_types::parse_duration(text).map_err(|_| wrong());
    }
    let parts: Vec<u64> = text.split(':').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
    let (&first, rest) = parts.split_first().ok_or_else(wrong)?;
    if rest.len() > 2 || first > OFFSET_FIRST_MAX || rest.iter().any(|part| *part >= 60) {
        return Err(wrong());
    }
    Ok(Duration::from_secs(rest.iter().fold(first, |sum, part| sum * 60 + part)))
}

impl Verb for Top {
    const NAME: &'static str = "top";
    const ABOUT: &'static str = "Show the full-screen dashboard";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::ChangesIf(|top| top.record.is_some());
    const EXAMPLES: &'static [Example] = &[
        ("top --once", "one frame as text, for tickets, cron and tests"),
        ("top --once --view replication --size 80x24", "one view, at the size of a small terminal"),
        (
            "top --once --record now.rec; top --replay now.rec --once --view nodes",
            "record one moment, and show a view of it",
        ),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::None;

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        if self.record.is_some() && context.only_planned::<String>([]) {
            return Ok(());
        }
        let at_terminal = context.out.is_terminal() && io::stdin().is_terminal() && context.session.console.is_none();
        if !self.once && !at_terminal {
            return Err(usage("the dashboard needs a terminal").hint("--once prints one frame as text"));
        }
        if !self.once && context.session.is_plain() {
            return Err(usage(
                "the full screen needs a terminal that takes control codes, and none are to be sent here",
            )
            .hint("`top --once` prints one frame as text, `watch top --once` one after the other"));
        }
        if self.once && context.json() {
            let error = usage("a frame is text, and has no JSON document");
            return Err(error.hint("status, nodes, masters and events have one: dfs-shell --json status"));
        }
        if self.once {
            return self.print(context).await;
        }
        let before = contexts::current(&context.session.options)?;
        let left = self.show(context).await;
        // The choice of a cluster ends with the dashboard.
        if contexts::current(&context.session.options)? != before {
            use_context(context, &before)?;
        }
        left
    }
}

/// Switches the session to another context. Blocks while a local cluster starts.
fn use_context(context: &mut Context<'_>, name: &str) -> Result<()> {
    tokio::task::block_in_place(|| switch(context.session, name))
}

impl Top {
    /// Prints one frame.
    async fn print(&self, context: &mut Context<'_>) -> Result<()> {
        let start = self.start(context, None).await?;
        let Size { columns, lines } = self.size.unwrap_or_else(|| of_terminal(context).unwrap_or(SIZE));
        let printed = context.call(run::print(start, Print { columns, lines, ansi: self.ansi })).await;
        let printed = printed.map_err(hinted)?;
        context.print(&printed.text)?;
        printed.failed.map_or(Ok(()), |error| Err(hinted(error)))
    }

    /// Shows the dashboard of one cluster after the other, until the user quits.
    async fn show(&self, context: &mut Context<'_>) -> Result<()> {
        let mut start = self.start(context, None).await?;
        loop {
            let name = match run::run(start).await? {
                Left::Quit => return Ok(()),
                Left::Signalled => return Err(Error::new(ErrorCode::Interrupted, "ended by a signal")),
                Left::Context(name) => name,
            };
            let before = contexts::current(&context.session.options)?;
            let next = match use_context(context, &name) {
                Ok(()) => self.start(context, None).await,
                Err(error) => Err(error),
            };
            start = match next {
                Ok(start) => start,
                // The cluster that was shown is shown again, with the reason.
                Err(error) => {
                    use_context(context, &before)?;
                    self.start(context, Some(format!("{name}: {}", error.message))).await?
                }
            };
        }
    }

    /// Prepares a dashboard of the session's cluster, with a message for its first frame.
    async fn start(&self, context: &mut Context<'_>, said: Option<String>) -> Result<Start> {
        let read_only = self.read_only || context.session.options.dry_run;
        let source = self.source(context, read_only).await?;
        let file = connect::state_directory()?.join(PREFERENCES);
        let mut preferences = if self.once { Default::default() } else { run::read_preferences(&file) };
        preferences.theme = self.theme.map(ThemeName::from).or(preferences.theme);
        preferences.refresh_ms =
            self.refresh.and_then(|every| u64::try_from(every.as_millis()).ok()).or(preferences.refresh_ms);
        preferences.mouse = if self.no_mouse { Some(false) } else { preferences.mouse };
        let depth = if self.once && !self.ansi { Depth::None } else { run::depth() };
        let target = context.session.target().filter(|_| self.replay.is_none());
        let options = Options {
            read_only,
            local: target.and_then(Target::on_this_machine),
            recorded: self.record.is_some(),
            replay: source.playback(),
            zone_s: jiff::Zoned::now().offset().seconds(),
            theme: Theme { name: ThemeName::Dark, depth, glyphs: terminal::glyphs() },
            preferences,
            page: self.view,
            directory: std::env::current_dir().unwrap_or_default(),
            context: target.and_then(Target::context).map(str::to_owned),
            contexts: others(context),
            said,
        };
        Ok(Start { options, source, preferences_file: Some(file) })
    }

    /// Returns the source of the snapshots.
    async fn source(&self, context: &mut Context<'_>, read_only: bool) -> Result<Source> {
        let Some(file) = &self.replay else {
            let mut client = context.client().await?;
            if self.once {
                client = context.session.find_cluster()?.looked_at(client);
            }
            let open = context.session.open_dashboard;
            let open = open.ok_or_else(|| Error::new(ErrorCode::Internal, "this program has no dashboard"))?;
            let world = open(context.session, read_only);
            let record = self.record.as_deref().map(|file| empty(file, self.force)).transpose()?;
            return Ok(Source::Cluster { client, world, record });
        };
        let recording = open(file)?;
        let length_ms = recording.length_ms();
        let at_ms = self.at.map(|at| u64::try_from(at.as_millis()).unwrap_or(u64::MAX));
        if at_ms.is_some_and(|at_ms| at_ms > length_ms) {
            context
                .session
                .say(&format!("top: the recording ends at {}: this is its end", playback::offset(length_ms)));
        }
        if let Some(damage) = recording.damage().filter(|_| self.once) {
            context.session.say(&format!("top: {}: {damage}", file.display()));
        }
        Ok(Source::Recording { recording, at_ms: at_ms.map(|at_ms| at_ms.min(length_ms)) })
    }
}

/// Returns the names of the contexts that are not in use; none if they cannot be read.
fn others(context: &Context<'_>) -> Vec<String> {
    let options = &context.session.options;
    let current = contexts::current(options).ok();
    let names = contexts::all(options).unwrap_or_default().into_iter().map(|(name, _)| name);
    names.filter(|name| current.as_ref() != Some(name)).collect()
}

/// Opens an existing recording.
fn open(path: &Path) -> Result<Recording<File>> {
    let data = std::fs::metadata(path).map_err(|error| local_io(path, &error))?;
    // Only regular files are accepted: a pipe would block and cannot be rewound, and a directory
    // cannot be read.
    if !data.is_file() {
        return Err(Error::new(ErrorCode::InvalidArgument, "a recording is a file").at(path.display()));
    }
    let file = File::open(path).map_err(|error| local_io(path, &error))?;
    Recording::open(file).map_err(|error| error.at(path.display()))
}

/// Creates an empty file for a recording, readable by its owner only.
fn empty(path: &Path, replace: bool) -> Result<File> {
    let path = &local_target(path, Replacing { files: replace, through_links: true })?;
    if path.is_file() {
        std::fs::remove_file(path).map_err(|error| local_io(path, &error))?;
    }
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| local_io(path, &error))
}

fn of_terminal(context: &Context<'_>) -> Option<Size> {
    let columns = context.out.width().and_then(|cells| u16::try_from(cells).ok())?;
    let lines = context.out.height().and_then(|lines| u16::try_from(lines).ok())?;
    // The line below the frame is left for the prompt.
    Some(Size { columns, lines: lines.saturating_sub(1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!("80x24".parse(), Ok(Size { columns: 80, lines: 24 }));
        assert!(["80", "0x1", "x", "80x", "1001x1", "-1x3"].iter().all(|text| text.parse::<Size>().is_err()));
    }

    #[test]
    fn views_and_refresh() {
        assert_eq!(view("repl"), Ok(PageId::Replication));
        assert!(view("nothing").is_err_and(|why| why.starts_with("the views are overview")));
        assert_eq!(refresh("500ms"), Ok(Duration::from_millis(500)));
        assert!(refresh("1ms").is_err() && refresh("1h").is_err());
    }

    #[test]
    fn moments_of_a_recording() {
        for (text, seconds) in
            [("2:10", 130), ("0:00", 0), ("1:02:10", 3_730), ("90s", 90), ("90:00", 5_400), ("1m", 60)]
        {
            assert_eq!(offset(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", ":", "2:", "2:60", "1:2:3:4", "-1:00", "x", "99999999999999999999:00", "1000001:00:00", "+"] {
            assert!(offset(text).is_err(), "{text}");
        }
    }
}

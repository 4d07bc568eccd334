//! `top`: the dashboard.

use super::{Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::connect;
use crate::context::Context;
use crate::report::usage;
use chrono::{Local, Offset};
use clap::{Args, ValueEnum};
use dfs_tui::top::model::REFRESHES_MS;
use dfs_tui::top::run::{self, Left, Print, Start};
use dfs_tui::top::theme::{Theme, ThemeName};
use dfs_tui::top::{Depth, Options, PageId};
use dfs_types::{Error, ErrorCode, Result};
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::str::FromStr;
use std::time::Duration;

/// The size of a frame that is printed off a terminal.
const SIZE: Size = Size { columns: 120, lines: 40 };
/// What was set is kept in this file of the state folder.
const PREFERENCES: &str = "top.toml";

/// Arguments of `top`, and of `dfs-top`.
#[derive(Debug, Args)]
pub struct Top {
    /// Print one frame as text, and leave.
    #[arg(long)]
    once: bool,
    /// The view to begin with: overview, nodes, …; without it the one of the last time.
    #[arg(long, value_name = "VIEW", value_parser = view)]
    view: Option<PageId>,
    /// The size of the frame that is printed; that of the terminal, or 120x40.
    #[arg(long, value_name = "COLUMNSxLINES", requires = "once")]
    size: Option<Size>,
    /// Print the frame with colours.
    #[arg(long, requires = "once")]
    ansi: bool,
    /// Let nothing be changed from here.
    #[arg(long)]
    read_only: bool,
    /// Colours: dark, light, mono.
    #[arg(long, value_name = "THEME")]
    theme: Option<Colours>,
    /// How often a picture of the cluster is asked for: 250ms to 5s.
    #[arg(long, value_name = "TIME", value_parser = refresh)]
    refresh: Option<Duration>,
    /// Leave the mouse to the terminal.
    #[arg(long)]
    no_mouse: bool,
    /// Panic at the first key: how tests see that the terminal is given back.
    #[arg(long, hide = true)]
    plant_panic: bool,
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

/// A printed frame is at most this wide and high.
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

fn view(text: &str) -> std::result::Result<PageId, String> {
    let names = || PageId::ALL.map(PageId::word).join(", ");
    PageId::find(text).ok_or_else(|| format!("the views are {}", names()))
}

fn refresh(text: &str) -> std::result::Result<Duration, String> {
    let [fastest, .., slowest] = REFRESHES_MS.map(Duration::from_millis);
    let every = dfs_types::parse_duration(text).map_err(|error| error.to_string())?;
    if (fastest..=slowest).contains(&every) { Ok(every) } else { Err("250ms to 5s".to_owned()) }
}

impl Verb for Top {
    const NAME: &'static str = "top";
    const ABOUT: &'static str = "Show the whole cluster on the full screen, and act on it";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("top --once", "one frame as text: for tickets, cron and tests"),
        ("top --once --view replication --size 80x24", "one view, in the size of a small terminal"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::None;

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let read_only = self.read_only || context.session.options.dry_run;
        let client = context.client().await?;
        let state = connect::state_folder(&context.session.options)?;
        let file = state.join(PREFERENCES);
        let mut preferences = if self.once { Default::default() } else { run::kept(&file) };
        preferences.theme = self.theme.map(ThemeName::from).or(preferences.theme);
        preferences.refresh_ms =
            self.refresh.and_then(|every| u64::try_from(every.as_millis()).ok()).or(preferences.refresh_ms);
        preferences.mouse = if self.no_mouse { Some(false) } else { preferences.mouse };
        let depth = if self.once && !self.ansi { Depth::None } else { run::depth() };
        let options = Options {
            read_only,
            local: context.session.target().is_some_and(|target| target.local().is_some()),
            zone_s: Local::now().offset().fix().local_minus_utc(),
            theme: Theme { name: ThemeName::Dark, depth },
            preferences,
            page: self.view,
            folder: std::env::current_dir().unwrap_or_default(),
        };
        let world = crate::top::world(context.session, read_only);
        let start = Start { options, client, world, preferences_file: Some(file), planted_panic: self.plant_panic };
        if self.once {
            let Size { columns, lines } = self.size.unwrap_or_else(|| of_terminal(context).unwrap_or(SIZE));
            let frame = context.call(run::print(start, Print { columns, lines, ansi: self.ansi })).await?;
            return context.print(&frame);
        }
        if !context.out.is_terminal() || !io::stdin().is_terminal() || context.session.desk.is_some() {
            return Err(usage("the dashboard needs a terminal").hint("--once prints one frame as text"));
        }
        match run::run(start).await? {
            Left::Quit => Ok(()),
            Left::Signalled => Err(Error::new(ErrorCode::Interrupted, "ended by a signal")),
        }
    }
}

fn of_terminal(context: &Context<'_>) -> Option<Size> {
    let columns = context.out.width().and_then(|cells| u16::try_from(cells).ok())?;
    let lines = context.out.height().and_then(|lines| u16::try_from(lines).ok())?;
    // The line below the frame is the prompt's.
    Some(Size { columns, lines: lines.saturating_sub(1) })
}

/// `dfs-top` with its arguments as `dfs-shell` takes them: what finds the cluster stands before the command.
pub fn as_words(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut before = vec![OsString::from("dfs-shell")];
    let mut behind = vec![OsString::from(Top::NAME)];
    let mut arguments = arguments.skip(1);
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy().into_owned();
        let name = text.split_once('=').map_or(text.as_str(), |(name, _)| name);
        match name {
            "--no-start" | "--version" | "-V" => before.push(argument),
            "--masters" | "--config" | "--timeout" => {
                before.push(argument);
                if !text.contains('=') {
                    before.extend(arguments.next());
                }
            }
            _ => behind.push(argument),
        }
    }
    before.into_iter().chain(behind).collect()
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
    fn dfs_top_is_the_command_of_the_shell() {
        let words = |line: &str| as_words(line.split(' ').map(OsString::from)).join(" ".as_ref());
        assert_eq!(words("dfs-top"), "dfs-shell top");
        assert_eq!(
            words("dfs-top --once --masters a:1 --view nodes"),
            "dfs-shell --masters a:1 top --once --view nodes"
        );
        assert_eq!(words("dfs-top --config=x --read-only"), "dfs-shell --config=x top --read-only");
    }
}

//! Formats the prompt: the working directory and the state of the cluster, as far as it is known.

use super::known::{Health, Known};
use dfs_term::text::{sanitise, width};
use dfs_term::{Tone, View};
use dfs_types::DfsPath;
use rustyline::Prompt;

/// The maximum width of the path in cells; its end is kept.
const PATH_CELLS_MAX: usize = 40;
/// The minimum width of the path in cells, however narrow the terminal is.
const PATH_CELLS_MIN: usize = 8;

/// The prompt without and with colours.
type Text = (String, String);

/// A prompt that changes with the state of the cluster while it is shown.
#[derive(Debug)]
pub(super) struct Label {
    /// The text for each [`State`]. All have the same width, because the editor measures a prompt
    /// once.
    texts: [Text; 3],
    known: Known,
}

/// The states that a prompt distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Well,
    Troubled,
    Away,
}

impl From<&Health> for State {
    fn from(health: &Health) -> Self {
        match health {
            Health::Unknown | Health::Well => Self::Well,
            Health::Troubled(_) => Self::Troubled,
            Health::Away(_) => Self::Away,
        }
    }
}

impl Label {
    /// Returns the current prompt for a terminal that is `cells` wide. It names a context that is
    /// not the default.
    pub(super) fn new(context: Option<&str>, directory: &DfsPath, known: &Known, view: &View, cells: usize) -> Self {
        let before = State::from(&known.health());
        let whose = context.map_or_else(|| "dfs:".to_owned(), |name| format!("dfs@{}:", sanitise(name)));
        let room = (cells / 2).clamp(PATH_CELLS_MIN, PATH_CELLS_MAX);
        let path = end_of(&sanitise(directory.as_str()), room, view.glyphs.ellipsis());
        let texts = [State::Well, State::Troubled, State::Away].map(|now| {
            let tone = match now {
                State::Well if before == now => Tone::Plain,
                State::Well => Tone::Good,
                State::Troubled => Tone::Warning,
                State::Away => Tone::Bad,
            };
            prompt((&whose, &path), (mark(before, now), tone), view)
        });
        Self { texts, known: known.clone() }
    }

    fn now(&self) -> &Text {
        let [well, troubled, away] = &self.texts;
        match State::from(&self.known.health()) {
            State::Well => well,
            State::Troubled => troubled,
            State::Away => away,
        }
    }
}

impl Prompt for Label {
    fn raw(&self) -> &str {
        &self.now().0
    }

    fn styled(&self) -> &str {
        &self.now().1
    }
}

/// Returns the end of the prompt around its `>`. It begins with the state `before`; for another
/// state it has the same width.
fn mark(before: State, now: State) -> (&'static str, &'static str) {
    match (before, now) {
        (State::Well, State::Well) => ("", "> "),
        (State::Well, State::Troubled) => ("!", ">"),
        (State::Well, State::Away) => ("?", ">"),
        (State::Troubled, State::Well) => (" -", "> "),
        (State::Troubled, State::Troubled) => (" !", "> "),
        (State::Troubled, State::Away) => (" ?", "> "),
        (State::Away, State::Well) => (" (back online)", "> "),
        (State::Away, State::Troubled) => (" (not healthy)", "> "),
        (State::Away, State::Away) => (" (unreachable)", "> "),
    }
}

fn prompt((whose, path): (&str, &str), ((mark, end), tone): ((&str, &str), Tone), view: &View) -> Text {
    let raw = format!("{whose}{path}{mark}{end}");
    let (whose, path) = (view.paint(Tone::Dim, whose), view.paint(Tone::Directory, path));
    (raw, format!("{whose}{path}{}{end}", view.paint(tone, mark)))
}

/// Returns the text if it fits, otherwise its end after the ellipsis `sign`.
fn end_of(path: &str, cells: usize, sign: &str) -> String {
    if width(path) <= cells {
        return path.to_owned();
    }
    let mut cut = path;
    while let Some(c) = cut.chars().next()
        && width(cut) + width(sign) > cells
    {
        cut = cut.get(c.len_utf8()..).unwrap_or_default();
    }
    format!("{sign}{cut}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_types::{Error, ErrorCode};

    fn label(context: Option<&str>, path: &str, health: &Health, view: &View, cells: usize) -> Label {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let known = Known::new(runtime.handle().clone());
        known.note(health.clone());
        Label::new(context, &DfsPath::parse(path).expect("valid"), &known, view, cells)
    }

    fn raw(path: &str, health: &Health, cells: usize) -> String {
        label(None, path, health, &View::default(), cells).raw().to_owned()
    }

    #[test]
    fn it_shows_where_we_are() {
        assert_eq!(raw("/", &Health::Well, 80), "dfs:/> ");
        assert_eq!(raw("/a\x1b[31m", &Health::Unknown, 80), "dfs:/a\\u{1b}[31m> ");
        let deep = raw(&format!("/{}/end", "x".repeat(100)), &Health::Well, 80);
        assert!(deep.starts_with("dfs:…x") && deep.ends_with("xx/end> "), "{deep}");
        assert_eq!(raw("/data/2026/november", &Health::Well, 20), "dfs:…/november> ");
        assert_eq!(raw("/漢字漢字漢字漢字", &Health::Well, 20), "dfs:…漢字漢字> ");
    }

    #[test]
    fn it_says_how_the_cluster_is() {
        let away = Health::Away(Error::new(ErrorCode::Unreachable, "refused"));
        assert_eq!(raw("/", &away, 80), "dfs:/ (unreachable)> ");
        assert_eq!(raw("/", &Health::Troubled("a datanode is dead".into()), 80), "dfs:/ !> ");
        let view = View { colour: true, ..View::default() };
        let label = label(Some("office"), "/", &away, &view, 80);
        let (raw, styled) = (label.raw(), label.styled());
        assert_eq!(raw, "dfs@office:/ (unreachable)> ");
        assert_eq!(
            styled.replace("\x1b[2m", "").replace("\x1b[1;34m", "").replace("\x1b[31m", "").replace("\x1b[0m", ""),
            raw
        );
    }

    #[test]
    fn it_changes_with_the_state_of_the_cluster_and_keeps_its_width() {
        let away = Health::Away(Error::new(ErrorCode::Unreachable, "refused"));
        let troubled = Health::Troubled("a datanode is dead".into());
        for (before, well, ill, gone) in [
            (Health::Well, "dfs:/a> ", "dfs:/a!>", "dfs:/a?>"),
            (troubled.clone(), "dfs:/a -> ", "dfs:/a !> ", "dfs:/a ?> "),
            (away.clone(), "dfs:/a (back online)> ", "dfs:/a (not healthy)> ", "dfs:/a (unreachable)> "),
        ] {
            let label = label(None, "/a", &before, &View::default(), 80);
            for (now, text) in [(Health::Well, well), (troubled.clone(), ill), (away.clone(), gone)] {
                label.known.note(now);
                assert_eq!((label.raw(), width(text)), (text, width(well)), "{before:?}");
            }
        }
    }
}

//! Formats the prompt: the working directory and the state of the cluster, as far as it is known.

use super::known::{Health, Known};
use dfs_term::text::{sanitise, width};
use dfs_term::{Tone, View};
use dfs_types::DfsPath;
use rustyline::Prompt;

/// The maximum width of the path in cells; its end is kept.
const PATH_CELLS_MAX: usize = 40;
/// The marks for a cluster that is unreachable, and for one that is reachable again.
const UNREACHABLE: &str = " (unreachable)";
const REACHABLE: &str = " (reachable)";
/// The minimum width of the path in cells, however narrow the terminal is.
const PATH_CELLS_MIN: usize = 8;

/// The prompt without and with colours.
type Text = (String, String);

/// A prompt that changes if the cluster becomes reachable while it is shown.
#[derive(Debug)]
pub(super) struct Label {
    text: Text,
    /// The text for a cluster that is reachable again. It has the same width, because the editor
    /// measures a prompt once.
    back: Option<Text>,
    known: Known,
}

impl Label {
    /// Returns the current prompt for a terminal that is `cells` wide. It names a context that is
    /// not the default.
    pub(super) fn new(context: Option<&str>, directory: &DfsPath, known: &Known, view: &View, cells: usize) -> Self {
        let health = known.health();
        let whose = context.map_or_else(|| "dfs:".to_owned(), |name| format!("dfs@{}:", sanitise(name)));
        let room = (cells / 2).clamp(PATH_CELLS_MIN, PATH_CELLS_MAX);
        let path = end_of(&sanitise(directory.as_str()), room, view.glyphs.ellipsis());
        let text = prompt((&whose, &path), mark(&health), " ", view);
        let back = matches!(health, Health::Away(_)).then(|| {
            let blanks = " ".repeat(1 + width(UNREACHABLE).saturating_sub(width(REACHABLE)));
            prompt((&whose, &path), (REACHABLE, Tone::Good), &blanks, view)
        });
        Self { text, back, known: known.clone() }
    }

    fn now(&self) -> &Text {
        self.back.as_ref().filter(|_| !matches!(self.known.health(), Health::Away(_))).unwrap_or(&self.text)
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

fn mark(health: &Health) -> (&'static str, Tone) {
    match health {
        Health::Unknown | Health::Well => ("", Tone::Plain),
        Health::Troubled(_) => (" !", Tone::Warning),
        Health::Away(_) => (UNREACHABLE, Tone::Bad),
    }
}

fn prompt((whose, path): (&str, &str), (mark, tone): (&str, Tone), blanks: &str, view: &View) -> Text {
    let raw = format!("{whose}{path}{mark}>{blanks}");
    let (whose, path) = (view.paint(Tone::Dim, whose), view.paint(Tone::Directory, path));
    (raw, format!("{whose}{path}{}>{blanks}", view.paint(tone, mark)))
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
        label(None, path, health, &View::default(), cells).text.0
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
        let (raw, styled) = label(Some("office"), "/", &away, &view, 80).text;
        assert_eq!(raw, "dfs@office:/ (unreachable)> ");
        assert_eq!(
            styled.replace("\x1b[2m", "").replace("\x1b[1;34m", "").replace("\x1b[31m", "").replace("\x1b[0m", ""),
            raw
        );
    }

    #[test]
    fn it_changes_when_the_cluster_is_back_and_keeps_its_width() {
        let away = Health::Away(Error::new(ErrorCode::Unreachable, "refused"));
        let label = label(None, "/a", &away, &View::default(), 80);
        assert_eq!(label.raw(), "dfs:/a (unreachable)> ");
        label.known.note(Health::Well);
        assert_eq!(label.raw(), "dfs:/a (reachable)>   ");
        assert_eq!(label.raw().len(), label.text.0.len());
    }
}

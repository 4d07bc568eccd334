//! The prompt: where we are, and how the cluster is, as far as that is known.

use super::known::Health;
use dfs_term::text::{sanitise, width};
use dfs_term::{Tone, View};
use dfs_types::DfsPath;

/// The prompt shows at most so many cells of the path: its end.
const PATH_CELLS_MAX: usize = 40;
/// However narrow the terminal is, so many are shown.
const PATH_CELLS_MIN: usize = 8;

/// The prompt as it is measured and as it is shown, in a terminal that is `cells` wide. A context that is not the default is
/// named.
pub(super) fn prompt(
    context: Option<&str>,
    directory: &DfsPath,
    health: &Health,
    view: &View,
    cells: usize,
) -> (String, String) {
    let whose = context.map_or_else(|| "dfs:".to_owned(), |name| format!("dfs@{}:", sanitise(name)));
    let room = (cells / 2).clamp(PATH_CELLS_MIN, PATH_CELLS_MAX);
    let path = end_of(&sanitise(directory.as_str()), room, view.glyphs.ellipsis());
    let (mark, tone) = match health {
        Health::Unknown | Health::Well => ("", Tone::Plain),
        Health::Troubled(_) => (" !", Tone::Warning),
        Health::Away(_) => (" (away)", Tone::Bad),
    };
    let raw = format!("{whose}{path}{mark}> ");
    let styled =
        format!("{}{}{}> ", view.paint(Tone::Dim, &whose), view.paint(Tone::Directory, &path), view.paint(tone, mark));
    (raw, styled)
}

/// The text if it is no wider, else its end behind the sign that something was cut.
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

    fn raw(path: &str, health: &Health, cells: usize) -> String {
        prompt(None, &DfsPath::parse(path).expect("valid"), health, &View::default(), cells).0
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
        assert_eq!(raw("/", &away, 80), "dfs:/ (away)> ");
        assert_eq!(raw("/", &Health::Troubled("a datanode is dead".into()), 80), "dfs:/ !> ");
        let view = View { colour: true, ..View::default() };
        let (raw, styled) = prompt(Some("office"), &DfsPath::root(), &away, &view, 80);
        assert_eq!(raw, "dfs@office:/ (away)> ");
        assert_eq!(
            styled.replace("\x1b[2m", "").replace("\x1b[1;34m", "").replace("\x1b[31m", "").replace("\x1b[0m", ""),
            raw
        );
    }
}

//! From what could stand at the cursor to what the editor does and shows. Pure.

use super::target::{Target, completed};
use dfs_term::text::{sanitise, truncate, width};
use rustyline::completion::Pair;

/// Candidates that are shown. The editor cannot show more than 65,535, and nobody reads that many.
const SHOWN_MAX: usize = 500;
/// Lines of the screen that candidates leave to the prompt.
const LINES_LEFT: usize = 3;

/// Something that could stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Choice {
    /// The whole word, without quotes.
    pub text: String,
    /// What is shown of it.
    pub shown: String,
    /// Nothing comes behind it in this word.
    pub ended: bool,
}

/// All that could stand at the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Choices {
    pub list: Vec<Choice>,
    /// There are others, and how many, if that is known.
    pub others: Option<Option<u64>>,
    /// The cluster did not answer in time.
    pub late: bool,
}

/// The cells and lines of the terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Screen {
    pub cells: usize,
    pub lines: usize,
}

impl Choice {
    /// A word that is shown as it is.
    pub(super) fn word(text: &str) -> Self {
        Self { text: text.to_owned(), shown: text.to_owned(), ended: true }
    }

    /// A path: `above` was typed already, `name` is in that directory.
    pub(super) fn path(above: &str, name: &str, is_directory: bool) -> Self {
        let slash = if is_directory { "/" } else { "" };
        // A word that begins with a dash would be taken for a flag.
        let here = if above.is_empty() && name.starts_with('-') { "./" } else { "" };
        Self {
            text: format!("{here}{above}{name}{slash}"),
            shown: format!("{}{slash}", sanitise(name)),
            ended: !is_directory,
        }
    }
}

impl Choices {
    /// Words that begin so.
    pub(super) fn words<S: AsRef<str>>(words: impl IntoIterator<Item = S>, typed: &str) -> Self {
        let list = words.into_iter().filter(|word| word.as_ref().starts_with(typed));
        Self { list: list.map(|word| Choice::word(word.as_ref())).collect(), ..Self::default() }
    }

    /// These and those.
    pub(super) fn and(mut self, those: Self) -> Self {
        self.list.extend(those.list);
        self.list.sort();
        self.list.dedup_by(|a, b| a.text == b.text);
        self.others = match (self.others, those.others) {
            (Some(Some(these)), Some(Some(those))) => Some(Some(these + those)),
            (Some(_), Some(_)) => Some(None),
            (these, those) => these.or(those),
        };
        self.late |= those.late;
        self
    }

    /// What the editor puts in, or shows: one pair is put in, several are shown. `raw` is what was typed, with its quotes.
    /// Also what is to be said behind the line.
    pub(super) fn offer(mut self, target: &Target, raw: &str, screen: Screen) -> (Vec<Pair>, Option<&'static str>) {
        let note = self.late.then_some(if self.list.is_empty() { "the cluster does not answer" } else { "stale" });
        let put_in = |replacement: String| vec![Pair { display: String::new(), replacement }];
        let common = if self.others.is_some() { String::new() } else { self.common() };
        match self.list.as_slice() {
            // Put in what is there already, so that the note is shown.
            [] if note.is_some() => (put_in(raw.to_owned()), note),
            [] => (Vec::new(), None),
            [one] if self.others.is_none() => (put_in(completed_path(&one.text, target.quote, one.ended)), note),
            _ if common.len() > target.typed.len() => (put_in(completed_path(&common, target.quote, false)), note),
            _ => {
                let taken = self.list.len();
                self.list.truncate(SHOWN_MAX);
                (self.shown(taken, screen).into_iter().map(|display| pair(display, raw)).collect(), None)
            }
        }
    }

    /// What all of them begin with.
    fn common(&self) -> String {
        let Some((first, rest)) = self.list.split_first() else { return String::new() };
        let shared = |a: &str, b: &str| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
        let chars = rest.iter().map(|choice| shared(&first.text, &choice.text)).min();
        first.text.chars().take(chars.unwrap_or(usize::MAX)).collect()
    }

    /// As many as the screen holds, and how many there are besides.
    fn shown(&self, taken: usize, screen: Screen) -> Vec<String> {
        let cells = screen.cells.saturating_sub(2).max(1);
        let names: Vec<String> = self.list.iter().map(|choice| truncate(&choice.shown, cells).into_owned()).collect();
        let mut count = names.len();
        loop {
            let mut shown = names.get(..count).unwrap_or_default().to_vec();
            let hidden = (taken - count) as u64;
            let others = match self.others {
                None => (hidden > 0).then_some(Some(hidden)),
                Some(others) => Some(others.map(|others| others + hidden)),
            };
            let stale = if self.late { " (stale)" } else { "" };
            match others {
                Some(Some(others)) => shown.push(format!("… and {} more{stale}", dfs_term::figures::count(others))),
                Some(None) => shown.push(format!("… and more{stale}")),
                None if self.late => shown.push("(stale)".to_owned()),
                None => {}
            }
            if count <= 1 || lines(&shown, screen.cells) + LINES_LEFT <= screen.lines {
                return shown;
            }
            count = count * 9 / 10;
        }
    }
}

/// Lines that the editor needs to show them: it makes all columns as wide as the widest name.
fn lines(names: &[String], cells: usize) -> usize {
    let wide = names.iter().map(|name| width(name)).max().unwrap_or(0) + 2;
    names.len().div_ceil((cells / wide.min(cells).max(1)).max(1))
}

fn pair(display: String, raw: &str) -> Pair {
    Pair { display, replacement: raw.to_owned() }
}

/// [`completed`], but a `~` that stands for the home directory stays bare.
pub(super) fn completed_path(path: &str, quote: Option<char>, ended: bool) -> String {
    match path.strip_prefix("~/") {
        Some(rest) if quote.is_none() => format!("~/{}", completed(rest, None, ended)),
        _ => completed(path, quote, ended),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::target::target;

    const WIDE: Screen = Screen { cells: 80, lines: 24 };

    fn files(names: &[&str]) -> Choices {
        let list = names.iter().map(|name| Choice::path("", name.trim_end_matches('/'), name.ends_with('/')));
        Choices { list: list.collect(), ..Choices::default() }
    }

    /// What is put in, or shown, when Tab is pressed behind `line`.
    fn offered(choices: Choices, line: &str, screen: Screen) -> (Vec<String>, Option<&'static str>) {
        let target = target(line).expect("completable");
        let raw = line.get(target.start..).expect("in the line").to_owned();
        let (pairs, note) = choices.offer(&target, &raw, screen);
        let shows = pairs.len() > 1;
        assert!(!shows || pairs.iter().all(|pair| pair.replacement == raw), "showing changes nothing");
        (pairs.into_iter().map(|pair| if shows { pair.display } else { pair.replacement }).collect(), note)
    }

    #[test]
    fn one_is_put_in_with_its_quotes() {
        for (line, name, put_in) in [
            ("ls m", "my file", "my\\ file "),
            ("ls 'm", "my file", "'my file' "),
            ("ls \"m", "my $file", "\"my \\$file\" "),
            ("ls m", "my directory/", "my\\ directory/"),
            ("ls ", "-rf", "./-rf "),
            ("ls a", "a\nb", "$'a\\nb' "),
            ("ls a", "a;b/", "a\\;b/"),
            ("ls ", "🦀 crab", "🦀\\ crab "),
        ] {
            assert_eq!(offered(files(&[name]), line, WIDE).0, [put_in], "{line}");
        }
    }

    #[test]
    fn what_is_common_is_put_in_and_then_all_are_shown() {
        let names = ["my file", "my film/"];
        assert_eq!(offered(files(&names), "ls m", WIDE).0, ["my\\ fil"]);
        assert_eq!(offered(files(&names), "ls my\\ fil", WIDE).0, names);
        assert_eq!(offered(files(&names), "ls 'my", WIDE).0, ["'my fil"]);
        assert_eq!(offered(files(&["é", "è"]), "ls ", WIDE).0, ["é", "è"]);
    }

    #[test]
    fn a_part_of_a_directory_says_how_much_is_missing() {
        let mut choices = files(&["a1", "a2"]);
        choices.others = Some(Some(999_998));
        assert_eq!(offered(choices.clone(), "ls ", WIDE).0, ["a1", "a2", "… and 999,998 more"]);
        choices.others = Some(None);
        assert_eq!(offered(choices, "ls ", WIDE).0, ["a1", "a2", "… and more"]);
    }

    #[test]
    fn what_is_shown_fits_the_screen() {
        let names: Vec<String> = (0..2000).map(|number| format!("f{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for screen in [WIDE, Screen { cells: 20, lines: 10 }, Screen { cells: 1, lines: 1 }] {
            let (shown, _) = offered(files(&names), "ls f", screen);
            assert!(lines(&shown, screen.cells) <= screen.lines.max(2), "{screen:?}: {shown:?}");
            let hidden = 2000 - (shown.len() - 1);
            assert_eq!(shown.last(), Some(&format!("… and {} more", dfs_term::figures::count(hidden as u64))));
        }
    }

    #[test]
    fn what_is_old_says_so() {
        let mut choices = files(&["a", "b"]);
        choices.late = true;
        assert_eq!(offered(choices, "ls ", WIDE).0, ["a", "b", "(stale)"]);
        let mut one = files(&["a"]);
        one.late = true;
        assert_eq!(offered(one, "ls ", WIDE), (vec!["a ".to_owned()], Some("stale")));
        let none = Choices { late: true, ..Choices::default() };
        assert_eq!(offered(none, "ls 'x", WIDE), (vec!["'x".to_owned()], Some("the cluster does not answer")));
        assert_eq!(offered(Choices::default(), "ls x", WIDE), (vec![], None));
    }
}

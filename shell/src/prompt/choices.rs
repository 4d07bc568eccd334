//! Turns completion candidates into an edit of the line or a menu. Pure.

use super::directories::Name;
use super::menu::Content;
use super::target::{Target, completed};
use dfs_term::text::sanitise;

/// The maximum number of candidates that are shown.
const SHOWN_MAX: usize = 500;

/// A completion candidate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Choice {
    /// The whole word, without quotes.
    pub text: String,
    /// The text that the menu shows.
    pub shown: String,
    /// True if the word ends after this candidate, so that a space follows.
    pub ended: bool,
    /// A description of one line.
    pub about: Option<String>,
}

/// All completion candidates at the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Choices {
    pub list: Vec<Choice>,
    /// Set if there are more candidates than listed; holds their number if it is known.
    pub others: Option<Option<u64>>,
    /// True if the cluster did not answer in time.
    pub late: bool,
    /// True if the candidates match the typed text only with letter case ignored.
    pub folded: bool,
}

/// The result of a completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Offer {
    Nothing,
    /// Replaces the word with the text; the note, if any, is shown after the line.
    Text(String, Option<&'static str>),
    /// Shows several candidates below the line.
    Menu(Content),
}

/// The width and height of the terminal, in cells and lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Screen {
    pub cells: usize,
    pub lines: usize,
}

impl Choice {
    /// Returns a candidate that is shown as it is.
    pub(super) fn word(text: &str) -> Self {
        Self { text: text.to_owned(), shown: sanitise(text).into_owned(), ended: true, about: None }
    }

    /// Returns a candidate with a description.
    pub(super) fn explained(text: &str, about: &str) -> Self {
        let about = sanitise(about.lines().next().unwrap_or_default()).into_owned();
        Self { about: Some(about).filter(|about| !about.is_empty()), ..Self::word(text) }
    }

    /// Returns a path as a candidate: `above` is the part that was typed already, `name` is an
    /// entry of that directory.
    pub(super) fn path(above: &str, name: &str, is_directory: bool) -> Self {
        let slash = if is_directory { "/" } else { "" };
        // A word that begins with a dash would be parsed as a flag.
        let here = if above.is_empty() && name.starts_with('-') { "./" } else { "" };
        Self {
            text: format!("{here}{above}{name}{slash}"),
            shown: format!("{}{slash}", sanitise(name)),
            ended: !is_directory,
            about: None,
        }
    }
}

impl Choices {
    /// Returns the words that begin with the typed text.
    pub(super) fn words<S: AsRef<str>>(words: impl IntoIterator<Item = S>, typed: &str) -> Self {
        Self::of(words.into_iter().map(|word| Choice::word(word.as_ref())), typed)
    }

    /// Returns the choices that begin with the typed text; if none does, those that match with
    /// letter case ignored.
    pub(super) fn of(choices: impl IntoIterator<Item = Choice>, typed: &str) -> Self {
        let near: Vec<Choice> = choices.into_iter().filter(|choice| begins_folded(&choice.text, typed)).collect();
        let folded = near.iter().all(|choice| !choice.text.starts_with(typed));
        let list = near.into_iter().filter(|choice| folded || choice.text.starts_with(typed));
        Self { list: list.collect(), folded, ..Self::default() }
    }

    /// Returns candidates for the paths that the typed text may abbreviate or misspell.
    pub(super) fn meant(found: Vec<(String, Name)>, typed: &str, only_directories: bool) -> Self {
        let typed_above = typed.rfind('/').and_then(|slash| typed.get(..=slash)).unwrap_or_default();
        let fitting = found.into_iter().filter(|(_, (_, directory))| *directory || !only_directories);
        let choice = |(above, (name, directory)): (String, Name)| {
            let choice = Choice::path(&above, &name, directory);
            // Shows the whole path if its directory differs from the typed one.
            if above == typed_above { choice } else { Choice { shown: sanitise(&choice.text).into_owned(), ..choice } }
        };
        Self { list: fitting.map(choice).collect(), folded: true, ..Self::default() }.sorted()
    }

    /// Sorts the candidates and removes duplicates.
    pub(super) fn sorted(mut self) -> Self {
        self.list.sort();
        self.list.dedup_by(|a, b| a.text == b.text);
        self
    }

    /// Merges two lists of candidates. If only one of them matches the letter case of the typed
    /// text, that one is kept.
    pub(super) fn and(mut self, those: Self) -> Self {
        self.others = match (self.others, those.others) {
            (Some(Some(these)), Some(Some(those))) => Some(Some(these + those)),
            (Some(_), Some(_)) => Some(None),
            (these, those) => these.or(those),
        };
        self.late |= those.late;
        match (self.folded || self.list.is_empty(), those.folded || those.list.is_empty()) {
            (true, false) => (self.list, self.folded) = (those.list, false),
            (false, true) => {}
            (..) => self.list.extend(those.list),
        }
        self.sorted()
    }

    /// Returns the edit or the menu for the target. `raw` is the typed text with its quotes.
    pub(super) fn offer(mut self, target: &Target, raw: &str) -> Offer {
        let note = self.late.then_some(if self.list.is_empty() { "the cluster does not answer" } else { "stale" });
        let common = if self.others.is_some() { String::new() } else { self.common() };
        match self.list.as_slice() {
            // The text is replaced with itself, so that the note is shown.
            [] if note.is_some() => Offer::Text(raw.to_owned(), note),
            [] => Offer::Nothing,
            [one] if self.others.is_none() => Offer::Text(completed_path(&one.text, target.quote, one.ended), note),
            _ if common.len() > target.typed.len() => Offer::Text(completed_path(&common, target.quote, false), note),
            _ => {
                let hidden = self.list.len().saturating_sub(SHOWN_MAX) as u64;
                self.list.truncate(SHOWN_MAX);
                let others = match self.others {
                    None => (hidden > 0).then_some(Some(hidden)),
                    Some(others) => Some(others.map(|others| others + hidden)),
                };
                Offer::Menu(Content { list: self.list, others, late: self.late, quote: target.quote })
            }
        }
    }

    /// Returns the longest common prefix of all candidates.
    fn common(&self) -> String {
        let Some((first, rest)) = self.list.split_first() else { return String::new() };
        let shared = |a: &str, b: &str| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
        let chars = rest.iter().map(|choice| shared(&first.text, &choice.text)).min();
        first.text.chars().take(chars.unwrap_or(usize::MAX)).collect()
    }
}

/// Returns true if `text` begins with `typed`, ignoring letter case.
pub(super) fn begins_folded(text: &str, typed: &str) -> bool {
    let mut letters = text.chars().flat_map(char::to_lowercase);
    typed.chars().flat_map(char::to_lowercase).all(|letter| letters.next() == Some(letter))
}

/// Returns the same as [`completed`], but leaves a `~` that stands for the home directory unquoted.
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

    fn files(names: &[&str]) -> Choices {
        let list = names.iter().map(|name| Choice::path("", name.trim_end_matches('/'), name.ends_with('/')));
        Choices { list: list.collect(), ..Choices::default() }
    }

    /// Returns the text that Tab inserts after `line`, or the menu that it shows, and the note.
    fn offered(choices: Choices, line: &str) -> (Vec<String>, Option<&'static str>) {
        let target = target(line).expect("completable");
        let raw = line.get(target.start..).expect("in the line").to_owned();
        match choices.offer(&target, &raw) {
            Offer::Nothing => (Vec::new(), None),
            Offer::Text(text, note) => (vec![text], note),
            Offer::Menu(content) => (content.list.into_iter().map(|choice| choice.shown).collect(), None),
        }
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
            assert_eq!(offered(files(&[name]), line).0, [put_in], "{line}");
        }
    }

    #[test]
    fn what_is_common_is_put_in_and_then_all_are_shown() {
        let names = ["my file", "my film/"];
        assert_eq!(offered(files(&names), "ls m").0, ["my\\ fil"]);
        assert_eq!(offered(files(&names), "ls my\\ fil").0, names);
        assert_eq!(offered(files(&names), "ls 'my").0, ["'my fil"]);
        assert_eq!(offered(files(&["é", "è"]), "ls ").0, ["é", "è"]);
    }

    #[test]
    fn so_many_are_shown_and_the_others_counted() {
        let names: Vec<String> = (0..2000).map(|number| format!("f{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let target = target("ls f").expect("completable");
        let others = |others| {
            let choices = Choices { others, ..files(&names) };
            let Offer::Menu(content) = choices.offer(&target, "f") else { panic!("a menu") };
            assert_eq!(content.list.len(), SHOWN_MAX);
            content.others
        };
        assert_eq!(others(None), Some(Some(1500)));
        assert_eq!(others(Some(Some(500))), Some(Some(2000)));
        assert_eq!(others(Some(None)), Some(None));
    }

    #[test]
    fn case_counts_only_where_something_fits_with_it() {
        let texts = |choices: Choices| choices.list.into_iter().map(|choice| choice.text).collect::<Vec<_>>();
        for (typed, fitting) in [
            ("da", vec!["data", "day"]),
            ("Da", vec!["Dart"]),
            ("DA", vec!["data", "day", "Dart"]),
            ("éT", vec!["Été"]),
            ("x", vec![]),
            ("", vec!["data", "day", "Dart", "Été"]),
        ] {
            assert_eq!(texts(Choices::words(["data", "day", "Dart", "Été"], typed)), fitting, "{typed}");
        }
        let both = |a: &str, b: &str| texts(Choices::words([a], "D").and(Choices::words([b], "D")));
        assert_eq!(both("data", "Dart"), ["Dart"]);
        assert_eq!(both("Dart", "data"), ["Dart"]);
        assert_eq!(both("data", "day"), ["data", "day"]);
        assert_eq!(offered(Choices::words(["data", "Day"], "DA"), "DA"), (vec!["data".into(), "Day".into()], None));
        assert_eq!(offered(Choices::words(["data"], "DA"), "DA"), (vec!["data ".into()], None));
    }

    #[test]
    fn what_is_old_says_so() {
        let choices = Choices { late: true, ..files(&["a", "b"]) };
        let target = target("ls ").expect("completable");
        assert!(matches!(choices.offer(&target, ""), Offer::Menu(content) if content.late));
        let mut one = files(&["a"]);
        one.late = true;
        assert_eq!(offered(one, "ls "), (vec!["a ".to_owned()], Some("stale")));
        let none = Choices { late: true, ..Choices::default() };
        assert_eq!(offered(none, "ls 'x"), (vec!["'x".to_owned()], Some("the cluster does not answer")));
        assert_eq!(offered(Choices::default(), "ls x"), (vec![], None));
    }
}

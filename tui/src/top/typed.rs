//! A line of text that is being typed, with the editing keys of shells.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// The maximum length in bytes.
const BYTES_MAX: usize = 4096;

/// The text on both sides of the cursor. A grapheme cluster is never split.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    before: String,
    behind: String,
}

impl From<String> for Typed {
    /// Returns the text with the cursor at the end.
    fn from(before: String) -> Self {
        Self { before, behind: String::new() }
    }
}

impl Typed {
    pub fn text(&self) -> String {
        format!("{}{}", self.before, self.behind)
    }

    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.behind.is_empty()
    }

    /// Returns the text before and after the cursor.
    pub fn sides(&self) -> (&str, &str) {
        (&self.before, &self.behind)
    }

    /// Inserts text at the cursor; ignores text as a whole if the result would be too long.
    pub fn insert(&mut self, text: &str) {
        if self.before.len() + self.behind.len() + text.len() <= BYTES_MAX {
            self.before.push_str(text);
        }
    }

    /// Handles a key. Returns true if the text has changed.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let length = self.before.len() + self.behind.len();
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let word = control || key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Left if word => self.go_to(self.word_before()),
            KeyCode::Right if word => self.go_to(self.word_behind()),
            KeyCode::Left => self.go_to(self.before_last()),
            KeyCode::Right => self.go_to(self.behind_next()),
            KeyCode::Home => self.go_to(0),
            KeyCode::End => self.go_to(length),
            KeyCode::Backspace if word => self.before.truncate(self.word_before()),
            KeyCode::Backspace => self.before.truncate(self.before_last()),
            KeyCode::Delete => drop(self.behind.drain(..self.behind_next() - self.before.len())),
            KeyCode::Char(letter) if control => match letter {
                'a' => self.go_to(0),
                'e' => self.go_to(length),
                'b' => self.go_to(self.before_last()),
                'f' => self.go_to(self.behind_next()),
                'd' => drop(self.behind.drain(..self.behind_next() - self.before.len())),
                'w' => self.before.truncate(self.word_before()),
                'u' => self.before.clear(),
                'k' => self.behind.clear(),
                _ => {}
            },
            KeyCode::Char(letter) if !word => self.insert(letter.encode_utf8(&mut [0; 4])),
            _ => {}
        }
        self.before.len() + self.behind.len() != length
    }

    /// Moves the cursor to a byte offset of the whole text, which must be the start of a character.
    fn go_to(&mut self, at: usize) {
        let text = self.text();
        let (before, behind) = text.split_at(at);
        (self.before, self.behind) = (before.to_owned(), behind.to_owned());
    }

    /// Returns the start of the last character before the cursor.
    fn before_last(&self) -> usize {
        let (text, at) = (self.text(), self.before.len());
        let found = GraphemeCursor::new(at, text.len(), true).prev_boundary(&text, 0);
        found.ok().flatten().unwrap_or(0)
    }

    /// Returns the end of the next character after the cursor.
    fn behind_next(&self) -> usize {
        let (text, at) = (self.text(), self.before.len());
        let found = GraphemeCursor::new(at, text.len(), true).next_boundary(&text, 0);
        found.ok().flatten().unwrap_or(text.len())
    }

    /// Returns the start of the word before the cursor; words are separated by blanks.
    fn word_before(&self) -> usize {
        self.before.trim_end().rfind(' ').map_or(0, |at| at + 1)
    }

    /// Returns the end of the word after the cursor.
    fn word_behind(&self) -> usize {
        let word = self.behind.len() - self.behind.trim_start().len();
        let end = self.behind.get(word..).and_then(|rest| rest.find(' ')).map_or(self.behind.len(), |at| word + at);
        self.before.len() + end
    }

    /// Returns the text in so many cells, and the column of the cursor: the part around the cursor,
    /// with `prefix` in front.
    pub fn shown(&self, prefix: &str, cells: usize) -> (String, usize) {
        use dfs_term::text::{sanitise, truncate, width};
        let whole = format!("{prefix}{}", self.before);
        let mut before: &str = &sanitise(&whole);
        // The cursor takes one cell.
        while width(before) >= cells.max(1) {
            before = before.graphemes(true).next().and_then(|first| before.get(first.len()..)).unwrap_or_default();
        }
        let at = width(before);
        (format!("{before}{}", truncate(&sanitise(&self.behind), cells.saturating_sub(at))), at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns a text in which `|` marks the cursor.
    fn at(text: &str) -> Typed {
        let (before, behind) = text.split_once('|').expect("a cursor");
        Typed { before: before.to_owned(), behind: behind.to_owned() }
    }

    fn pressed(text: &str, code: KeyCode, modifiers: KeyModifiers) -> String {
        let mut typed = at(text);
        let before = typed.text();
        let other = typed.key(KeyEvent::new(code, modifiers));
        assert_eq!(other, typed.text() != before);
        format!("{}|{}", typed.before, typed.behind)
    }

    #[test]
    fn keys_do_what_they_do_in_shells() {
        let key = |text: &str, code| pressed(text, code, KeyModifiers::NONE);
        let control = |text: &str, letter| pressed(text, KeyCode::Char(letter), KeyModifiers::CONTROL);
        assert_eq!(key("ab|c", KeyCode::Left), "a|bc");
        assert_eq!([key("|ab", KeyCode::Left), key("ab|", KeyCode::Right)], ["|ab", "ab|"]);
        assert_eq!([key("a|bc", KeyCode::Home), key("a|bc", KeyCode::End)], ["|abc", "abc|"]);
        assert_eq!([key("a|bc", KeyCode::Backspace), key("a|bc", KeyCode::Delete)], ["|bc", "a|c"]);
        assert_eq!([key("|", KeyCode::Backspace), key("|", KeyCode::Delete)], ["|", "|"]);
        assert_eq!([key("a|c", KeyCode::Char('b')), key("a|c", KeyCode::Tab)], ["ab|c", "a|c"]);
        assert_eq!(control("mv /a /b| /c", 'w'), "mv /a | /c");
        assert_eq!([control("ab|c", 'u'), control("ab|c", 'k')], ["|c", "ab|"]);
        assert_eq!([control("ab|c", 'a'), control("ab|c", 'e')], ["|abc", "abc|"]);
        assert_eq!([control("ab|c", 'b'), control("|abc", 'f'), control("|abc", 'd')], ["a|bc", "a|bc", "|bc"]);
        let word = |text: &str, code| pressed(text, code, KeyModifiers::CONTROL);
        assert_eq!(
            [word("one two | x", KeyCode::Left), word("one| two x", KeyCode::Right)],
            ["one |two  x", "one two| x"]
        );
        assert_eq!(word("one two|", KeyCode::Backspace), "one |");
    }

    #[test]
    fn what_people_see_as_one_character_stays_whole() {
        let accent = "e\u{301}";
        let flag = "\u{1f1e6}\u{1f1f9}";
        let back = |text: &str| pressed(text, KeyCode::Backspace, KeyModifiers::NONE);
        assert_eq!([back(&format!("a{accent}|")), back(&format!("a{flag}|"))], ["a|", "a|"]);
        assert_eq!(pressed(&format!("|{accent}b"), KeyCode::Right, KeyModifiers::NONE), format!("{accent}|b"));
    }

    #[test]
    fn it_is_bounded() {
        let mut typed = Typed::from("x".repeat(BYTES_MAX - 1));
        typed.insert("ü");
        assert_eq!(typed.text().len(), BYTES_MAX - 1);
        typed.insert("y");
        assert!(!typed.key(KeyEvent::from(KeyCode::Char('z'))) && typed.text().len() == BYTES_MAX);
    }

    #[test]
    fn the_cursor_is_always_seen() {
        assert_eq!(at("ls /a|bc").shown(":", 20), (":ls /abc".to_owned(), 6));
        assert_eq!(at("ls /abcdef|").shown(":", 6), ("bcdef".to_owned(), 5));
        assert_eq!(at("|abcdefgh").shown(":", 6), (":abcd…".to_owned(), 1));
        assert_eq!(at("|").shown(":", 0), (String::new(), 0));
        assert_eq!(at("\u{1b}|x").shown(":", 20), (":\\u{1b}x".to_owned(), 7));
    }

    proptest! {
        #[test]
        fn no_key_takes_characters_apart(text in "[a-z \u{301}ü\u{1f1e6}漢]{0,12}", keys in prop::collection::vec(0usize..12, 0..30)) {
            let codes = [
                KeyCode::Left, KeyCode::Right, KeyCode::Home, KeyCode::End, KeyCode::Backspace, KeyCode::Delete,
                KeyCode::Char('x'), KeyCode::Char('漢'), KeyCode::Char('w'), KeyCode::Char('k'), KeyCode::Char('b'), KeyCode::Char('f'),
            ];
            let mut typed = Typed::from(text);
            for (step, key) in keys.into_iter().enumerate() {
                let modifiers = if key >= 8 || step % 5 == 4 { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
                typed.key(KeyEvent::new(codes[key], modifiers));
                let (shown, at) = typed.shown(":", 9);
                prop_assert!(dfs_term::text::width(&shown) <= 9 && at < 9, "{typed:?} {shown:?} {at}");
            }
        }
    }
}

//! A list with one line selected, longer than the window: which lines are shown, and how keys move through it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Where in a list one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    pub at: usize,
}

impl Selection {
    /// Moves by a key that moves, in a list of `count` lines of which `page` are shown. Says whether it was such a key.
    pub fn key(&mut self, key: KeyEvent, count: usize, page: usize) -> bool {
        let page = page.max(2) - 1;
        let last = count.saturating_sub(1);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        self.at = match key.code {
            KeyCode::Up | KeyCode::Char('k') if !control => self.at.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') if !control => self.at.saturating_add(1),
            KeyCode::PageUp => self.at.saturating_sub(page),
            KeyCode::PageDown => self.at.saturating_add(page),
            KeyCode::Char('b') if control => self.at.saturating_sub(page),
            KeyCode::Char('f') if control => self.at.saturating_add(page),
            KeyCode::Home | KeyCode::Char('g') if !control => 0,
            KeyCode::End | KeyCode::Char('G') if !control => last,
            _ => return false,
        }
        .min(last);
        true
    }

    /// Moves by turns of the wheel, downwards where positive.
    pub fn wheel(&mut self, lines: isize, count: usize) {
        self.at = self.at.saturating_add_signed(lines).min(count.saturating_sub(1));
    }

    /// The line that is selected, in a list that may have become shorter.
    pub fn within(&self, count: usize) -> usize {
        self.at.min(count.saturating_sub(1))
    }

    /// The first line that is shown, so that the selected one is in sight: in the middle, but for the ends.
    pub fn first(&self, count: usize, page: usize) -> usize {
        self.within(count).saturating_sub(page / 2).min(count.saturating_sub(page))
    }
}

/// Whether a text passes a filter: it has the text, whatever the case; with `!` before it, it has it not.
pub fn matches(text: &str, filter: &str) -> bool {
    matches_small(&text.to_lowercase(), &filter.to_lowercase())
}

/// The same, where both are in small letters already.
pub fn matches_small(text: &str, filter: &str) -> bool {
    match filter.strip_prefix('!') {
        Some("") => true,
        Some(unwanted) => !text.contains(unwanted),
        None => text.contains(filter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(selection: &mut Selection, code: KeyCode) -> bool {
        selection.key(KeyEvent::from(code), 100, 10)
    }

    #[test]
    fn keys_move_and_stop_at_the_ends() {
        let mut selection = Selection::default();
        assert!(press(&mut selection, KeyCode::Up) && selection.at == 0);
        assert!(press(&mut selection, KeyCode::PageDown) && selection.at == 9);
        assert!(press(&mut selection, KeyCode::End) && selection.at == 99);
        assert!(press(&mut selection, KeyCode::Down) && selection.at == 99);
        assert!(!press(&mut selection, KeyCode::Char('x')));
        assert_eq!((selection.within(5), selection.within(0)), (4, 0));
    }

    #[test]
    fn filters() {
        for (filter, passes) in
            [("", true), ("!", true), ("DEAD", true), ("!dead", false), ("live", false), ("!live", true)]
        {
            assert_eq!(matches("datanode-3 ✗ Dead", filter), passes, "{filter}");
        }
    }

    #[test]
    fn the_selected_line_is_in_sight() {
        for at in 0..100 {
            let first = Selection { at }.first(100, 10);
            assert!(first <= at && at < first + 10 && first <= 90, "{at}: {first}");
        }
        assert_eq!(Selection { at: 3 }.first(5, 10), 0);
    }
}

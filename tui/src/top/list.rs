//! The selection in a list that is longer than the window: which lines are visible, and how keys
//! move it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The position in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    pub at: usize,
}

impl Selection {
    /// Moves the selection in a list of `count` lines, of which `page` are visible. Returns true if
    /// the key moves it.
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

    /// Moves the selection by steps of the mouse wheel, downwards if positive.
    pub fn wheel(&mut self, lines: isize, count: usize) {
        self.at = self.at.saturating_add_signed(lines).min(count.saturating_sub(1));
    }

    /// Returns the selected line, clamped to a list that may have become shorter.
    pub fn within(&self, count: usize) -> usize {
        self.at.min(count.saturating_sub(1))
    }

    /// Returns the first visible line. The selected line is in the middle, except near the ends of
    /// the list.
    pub fn first(&self, count: usize, page: usize) -> usize {
        self.within(count).saturating_sub(page / 2).min(count.saturating_sub(page))
    }
}

/// Returns true if a text passes a filter: it contains the filter, ignoring case. A filter that
/// begins with `!` is negated.
pub fn matches(text: &str, filter: &str) -> bool {
    matches_small(&text.to_lowercase(), &filter.to_lowercase())
}

/// Does the same as `matches`, with both texts in lower case already.
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

//! Draws a text over the previous one on a terminal.

use dfs_term::Glyphs;
use std::fmt::Write as _;

/// ECMA-48: moves home, clears each line after its end, then everything below; line wrap is off
/// meanwhile.
pub(crate) fn redraw(head: &str, text: &str, room: usize, first: bool, glyphs: Glyphs) -> String {
    let clear = if first { "\x1b[2J" } else { "" };
    let mut screen = format!("\x1b[?7l{clear}\x1b[H{head}\x1b[K\n");
    let hidden = text.lines().count().saturating_sub(room);
    let shown = if hidden > 0 { room.saturating_sub(1) } else { room };
    for line in text.lines().take(shown) {
        let _ = writeln!(screen, "{line}\x1b[K");
    }
    if hidden > 0 {
        let _ = writeln!(screen, "{} and {} more\x1b[K", glyphs.ellipsis(), text.lines().count() - shown);
    }
    screen.push_str("\x1b[J\x1b[?7h");
    screen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_holds_what_fits() {
        let lines = |room| redraw("head", "a\nb\nc\n", room, false, Glyphs::Unicode).matches('\n').count();
        assert_eq!((lines(5), lines(3), lines(2)), (4, 4, 3));
        assert!(redraw("head", "a\nb\nc\n", 2, true, Glyphs::Unicode).contains("… and 2 more"));
        assert!(redraw("head", "a\n", 2, true, Glyphs::Ascii).starts_with("\x1b[?7l\x1b[2J\x1b[Hhead"));
    }
}

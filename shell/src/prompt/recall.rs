//! Walks through the lines of the history that begin with the typed text. Pure.

use crate::session::history::History;

/// The state of the walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recall {
    /// The line before the walk.
    typed: String,
    /// The prefix of the lines.
    start: String,
    /// The position of the shown line in the history.
    at: usize,
    /// The shown line. If the line was edited since then, a new walk begins.
    shown: String,
}

impl Recall {
    /// Returns the previous matching line and the new state; none if there is no such line.
    pub(super) fn older(before: Option<Self>, line: &str, pos: usize, history: &History) -> Option<(Self, String)> {
        let walk = before.filter(|walk| walk.shown == line).unwrap_or_else(|| Self {
            typed: line.to_owned(),
            start: line.get(..pos).unwrap_or(line).to_owned(),
            at: usize::MAX,
            shown: line.to_owned(),
        });
        let (at, shown) = history.older(walk.at, &walk.start, line)?;
        Some((Self { at, shown: shown.clone(), ..walk }, shown))
    }

    /// Returns the next matching line and the new state. After the newest line the walk ends and
    /// the line is the typed text again. Returns `None` if there is no walk.
    pub(super) fn newer(before: Option<Self>, line: &str, history: &History) -> Option<(Option<Self>, String)> {
        let walk = before.filter(|walk| walk.shown == line)?;
        Some(match history.newer(walk.at, &walk.start, line) {
            Some((at, shown)) => (Some(Self { at, shown: shown.clone(), ..walk }), shown),
            None => (None, walk.typed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the line shown after each step: `-` is the older line, `+` the newer one.
    fn walked(lines: &[&str], typed: &str, steps: &str) -> Vec<String> {
        let history = History::default();
        lines.iter().for_each(|line| assert!(history.add(line)));
        let (mut walk, mut line) = (None, typed.to_owned());
        let step = |step| {
            let moved = match step {
                '-' => Recall::older(walk.clone(), &line, line.len(), &history).map(|(walk, line)| (Some(walk), line)),
                _ => Recall::newer(walk.clone(), &line, &history),
            };
            if let Some((next, shown)) = moved {
                (walk, line) = (next, shown);
            }
            line.clone()
        };
        steps.chars().map(step).collect()
    }

    #[test]
    fn only_lines_that_begin_so() {
        let lines = ["ls /a", "put a b", "ls /b", "pwd"];
        assert_eq!(walked(&lines, "ls", "---++"), ["ls /b", "ls /a", "ls /a", "ls /b", "ls"]);
        assert_eq!(walked(&lines, "", "----+"), ["pwd", "ls /b", "put a b", "ls /a", "put a b"]);
        assert_eq!(walked(&lines, "pwd", "-"), ["pwd"], "the line itself is no other line");
        assert_eq!(walked(&lines, "stat", "-+"), ["stat", "stat"]);
        assert_eq!(walked(&[], "", "-+"), ["", ""]);
    }

    #[test]
    fn a_changed_line_begins_anew() {
        let history = History::default();
        ["ls /a", "ls /b", "pwd"].iter().for_each(|line| assert!(history.add(line)));
        let (walk, shown) = Recall::older(None, "", 0, &history).expect("a line");
        assert_eq!(shown, "pwd");
        let (walk, shown) = Recall::older(Some(walk), "ls", 2, &history).expect("a line");
        assert_eq!(shown, "ls /b");
        assert_eq!(Recall::newer(Some(walk), "other", &history), None);
    }
}

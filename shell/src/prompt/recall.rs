//! A walk through the lines of the history that begin with what was typed. Pure.

use crate::session::history::History;

/// Where such a walk stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recall {
    /// The line as it was before the walk.
    typed: String,
    /// What the lines must begin with.
    start: String,
    /// The place of the line that is shown in the history.
    at: usize,
    /// The line that is shown. A line that was changed since then begins a new walk.
    shown: String,
}

impl Recall {
    /// The line that stands before this one in the walk, and the walk from there; none where there is no such line.
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

    /// The line that stands behind this one in the walk, and the walk from there; behind the newest line there is no walk
    /// any more, and the line is what was typed. None where there was no walk.
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

    /// What is shown after each step: `-` is the older line, `+` the newer one.
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

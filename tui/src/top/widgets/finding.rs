//! Draws the findings as a list: causes with the command that fixes them, consequences indented
//! below.

use super::pieces;
use crate::top::shared::Shared;
use dfs_diagnosis::{Finding, Grade};
use dfs_term::figures::{age, plural};
use dfs_term::report::Tone;
use dfs_term::text::{sanitise, shorten};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// Blanks before a consequence, and before the explanation of a fact.
const INDENT: usize = 2;

/// The amount of detail for the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The facts in one line each, and the commands.
    Short,
    /// All detail for the selected finding, little for the others.
    Selected,
    /// All detail for each finding.
    All,
}

/// The findings in so many cells, with one selected.
#[derive(Debug)]
pub struct FindingList<'s> {
    pub shared: &'s Shared,
    pub selected: usize,
    pub cells: usize,
}

impl FindingList<'_> {
    /// Returns the number of findings, and the selected one.
    pub fn title(&self) -> String {
        let all = self.shared.findings.len();
        let which = if all > 1 { format!("; {} of {all} selected", self.selected + 1) } else { String::new() };
        match self.shared.health().grade {
            _ if all == 0 => "no findings".to_owned(),
            Grade::Healthy => format!("{}{which}", plural(all as u64, "note", "notes")),
            Grade::Degraded | Grade::Critical => format!("{}{which}", plural(all as u64, "finding", "findings")),
        }
    }

    /// Returns the number of lines that the level of detail takes.
    pub fn height(&self, detail: Detail) -> usize {
        self.all(detail).len()
    }

    /// Returns as many lines as there is room for, each with the index of its finding. The worst
    /// finding, the command of its cause and the selected finding are always included.
    pub fn lines(&self, room: usize) -> Vec<(usize, Line<'static>)> {
        let details = [Detail::All, Detail::Selected, Detail::Short];
        let fitting = details.into_iter().map(|detail| self.all(detail)).find(|lines| lines.len() <= room);
        fitting.unwrap_or_else(|| self.window(self.all(Detail::Short), room))
    }

    /// Returns the first lines; if the selected finding is further below, the worst ones and then
    /// those around the selected one.
    fn window(&self, lines: Vec<(usize, Line<'static>)>, room: usize) -> Vec<(usize, Line<'static>)> {
        let end = lines.iter().rposition(|(at, _)| *at == self.selected).map_or(0, |at| at + 1);
        if end <= room {
            return lines.into_iter().take(room).collect();
        }
        let findings = &self.shared.findings;
        let worst = findings.iter().enumerate().min_by_key(|(_, finding)| finding.severity).map_or(0, |(at, _)| at);
        let (pinned, others): (Vec<_>, Vec<_>) =
            lines.into_iter().take(end).partition(|(at, _)| *at == 0 || *at == worst);
        let selected = others.iter().filter(|(at, _)| *at == self.selected).count();
        let pinned_room = pinned.len().min(room.saturating_sub(selected));
        let rest = others.len().saturating_sub(room.saturating_sub(pinned_room));
        pinned.into_iter().take(pinned_room).chain(others.into_iter().skip(rest)).collect()
    }

    fn all(&self, detail: Detail) -> Vec<(usize, Line<'static>)> {
        let findings = self.shared.findings.iter().enumerate();
        let lines = |(at, finding)| {
            let whole = detail == Detail::All || detail == Detail::Selected && at == self.selected;
            self.told(finding, whole, at == self.selected).into_iter().map(move |line| (at, line))
        };
        findings.flat_map(lines).collect()
    }

    /// Returns the lines of a finding: the fact and its meaning; the command, which is only shown
    /// for the cause; if `whole`, its duration and the current activity.
    fn told(&self, finding: &Finding, whole: bool, selected: bool) -> Vec<Line<'static>> {
        let theme = &self.shared.theme;
        let (glyph, tone) = finding.severity.sign();
        let indent = if finding.because.is_some() { INDENT } else { 0 };
        let cells = self.cells.saturating_sub(indent + INDENT);
        let fact = sanitise(&finding.sentence()).into_owned();
        let facts = if whole { pieces(&fact, cells) } else { vec![shorten(&fact, cells).into_owned()] };
        let blank = || Span::raw(" ".repeat(indent + INDENT));
        let style = if selected { theme.selected() } else { theme.head() };
        let mut lines = Vec::new();
        for (row, piece) in facts.into_iter().enumerate() {
            let before = [Span::raw(" ".repeat(indent)), Span::styled(format!("{glyph} "), theme.tone(tone))];
            let before = if row == 0 { before.to_vec() } else { vec![blank()] };
            lines.push(Line::from_iter(before.into_iter().chain([Span::styled(piece, style)])));
        }
        let mut say = |style: Style, text: &str, room: usize| {
            lines.extend(
                pieces(text, room).into_iter().map(|piece| Line::from(vec![blank(), Span::styled(piece, style)])),
            );
        };
        if finding.because.is_none() {
            say(theme.tone(Tone::Command), &format!("run: {}", sanitise(&finding.run)), cells);
        }
        if whole {
            say(theme.dim(), &meanwhile(finding), cells);
        }
        lines
    }
}

/// Returns the duration of a finding and the current activity.
fn meanwhile(finding: &Finding) -> String {
    let meanwhile = format!("meanwhile: {}", sanitise(&finding.meanwhile));
    match finding.since_ms.map(|ms| age(Duration::from_millis(ms))) {
        None => meanwhile,
        Some(now) if now == "now" => format!("since just now; {meanwhile}"),
        Some(ago) => format!("for {}; {meanwhile}", ago.trim_end_matches(" ago")),
    }
}

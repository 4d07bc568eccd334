//! Computes the areas of the parts of the overview.

use crate::top::widgets::{Detail, FindingList};
use ratatui::layout::Rect;

/// Lines of the figures.
const FIGURES: u16 = 5;
/// From this width on, parts are placed side by side.
const WIDE: u16 = 140;
/// From this height on, there is a blank line between the parts.
const AIRY: u16 = 30;
/// Gap between two parts side by side, in cells.
const BETWEEN: u16 = 2;
/// Lines of the curves if there is little room: one for each, and the time axis.
const CURVES_LOW: u16 = 5;
/// Lines of the findings if there is little room, with their title: two facts and a command, and one
/// for the selected finding.
const FINDINGS_LOW: u16 = 5;
/// Lines of recent events if there is little room, with their title.
const EVENTS_LOW: u16 = 4;
/// Lines of recent events in a wide window, with their title.
const EVENTS_WIDE: u16 = 12;

/// The numbers of lines that the parts need.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needs {
    /// The findings with all, some, and little detail; with their title.
    pub findings: [u16; 3],
    /// The datanodes with the header of the table.
    pub nodes: u16,
    /// All jobs, and the busy ones with the running commands; with their header.
    pub jobs: u16,
    pub busy: u16,
    /// The events with their title.
    pub events: u16,
}

/// The areas of the parts; a part without room has no lines.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Places {
    pub figures: Rect,
    pub findings: Rect,
    pub curves: Rect,
    pub nodes: Rect,
    pub jobs: Rect,
    pub events: Rect,
}

/// Returns true if a window has room for idle jobs.
pub(super) fn is_roomy(area: Rect) -> bool {
    area.width >= 100 && area.height >= AIRY
}

/// Returns the lines of the findings with all, some, and little detail, and with their title.
pub(super) fn finding_heights(list: &FindingList<'_>) -> [u16; 3] {
    [Detail::All, Detail::Selected, Detail::Short].map(|detail| lines(list.height(detail)).saturating_add(1))
}

/// Returns the width of the findings in `area`, in cells.
pub(super) fn finding_cells(area: Rect) -> u16 {
    if area.width >= WIDE { halves(area).1.width } else { area.width }
}

/// Returns a number of lines as a height.
pub(super) fn lines(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// Returns both halves of an area, with a gap between them.
fn halves(area: Rect) -> (Rect, Rect) {
    let left = (area.width - BETWEEN.min(area.width)) / 2;
    let right = Rect { x: area.x + left + BETWEEN, width: area.width.saturating_sub(left + BETWEEN), ..area };
    (Rect { width: left, ..area }, right)
}

/// Cuts lines off the top of an area, and a gap if there are any lines.
fn cut(area: &mut Rect, height: u16, gap: u16) -> Rect {
    let height = height.min(area.height);
    let taken = if height > 0 { (height + gap).min(area.height) } else { 0 };
    let top = Rect { height, ..*area };
    (area.y, area.height) = (area.y + taken, area.height - taken);
    top
}

impl Places {
    pub(super) fn of(area: Rect, needs: &Needs) -> Self {
        if area.width >= WIDE { Self::wide(area, needs) } else { Self::narrow(area, needs) }
    }

    /// Places figures next to findings, the curves over the whole width, datanodes and jobs next to
    /// events.
    fn wide(area: Rect, needs: &Needs) -> Self {
        let gap = u16::from(area.height >= AIRY);
        let [all, ..] = needs.findings;
        let mut rest = area;
        let top = cut(&mut rest, all.min(area.height * 2 / 5).max(FIGURES), gap);
        let (figures, findings) = halves(top);
        let most = rest.height / 2;
        let below = needs.nodes.saturating_add(1).saturating_add(needs.jobs);
        // Jobs are below a short table, otherwise next to it.
        let is_short = below <= most;
        let events = needs.events.min(EVENTS_WIDE);
        let bottom = match is_short {
            true => below.max(events),
            false => needs.nodes.max(needs.jobs.saturating_add(1).saturating_add(events)).min(most),
        };
        let high = rest.height.saturating_sub(bottom + gap);
        let curves = cut(&mut rest, high, gap);
        let (mut left, mut right) = halves(rest);
        let side = if is_short { &mut left } else { &mut right };
        let (nodes, jobs) = match is_short {
            true => (cut(side, needs.nodes, 1), cut(side, needs.jobs, 1)),
            false => {
                let jobs = cut(side, needs.jobs.min(rest.height * 2 / 3), 1);
                (left, jobs)
            }
        };
        Self { figures, findings, curves, nodes, jobs, events: right }
    }

    /// Places all parts below each other. Where there is little room, the curves shrink first, then
    /// the events.
    fn narrow(area: Rect, needs: &Needs) -> Self {
        let gap = u16::from(area.height >= AIRY);
        let mut rest = area;
        let figures = cut(&mut rest, FIGURES, gap);
        let room = rest.height.saturating_sub(gap * 3);
        let most = (room * 3 / 5).max(FINDINGS_LOW.min(room));
        let [all, some, little] = needs.findings.map(|lines| lines.min(most));
        let events_low = needs.events.min(EVENTS_LOW);
        let steps = [(CURVES_LOW, events_low), (3, events_low), (0, events_low), (0, 2.min(events_low)), (0, 0)];
        let fitting = |findings: u16| steps.into_iter().find(|(curves, events)| findings + curves + events <= room);
        let (mut high, mut events) = fitting(some).or_else(|| fitting(little)).unwrap_or_default();
        let findings = all.min(room.saturating_sub(high + events));
        let mut extra = room.saturating_sub(findings + high + events);
        let mut part = |need: u16, most: u16, least: u16| {
            let lines = need.min(most);
            let lines = if lines >= least && lines > 0 && lines + gap <= extra { lines } else { 0 };
            extra -= if lines > 0 { lines + gap } else { 0 };
            lines
        };
        let nodes = part(needs.nodes, area.height / 4, 4.min(needs.nodes));
        let jobs = part(needs.busy, area.height / 6, 2);
        let more = part(needs.events.saturating_sub(events), area.height / 8, 1);
        events += more;
        high += extra;
        let findings = cut(&mut rest, findings, gap);
        let curves = cut(&mut rest, high, gap);
        let nodes = cut(&mut rest, nodes, gap);
        let jobs = cut(&mut rest, jobs, gap);
        Self { figures, findings, curves, nodes, jobs, events: Rect { height: events.min(rest.height), ..rest } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// For any needs, parts do not overlap, stay inside, and the findings are visible.
        #[test]
        fn parts_have_places_of_their_own(
            (width, height) in (60..300u16, 13..120u16),
            findings in 1..40u16,
            (nodes, jobs, busy, events) in (0..6_000u16, 0..12u16, 0..5u16, 2..1_000u16),
        ) {
            let area = Rect { x: 0, y: 2, width, height };
            let needs = Needs { findings: [findings * 3, findings + 4, findings + 1], nodes, jobs, busy, events };
            let Places { figures, findings: found, curves, nodes, jobs, events } = Places::of(area, &needs);
            let parts = [figures, found, curves, nodes, jobs, events];
            for (at, part) in parts.iter().enumerate() {
                prop_assert_eq!(part.intersection(area), *part, "{} of {:?} for {:?}", at, parts, needs);
                for other in &parts[at + 1..] {
                    prop_assert!(part.intersection(*other).is_empty(), "{:?} for {:?}", parts, needs);
                }
            }
            prop_assert!(found.height >= needs.findings[2].min(4), "{:?} for {:?}", found, needs);
        }
    }
}

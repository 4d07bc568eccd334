//! The background jobs of the leading master: when they are requested, and how they are drawn.

use super::pieces;
use crate::jobs::{self, JobRow};
use crate::top::message::{Act, Effect, Message};
use crate::top::observation::Link;
use crate::top::shared::Shared;
use crate::top::theme::Theme;
use dfs_client::{JobState, JobStatus};
use dfs_term::report::Tone;
use dfs_term::text::{pad, sanitise, shorten};
use dfs_types::{Error, Timestamp};
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The width of the names of jobs.
const NAME_CELLS: usize = 22;
/// The cell in which the note of a job begins.
const NOTE_FROM: usize = NAME_CELLS + 47;
/// If there are fewer cells for notes, only errors are shown, below their jobs.
const NOTE_CELLS_MIN: usize = 20;
/// The indent of an error below its job.
const BELOW: usize = 2;

/// The last known jobs, for a view that shows them.
#[derive(Debug, Default)]
pub struct JobsFeed {
    /// The minimum interval between requests, in milliseconds.
    every_ms: u64,
    /// True while the view is shown.
    shown: bool,
    /// True while a response is awaited.
    awaited: bool,
    /// The time of the last request, in milliseconds of the dashboard's clock.
    asked_ms: Option<u64>,
    /// The jobs, and the calendar time of their arrival.
    last: Option<(Result<Vec<JobStatus>, Error>, Timestamp)>,
}

impl JobsFeed {
    /// Returns a feed with this minimum interval between requests, in milliseconds.
    pub fn every(every_ms: u64) -> Self {
        Self { every_ms, ..Self::default() }
    }

    /// Notes that the view is shown.
    pub fn enter(&mut self, shared: &Shared) -> Vec<Act> {
        self.shown = true;
        self.ask(shared)
    }

    /// Notes that the view is hidden.
    pub fn leave(&mut self) {
        self.shown = false;
    }

    /// Stores the jobs that arrive; requests them again with each snapshot.
    pub fn hear(&mut self, message: &Message, shared: &Shared) -> Vec<Act> {
        match message {
            Message::Picture(..) if self.shown => self.ask(shared),
            Message::Jobs(result) => {
                (self.last, self.awaited) = (Some((result.clone(), shared.now.calendar)), false);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Requests the jobs, unless they are awaited, it is too early, or no master answers.
    fn ask(&mut self, shared: &Shared) -> Vec<Act> {
        let now = shared.now.elapsed_ms;
        let early = self.asked_ms.is_some_and(|asked| now < asked + self.every_ms);
        if self.awaited || early || !matches!(shared.link, Link::Live) {
            return Vec::new();
        }
        (self.awaited, self.asked_ms) = (true, Some(now));
        vec![Act::Effect(Effect::Jobs)]
    }

    /// Returns the number of known jobs.
    pub fn count(&self) -> usize {
        self.last.as_ref().and_then(|(jobs, _)| jobs.as_ref().ok()).map_or(0, Vec::len)
    }

    /// Returns the number of jobs that are not idle.
    pub fn busy(&self) -> usize {
        let jobs = self.last.as_ref().and_then(|(jobs, _)| jobs.as_ref().ok());
        jobs.map_or(0, |jobs| jobs.iter().filter(|job| is_busy(job)).count())
    }

    /// Returns the jobs as lines for `area`; empty until they have arrived. Notes are wrapped; if
    /// there is no room for that, all except errors are shortened.
    pub fn lines(&self, theme: &Theme, area: Rect) -> Vec<Line<'static>> {
        let (jobs, at) = match &self.last {
            None => return Vec::new(),
            Some((Err(error), _)) => {
                let why = format!("the jobs of the leading master are not known: {}", sanitise(&error.message));
                let why = pieces(&why, usize::from(area.width));
                return why.into_iter().map(|piece| Line::styled(piece, theme.tone(Tone::Warning))).collect();
            }
            Some((Ok(jobs), at)) => (jobs, *at),
        };
        let jobs: Vec<JobRow> = jobs.iter().map(|job| jobs::row(job, at)).collect();
        let cells = usize::from(area.width).saturating_sub(NOTE_FROM);
        let wrapped = cells < NOTE_CELLS_MIN
            || jobs.iter().map(|job| pieces(&job.note, cells).len()).sum::<usize>() < usize::from(area.height);
        let mut lines = vec![head(theme)];
        for job in jobs {
            let whole = wrapped || job.tone == Tone::Bad;
            lines.extend(row_lines(job, whole, cells, theme));
        }
        lines
    }

    /// Returns the jobs as one line each, as many as there is room for, with idle jobs last.
    pub fn short_lines(&self, theme: &Theme, area: Rect) -> Vec<Line<'static>> {
        let Some((Ok(jobs), at)) = &self.last else { return Vec::new() };
        let mut jobs: Vec<&JobStatus> = jobs.iter().collect();
        jobs.sort_by_key(|job| !is_busy(job));
        let cells = usize::from(area.width).saturating_sub(NOTE_FROM);
        let rows = jobs.into_iter().flat_map(|job| row_lines(jobs::row(job, *at), false, cells, theme));
        std::iter::once(head(theme)).chain(rows).take(area.height.into()).collect()
    }
}

fn is_busy(job: &JobStatus) -> bool {
    !matches!(job.state, JobState::Idle | JobState::Follower)
}

fn head(theme: &Theme) -> Line<'static> {
    let [name, state, done, last_run, note] = jobs::HEAD;
    Line::styled(format!("{name:<NAME_CELLS$} {state:<11} {done:<23} {last_run:<9} {note}"), theme.head())
}

/// Returns a job as one line, or as several if its note is to be `whole`.
fn row_lines(job: JobRow, whole: bool, cells: usize, theme: &Theme) -> Vec<Line<'static>> {
    let JobRow { name, state, tone, done, last_run, note } = job;
    let beside = cells >= NOTE_CELLS_MIN;
    let notes = match (beside, whole) {
        (true, true) => pieces(&note, cells),
        (true, false) => vec![shorten(&note, cells).into_owned()],
        (false, true) if tone == Tone::Bad => pieces(&note, NOTE_FROM + cells - BELOW),
        (false, _) => Vec::new(),
    };
    let style = if tone == Tone::Bad { theme.tone(tone) } else { theme.dim() };
    let mut notes = notes.into_iter().map(|note| Span::styled(note, style));
    let first = Line::from(vec![
        Span::raw(format!("{} ", pad(&name, NAME_CELLS))),
        Span::styled(format!("{} ", pad(state, 11)), theme.tone(tone)),
        Span::raw(format!("{} {} ", pad(&done, 23), pad(&last_run, 9))),
        if beside { notes.next().unwrap_or_default() } else { Span::default() },
    ]);
    let indent = if beside { NOTE_FROM } else { BELOW };
    let rest = notes.map(|note| Line::from(vec![Span::raw(" ".repeat(indent)), note]));
    std::iter::once(first).chain(rest).collect()
}

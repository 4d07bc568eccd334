//! The progress bar: bytes done, rate, time left. On a terminal only.

use crate::session::Session;
use dfs_client::Progress;
use dfs_tui::Meter;
use dfs_tui::figures::{plural, rate, size, span};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// How often it is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// A bar that follows a transfer until it is dropped.
#[derive(Debug)]
pub struct Bar {
    /// Bytes that are known to come, in all.
    expected: Arc<AtomicU64>,
    shown: Option<(ProgressBar, JoinHandle<()>)>,
}

impl Bar {
    /// A bar for what `progress` counts; nothing is drawn where nobody would see it.
    pub fn follow(session: &mut Session, progress: &Progress) -> Self {
        let expected = Arc::new(AtomicU64::new(0));
        let options = &session.options;
        if options.no_progress || options.quiet || options.json || !std::io::stderr().is_terminal() {
            return Self { expected, shown: None };
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("[{bar:24}] {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        session.bar = Some(bar.clone());
        let drawing = tokio::spawn(draw(bar.clone(), progress.clone(), expected.clone()));
        Self { expected, shown: Some((bar, drawing)) }
    }

    /// So many more bytes are known to come.
    pub fn expect(&self, bytes: u64) {
        self.expected.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Takes the bar away.
    pub fn end(self, session: &mut Session) {
        if let Some((bar, drawing)) = self.shown {
            drawing.abort();
            bar.finish_and_clear();
        }
        session.bar = None;
    }
}

async fn draw(bar: ProgressBar, progress: Progress, expected: Arc<AtomicU64>) {
    let (start, mut meter) = (Instant::now(), Meter::default());
    let mut ticks = tokio::time::interval(DRAW_EVERY);
    loop {
        ticks.tick().await;
        let (done, total) = (progress.bytes(), expected.load(Ordering::Relaxed));
        meter.note(start.elapsed(), done);
        bar.set_length(total.max(done).max(1));
        bar.set_position(done);
        bar.set_message(message(&meter, done, total, progress.files()));
    }
}

fn message(meter: &Meter, done: u64, total: u64, files: u64) -> String {
    let of = if total > done { format!(" of {}", size(total)) } else { String::new() };
    let left = match meter.eta(total) {
        Some(left) if total > done => format!(", {} left", whole_seconds(left)),
        _ => String::new(),
    };
    let files = if files > 0 { format!(", {} done", plural(files, "file", "files")) } else { String::new() };
    format!("{}{of}, {}{left}{files}", size(done), rate(meter.rate()))
}

/// An estimate has no hundredths.
fn whole_seconds(left: Duration) -> String {
    let seconds = left.as_secs() + 1;
    if seconds < 60 { format!("{seconds} s") } else { span(left) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_rate_and_time_left() {
        let mut meter = Meter::default();
        meter.note(Duration::from_secs(0), 0);
        meter.note(Duration::from_secs(1), 100_000_000);
        assert_eq!(
            message(&meter, 100_000_000, 3_100_000_000, 2),
            "95.4 MiB of 2.9 GiB, 100 MB/s, 31 s left, 2 files done"
        );
        assert_eq!(message(&meter, 100_000_000, 0, 0), "95.4 MiB, 100 MB/s");
    }
}

//! Reports what a command waits for, if the wait is longer than a moment.

use std::time::{Duration, Instant};

/// Reports what a command waits for, as in `datanode-1 to listen`.
pub type Say<'a> = &'a dyn Fn(&str);

/// The longest wait without a report.
const SILENT_MAX: Duration = Duration::from_secs(1);

/// One wait. It is reported after [`SILENT_MAX`], and again when its reason changes.
pub(super) struct Waiting<'a> {
    say: Say<'a>,
    begun: Instant,
    said: Option<String>,
}

impl<'a> Waiting<'a> {
    pub(super) fn begin(say: Say<'a>) -> Self {
        Self { say, begun: Instant::now(), said: None }
    }

    /// Returns the time since the wait began.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Notes that the wait continues, for this reason.
    pub(super) fn note(&mut self, what: &str) {
        if self.elapsed() >= SILENT_MAX && self.said.as_deref() != Some(what) {
            (self.say)(what);
            self.said = Some(what.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn each_reason_is_said_once_and_not_at_once() {
        let heard = RefCell::new(Vec::new());
        let say = |what: &str| heard.borrow_mut().push(what.to_owned());
        let mut waiting = Waiting::begin(&say);
        waiting.note("one");
        assert!(heard.borrow().is_empty());
        waiting.begun = Instant::now() - SILENT_MAX;
        ["one", "one", "two", "one"].iter().for_each(|what| waiting.note(what));
        assert_eq!(*heard.borrow(), ["one", "two", "one"]);
    }
}

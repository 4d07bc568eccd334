//! Ctrl-Z while a command runs: it stops the program, as everywhere, but for while somebody attends to it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// SIGTSTP, which tokio has no name for.
const STOP: i32 = rustix::process::Signal::TSTP.as_raw();

static STOPS: OnceLock<Stops> = OnceLock::new();

/// The signals that came.
#[derive(Debug)]
struct Stops {
    seen: watch::Receiver<u64>,
    /// The signal stops the program.
    stops: Arc<AtomicBool>,
    /// Whether it may: who is the first process of a terminal has nobody to let it go on.
    may_stop: bool,
}

/// Somebody who hears of Ctrl-Z for as long as this is there, so that it does not stop the program.
#[derive(Debug)]
pub(crate) struct Attention(Option<watch::Receiver<u64>>);

/// Hears of the signal from now on; it goes on to stop the program.
pub(crate) fn listen(runtime: &Handle) {
    let _inside = runtime.enter();
    let is_first = rustix::process::getsid(None).is_ok_and(|session| session == rustix::process::getpid());
    let stops = Arc::new(AtomicBool::new(!is_first));
    // First: what is registered later runs later, and the program may stand still by then.
    if signal_hook::flag::register_conditional_default(STOP, stops.clone()).is_err() {
        return;
    }
    let Ok(mut stop) = signal(SignalKind::from_raw(STOP)) else { return };
    let (count, seen) = watch::channel(0);
    if STOPS.set(Stops { seen, stops, may_stop: !is_first }).is_ok() {
        runtime.spawn(async move {
            while stop.recv().await.is_some() {
                count.send_modify(|count| *count += 1);
            }
        });
    }
}

/// Returns true if somebody could attend to it.
pub(crate) fn is_heard() -> bool {
    STOPS.get().is_some()
}

impl Attention {
    /// Attends from now on.
    pub(crate) fn begin() -> Self {
        Self(STOPS.get().map(|stops| {
            stops.stops.store(false, Ordering::SeqCst);
            let mut seen = stops.seen.clone();
            seen.mark_unchanged();
            seen
        }))
    }

    /// Waits for Ctrl-Z.
    pub(crate) async fn pressed(&mut self) {
        let pressed = match &mut self.0 {
            Some(seen) => seen.changed().await.is_ok(),
            None => false,
        };
        if !pressed {
            std::future::pending().await
        }
    }
}

impl Drop for Attention {
    fn drop(&mut self) {
        if let Some(stops) = STOPS.get() {
            stops.stops.store(stops.may_stop, Ordering::SeqCst);
        }
    }
}

//! Ctrl-Z while a command runs: it stops the program, which is the default, except while an
//! [`Attention`] exists.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// SIGTSTP, for which tokio has no name.
const STOP: i32 = rustix::process::Signal::TSTP.as_raw();

static STOPS: OnceLock<Stops> = OnceLock::new();

/// The signals received.
#[derive(Debug)]
struct Stops {
    seen: watch::Receiver<u64>,
    /// True while the signal stops the program.
    stops: Arc<AtomicBool>,
    /// True if the signal may stop the program. The session leader of a terminal must not stop,
    /// because no other process could continue it.
    may_stop: bool,
}

/// Receives Ctrl-Z until dropped; meanwhile the signal does not stop the program.
#[derive(Debug)]
pub(crate) struct Attention(Option<watch::Receiver<u64>>);

/// Installs the handlers. Without an [`Attention`] the signal stops the program.
pub(crate) fn listen(runtime: &Handle) {
    let _inside = runtime.enter();
    let is_first = rustix::process::getsid(None).is_ok_and(|session| session == rustix::process::getpid());
    let stops = Arc::new(AtomicBool::new(!is_first));
    // Registered first: handlers run in the order of registration, and the program may be stopped
    // before the second one runs.
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

/// Returns true if the handlers are installed.
pub(crate) fn is_heard() -> bool {
    STOPS.get().is_some()
}

impl Attention {
    /// Starts to receive the signal.
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

//! The background work of a master: it runs every second, and when it is woken.
//!
//! Each run first updates the leadership, the states of datanodes and the survey of all chunks,
//! then runs the [`jobs`](super::jobs) of the leader if this master is the leader.

use super::ahead::look_ahead;
use super::jobs::Runner;
use super::state::{Held, Master};
use dfs_logic::cluster::Event;
use dfs_types::Timestamp;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// The maximum time between two runs.
const INTERVAL: Duration = Duration::from_secs(1);
/// The minimum time between two writes of waiting cluster events to the journal.
const WRITE_INTERVAL_MIN: Duration = Duration::from_millis(500);

/// The state that is kept between two runs.
#[derive(Debug)]
pub struct Worker {
    master: Arc<Master>,
    /// The term in which this master was the leader at the last run.
    led: Option<u64>,
    /// The newest term for which a leader was seen.
    elected: Option<u64>,
    written_at: Timestamp,
    jobs: Runner,
}

impl Worker {
    pub fn new(master: Arc<Master>) -> Self {
        Self { master, led: None, elected: None, written_at: Timestamp::default(), jobs: Runner::default() }
    }

    /// Runs until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut metrics = self.master.metrics.clone();
        let master = self.master.clone();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
                () = master.wake.notified() => {}
                () = master.pool.low() => {}
                changed = metrics.changed() => if changed.is_err() { return },
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.look() => {}
            }
        }
    }

    async fn look(&mut self) {
        let leads = self.note_leader();
        self.master.observe(Event::Tick);
        look_ahead(&self.master);
        self.jobs.survey(&self.master, leads).await;
        self.master.observe(Event::Review { leads });
        self.jobs.run(&self.master, leads).await;
        self.write_events();
    }

    /// Returns true if this master is the leader. When it becomes the leader, it discards the soft
    /// state of its time as a follower.
    fn note_leader(&mut self) -> bool {
        let (leads, term) = (self.master.leads(), self.master.term());
        if self.master.group().0.is_some() && self.elected != Some(term) {
            // The first leader seen may have been elected long before.
            if self.elected.replace(term).is_some() {
                self.master.elections.fetch_add(1, Ordering::Relaxed);
            }
        }
        if leads && self.led != Some(term) {
            tracing::info!(term, "this master became the leader");
            self.master.journal.info(None, format!("{} became the leader in term {term}", self.master.id));
            self.master.observe(Event::Led);
            self.master.floor().lead();
            self.master.writes().lead();
            // A safe mode that the master has entered itself rests on a proof, which holds under
            // any leader.
            let own = self.master.is_behind();
            if let Some(Held { by, .. }) = self.master.held().take_if(|_| !own) {
                let text = format!("the safe mode that {by} entered ended with the change of the leader");
                self.master.journal.warning(None, text);
            }
            self.master.pool.lead(term);
            self.jobs.lead();
        }
        if let Some(term) = self.led.filter(|_| !leads) {
            tracing::info!(term, "this master is no longer the leader");
            self.master
                .journal
                .warning(None, format!("{} is no longer the leader; it was in term {term}", self.master.id));
        }
        self.led = leads.then_some(term);
        leads
    }

    /// Writes the waiting cluster events to the journal, at most once per [`WRITE_INTERVAL_MIN`];
    /// equal ones share a text.
    fn write_events(&mut self) {
        let now = self.master.clock.now();
        if now.since(self.written_at) >= WRITE_INTERVAL_MIN {
            self.written_at = now;
            self.master.journal.write_waiting();
        }
    }
}

//! What the datanodes do now, all together.

use super::nodes::Registry;
use dfs_logic::liveness::NodeState;
use dfs_logic::repair::Counts;
use dfs_rpc::curve::Rates;
use dfs_types::Timestamp;
use std::sync::Arc;

/// The datanodes all together at one moment.
#[derive(Debug, Clone, Default)]
pub struct Pulse {
    /// What live datanodes do whose pace is known; none until two heartbeats of one were heard.
    pub rates: Option<Rates>,
    /// Bytes used on live datanodes.
    pub used: u64,
    /// How the chunks were when they were last counted; none before that, and while datanodes have still to report theirs.
    pub counts: Option<Arc<Counts>>,
}

impl Registry {
    /// Looks at the pace of all datanodes; what it was before is forgotten of those that are not live. Takes one walk and no
    /// memory, for it is done every second: what it adds up, heartbeats have left beside each datanode.
    pub fn pulse(&mut self, now: Timestamp) -> Pulse {
        let counted = self.healing.counted_at().is_some() && self.healing.safe_mode().is_none();
        let mut pulse = Pulse { counts: counted.then(|| self.healing.counts()), ..Pulse::default() };
        for node in self.nodes.values_mut() {
            if node.contact.state(now, &self.settings.liveness) != NodeState::Live {
                node.pace.lose();
                continue;
            }
            node.pace.hear(node.heard);
            pulse.used = pulse.used.saturating_add(node.used);
            if let Some(rates) = node.pace.rates() {
                pulse.rates.get_or_insert_default().add(&rates);
            }
        }
        pulse
    }
}

#[cfg(test)]
mod tests {
    use super::super::RegistrySettings;
    use super::*;
    use crate::master::board::Journal;
    use crate::master::clock::Clock;
    use dfs_logic::liveness::LivenessSettings;
    use dfs_logic::state::State;
    use dfs_rpc::wire::{FolderLoad, Heartbeat, NodeLoad, Register};
    use dfs_types::DatanodeId;
    use std::net::{Ipv4Addr, SocketAddr};
    use std::time::Duration;

    struct Cluster(Registry);

    fn load(read: u64) -> NodeLoad {
        let folder = FolderLoad {
            path: "/data".into(),
            capacity: 1 << 30,
            used: 100,
            free: 1 << 20,
            failed: false,
            reason: None,
            disk: 0,
            disk_free: 0,
        };
        NodeLoad { folders: vec![folder], bytes_read: read, ..NodeLoad::default() }
    }

    /// Datanodes send heartbeats every three seconds, and are dead after ten. Each has its connection.
    impl Cluster {
        fn new() -> Self {
            let liveness = LivenessSettings { heartbeat: Duration::from_secs(3), dead_after: Duration::from_secs(10) };
            let settings = RegistrySettings::new(liveness);
            Self(Registry::new(settings, Arc::new(Journal::new(Clock::new())), Timestamp(0)))
        }

        fn register(&mut self, id: u16, read: u64, second: u64) {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, id));
            let register = Register { boot: 1, address, load: load(read), version: String::new() };
            self.0.register(DatanodeId(id), register, id.into(), Timestamp(second * 1000)).expect("nobody else");
        }

        fn heartbeat(&mut self, id: u16, read: u64, second: u64) {
            let heartbeat = Heartbeat::new(1, load(read));
            let (namespace, now) = (State::new(), Timestamp(second * 1000));
            self.0.heartbeat(DatanodeId(id), id.into(), heartbeat, &namespace, false, now).expect("it has registered");
        }

        /// Bytes read per second, and bytes used.
        fn pulse(&mut self, second: u64) -> (Option<f64>, u64) {
            let pulse = self.0.pulse(Timestamp(second * 1000));
            (pulse.rates.map(|rates| rates.read), pulse.used)
        }
    }

    #[test]
    fn two_heartbeats_are_a_rate() {
        let mut cluster = Cluster::new();
        assert_eq!(cluster.pulse(0), (None, 0), "nobody is there");
        cluster.register(1, 1_000, 0);
        cluster.register(2, 0, 0);
        assert_eq!(cluster.pulse(1), (None, 200), "one telling is no rate");
        cluster.heartbeat(1, 4_000, 3);
        assert_eq!(cluster.pulse(3), (Some(1_000.0), 200));
        assert_eq!(cluster.pulse(4), (Some(1_000.0), 200), "until the next heartbeat");
        cluster.heartbeat(2, 30, 4);
        assert_eq!(cluster.pulse(5), (Some(1_007.5), 200));
        // Two heartbeats between two looks: nothing is lost.
        cluster.heartbeat(1, 10_000, 5);
        cluster.heartbeat(1, 10_000, 6);
        assert_eq!(cluster.pulse(6), (Some(2_007.5), 200));
    }

    #[test]
    fn a_datanode_that_begins_anew_begins_anew() {
        let mut cluster = Cluster::new();
        cluster.register(1, 0, 0);
        cluster.pulse(0);
        cluster.heartbeat(1, 3_000, 3);
        assert_eq!(cluster.pulse(3).0, Some(1_000.0));
        cluster.register(1, 7, 5);
        assert_eq!(cluster.pulse(5).0, None);
        cluster.heartbeat(1, 307, 8);
        assert_eq!(cluster.pulse(8).0, Some(100.0));
        cluster.heartbeat(1, 6, 11);
        assert_eq!(cluster.pulse(11).0, None, "its counters began anew, as no datanode of ours does it");
    }

    #[test]
    fn who_is_silent_dead_or_gone_does_nothing_that_is_known() {
        let mut cluster = Cluster::new();
        (1..=2).for_each(|id| cluster.register(id, 0, 0));
        cluster.pulse(0);
        (1..=2).for_each(|id| cluster.heartbeat(id, 3_000, 3));
        assert_eq!(cluster.pulse(3), (Some(2_000.0), 200));
        // The second one falls silent, and is stale; it comes back after that, and no rate goes back over the silence.
        cluster.heartbeat(1, 6_000, 6);
        cluster.heartbeat(1, 9_000, 9);
        assert_eq!(cluster.pulse(10), (Some(1_000.0), 100));
        cluster.heartbeat(2, 90_000, 11);
        assert_eq!(cluster.pulse(11), (Some(1_000.0), 200));
        cluster.heartbeat(2, 90_030, 14);
        assert_eq!(cluster.pulse(14), (Some(1_010.0), 200));
        // Both are dead: what is done is not known, and not nothing.
        assert_eq!(cluster.pulse(30), (None, 0));
        cluster.heartbeat(1, 9_000, 31);
        cluster.heartbeat(1, 9_500, 32);
        assert_eq!(cluster.pulse(32), (None, 100), "the first look since it is back");
        cluster.heartbeat(1, 9_600, 33);
        assert_eq!(cluster.pulse(33), (Some(100.0), 100));
        cluster.0.forget(DatanodeId(1));
        assert_eq!(cluster.pulse(33), (None, 0));
    }

    #[test]
    fn copies_that_were_not_counted_or_not_reported_are_not_known() {
        let mut cluster = Cluster::new();
        assert!(cluster.0.pulse(Timestamp(0)).counts.is_none());
        cluster.0.healing.leave_safe_mode();
        assert!(cluster.0.pulse(Timestamp(0)).counts.is_none(), "not counted yet");
        assert!(cluster.0.begin_survey(Timestamp(0)) && cluster.0.advance_survey(&State::new(), Timestamp(0)));
        assert!(cluster.0.pulse(Timestamp(0)).counts.is_some());
    }
}

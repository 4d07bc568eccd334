//! Many connections from this process that send nothing.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The interval between two bursts of new connections.
const BURST_EVERY: Duration = Duration::from_millis(20);
/// The number of new connections kept open to each address; the newest are kept.
const KEPT_MAX: usize = 400;

/// Silent connections to some addresses; dropping it closes them.
#[derive(Debug)]
pub struct Crowd {
    idle: Vec<TcpStream>,
    made: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Crowd {
    /// Opens `idle` connections to each address, and then `each_second` new ones per second.
    pub fn gather(addresses: &[SocketAddr], idle: usize, each_second: u64) -> Self {
        raise_limit();
        let connect = |address: &SocketAddr| TcpStream::connect(address).expect("connect");
        let idle = addresses.iter().flat_map(|address| (0..idle).map(move |_| connect(address))).collect();
        let (made, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let burst = (u128::from(each_second) * BURST_EVERY.as_millis() / 1000) as u64;
        let press = |address: &SocketAddr| {
            let (address, made, stop) = (*address, made.clone(), stop.clone());
            std::thread::spawn(move || {
                let mut kept = VecDeque::new();
                while !stop.load(Ordering::SeqCst) {
                    for _ in 0..burst {
                        // Refused, or temporarily out of ports: the next burst follows soon.
                        let Ok(caller) = TcpStream::connect_timeout(&address, BURST_EVERY) else { continue };
                        made.fetch_add(1, Ordering::SeqCst);
                        kept.push_back(caller);
                        if kept.len() > KEPT_MAX {
                            kept.pop_front();
                        }
                    }
                    std::thread::sleep(BURST_EVERY);
                }
            })
        };
        let threads = if each_second > 0 { addresses.iter().map(press).collect() } else { Vec::new() };
        Self { idle, made, stop, threads }
    }

    /// Returns the number of connections made so far.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::SeqCst)
    }

    /// Returns the number of connections opened at the beginning.
    pub fn idle(&self) -> usize {
        self.idle.len()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.threads.drain(..).for_each(|thread| thread.join().expect("no panic"));
    }
}

/// Raises the limit of open files to the maximum for this process.
fn raise_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).expect("raise the limit");
}

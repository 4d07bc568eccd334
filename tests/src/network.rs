//! A datanode whose network can be cut separately towards its masters, its clients and its peers;
//! and a connection to the master that can be cut, slow or faulty.
//!
//! The datanode runs behind two forwarders in the process of the test: others reach it through one,
//! and it reaches its master through the other. The caller is identified from the sockets of the
//! cluster's processes, because the connection itself is encrypted.

use crate::cluster::{Cluster, Daemon};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The interval at which a connection checks for a cut.
const LOOK_EVERY: Duration = Duration::from_millis(10);
const PIECE_BYTES: usize = 256 << 10;

/// The treatment of the bytes on a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Way {
    Open,
    /// No data is accepted; pending data continues when the route is open again, as TCP does after
    /// a short interruption.
    Held,
    /// All data is accepted and dropped; connections that lost bytes end when the route is open
    /// again, not before.
    Swallowed,
    /// One bit of every piece is flipped.
    Garbled,
}

/// One kind of connections of a datanode.
#[derive(Debug, Default)]
pub struct Route {
    way: AtomicU8,
    /// The number of bytes affected by the fault.
    cut: AtomicU64,
    passed: AtomicU64,
    /// The delay of answers in milliseconds.
    late_ms: AtomicU64,
    /// The route is held after this many bytes have passed; 0: never.
    held_after: AtomicU64,
}

impl Route {
    pub fn set(&self, way: Way) {
        self.held_after.store(0, Ordering::SeqCst);
        self.way.store(way as u8, Ordering::SeqCst);
    }

    /// Delays the answers of the called side by this time from now on. No data is lost or
    /// reordered.
    pub fn set_late(&self, by: Duration) {
        self.late_ms.store(u64::try_from(by.as_millis()).expect("a short time"), Ordering::SeqCst);
    }

    /// Holds the route after about this many more bytes have passed; [`Route::set`] releases it.
    pub fn hold_after(&self, bytes: u64) {
        self.held_after.store(self.passed() + bytes, Ordering::SeqCst);
    }

    fn way(&self) -> Way {
        let held_after = self.held_after.load(Ordering::SeqCst);
        if held_after > 0 && self.passed() >= held_after {
            return Way::Held;
        }
        [Way::Open, Way::Held, Way::Swallowed, Way::Garbled][usize::from(self.way.load(Ordering::SeqCst))]
    }

    fn late(&self) -> Duration {
        Duration::from_millis(self.late_ms.load(Ordering::SeqCst))
    }

    /// Returns the number of times that data met the fault: without that, nothing was tested.
    pub fn struck(&self) -> u64 {
        self.cut.load(Ordering::SeqCst)
    }

    /// Returns the number of bytes that passed.
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::SeqCst)
    }
}

/// The routes to and from one datanode.
#[derive(Debug, Default)]
pub struct Routes {
    pub masters: Arc<Route>,
    pub clients: Arc<Route>,
    pub peers: Arc<Route>,
}

/// A second address of the master, through a forwarder. It ends when this is dropped.
#[derive(Debug)]
pub struct Front {
    pub address: SocketAddr,
    pub route: Arc<Route>,
    stop: Arc<AtomicBool>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// A datanode behind forwarders. Dropping it ends the process.
#[derive(Debug)]
pub struct Remote {
    pub routes: Routes,
    pub daemon: Daemon,
    child: Child,
    stop: Arc<AtomicBool>,
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Cluster {
    /// Creates a forwarder to the first master, for clients that use its address.
    pub fn before_master(&self) -> Front {
        let master = self.daemon("master-1").address.parse().expect("an address");
        let (route, stop) = (Arc::new(Route::default()), Arc::new(AtomicBool::new(false)));
        let only = route.clone();
        let address = forward(master, Arc::new(move |_, _| only.clone()), stop.clone());
        Front { address, route, stop }
    }

    /// Restarts a datanode of the cluster behind forwarders, and waits until the cluster has all
    /// its datanodes.
    pub fn behind_forwarders(&self, id: &str) -> Remote {
        let mut daemon = self.daemon(id);
        let master = self.daemon("master-1").address.parse().expect("an address");
        self.dfsd_ok(&["stop", id]);
        let (routes, stop) = (Routes::default(), Arc::new(AtomicBool::new(false)));
        let others = self.daemons().into_iter().filter(|other| other.id.starts_with("datanode"));
        let others: Vec<i32> = others.filter_map(|other| other.pid).collect();
        let (clients, peers) = (routes.clients.clone(), routes.peers.clone());
        let of_caller = move |from, to| if is_socket_of(&others, from, to) { peers.clone() } else { clients.clone() };
        let real = daemon.address.parse().expect("an address");
        let advertised = forward(real, Arc::new(of_caller), stop.clone());
        let masters = routes.masters.clone();
        let to_master = forward(master, Arc::new(move |_, _| masters.clone()), stop.clone());
        let log = std::fs::File::options().append(true).open(&daemon.log).expect("open log");
        let mut command = self.dfsd_command();
        command.args(["datanode", "--id", id, "--listen", &daemon.address, "--masters", &to_master.to_string()]);
        command.arg("--data-dir").arg(&daemon.data_dir);
        command.arg("--credential").arg(self.home().join(format!("credentials/{id}.pem")));
        command.env("DFS_DATANODE_ADVERTISE", advertised.to_string()).env("DFS_DATANODE_RESERVE", "0");
        let child = command.stdout(Stdio::null()).stderr(log).spawn().expect("start datanode");
        daemon.pid = i32::try_from(child.id()).ok();
        let remote = Remote { routes, daemon, child, stop };
        let advertised = advertised.to_string();
        self.wait_for("the datanode behind forwarders", || {
            let nodes = self.json(&["nodes"]);
            let mut nodes = nodes.as_array().into_iter().flatten();
            nodes.any(|node| node["address"] == advertised.as_str() && node["state"] == "live")
        });
        remote
    }
}

type Classify = dyn Fn(SocketAddr, SocketAddr) -> Arc<Route> + Send + Sync;

/// Listens, and forwards every connection to `target`, over the route that `classify` returns for
/// the caller.
fn forward(target: SocketAddr, classify: Arc<Classify>, stop: Arc<AtomicBool>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
    let address = listener.local_addr().expect("address");
    listener.set_nonblocking(true).expect("nonblocking");
    std::thread::spawn(move || {
        while !stop.load(Ordering::SeqCst) {
            let Ok((caller, from)) = listener.accept() else {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            };
            caller.set_nonblocking(false).expect("blocking");
            let (route, stop) = (classify(from, address), stop.clone());
            std::thread::spawn(move || pass(caller, target, &route, &stop));
        }
    });
    address
}

/// Forwards the bytes of a connection in both directions until it ends.
fn pass(caller: TcpStream, target: SocketAddr, route: &Arc<Route>, stop: &Arc<AtomicBool>) {
    let Ok(called) = TcpStream::connect(target) else { return };
    let lossy = Arc::new(AtomicBool::new(false));
    let ways = [(&caller, &called, false), (&called, &caller, true)];
    let threads = ways.map(|(from, to, answers)| {
        let (from, to) = (from.try_clone().expect("clone"), to.try_clone().expect("clone"));
        let (route, stop, lossy) = (route.clone(), stop.clone(), lossy.clone());
        std::thread::spawn(move || carry(&from, &to, answers, &route, &stop, &lossy))
    });
    threads.into_iter().for_each(|thread| thread.join().expect("carry"));
}

fn carry(mut from: &TcpStream, to: &TcpStream, answers: bool, route: &Route, stop: &AtomicBool, lossy: &AtomicBool) {
    from.set_read_timeout(Some(LOOK_EVERY)).expect("time limit");
    let (mut piece, mut ended) = (vec![0; PIECE_BYTES], false);
    let mut under_way = UnderWay::default();
    while !stop.load(Ordering::SeqCst) {
        if under_way.deliver(to).is_err() {
            ended = true;
        }
        let way = route.way();
        if way == Way::Held || (way == Way::Swallowed && ended) {
            let waiting = from.peek(&mut [0]).unwrap_or(0);
            route.cut.fetch_add(waiting as u64, Ordering::SeqCst);
            std::thread::sleep(LOOK_EVERY);
            continue;
        }
        if matches!(way, Way::Open | Way::Garbled) && (ended && under_way.is_empty() || lossy.load(Ordering::SeqCst)) {
            break;
        }
        if ended {
            std::thread::sleep(LOOK_EVERY);
            continue;
        }
        match from.read(&mut piece) {
            Ok(0) => ended = true,
            Ok(count) if route.way() != Way::Swallowed => {
                // Data that was read just before the route was held still passes: it was already on
                // the wire.
                let bytes = &mut piece[..count];
                if route.way() == Way::Garbled {
                    bytes[count / 2] ^= 1;
                    route.cut.fetch_add(1, Ordering::SeqCst);
                }
                under_way.send(bytes, if answers { route.late() } else { Duration::ZERO });
                if under_way.deliver(to).is_err() {
                    ended = true;
                }
                route.passed.fetch_add(count as u64, Ordering::SeqCst);
            }
            Ok(count) => {
                lossy.store(true, Ordering::SeqCst);
                route.cut.fetch_add(count as u64, Ordering::SeqCst);
            }
            Err(error) if is_timeout(&error) => {}
            Err(_) => ended = true,
        }
    }
    for socket in [from, to] {
        let _ = socket.shutdown(Shutdown::Both);
    }
}

/// Delayed bytes, with the time of their delivery.
#[derive(Debug, Default)]
struct UnderWay(VecDeque<(Instant, Vec<u8>)>);

impl UnderWay {
    fn send(&mut self, bytes: &[u8], late: Duration) {
        // The order is kept.
        let before = self.0.back().map_or_else(Instant::now, |(due, _)| *due);
        self.0.push_back((before.max(Instant::now() + late), bytes.to_vec()));
    }

    /// Delivers the bytes that are due.
    fn deliver(&mut self, mut to: &TcpStream) -> std::io::Result<()> {
        while self.0.front().is_some_and(|(due, _)| *due <= Instant::now()) {
            let sent = self.0.pop_front().map_or(Ok(()), |(_, bytes)| to.write_all(&bytes));
            sent?;
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

pub(crate) fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// Returns true if the socket `from`, connected to `to`, belongs to one of these processes.
fn is_socket_of(pids: &[i32], from: SocketAddr, to: SocketAddr) -> bool {
    let Some(inode) = inode_of(from, to) else { return false };
    let wanted = format!("socket:[{inode}]");
    pids.iter().any(|pid| {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        let mut targets = open.filter_map(|file| std::fs::read_link(file.path()).ok());
        targets.any(|target| target.as_os_str() == wanted.as_str())
    })
}

/// Returns the inode of a socket with these addresses, from the system's table of connections.
fn inode_of(from: SocketAddr, to: SocketAddr) -> Option<String> {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("table of connections");
    let ends = |port: u16| format!(":{port:04X}");
    let line = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).find(|fields| {
        fields.len() > 9 && fields[1].ends_with(&ends(from.port())) && fields[2].ends_with(&ends(to.port()))
    })?;
    Some(line[9].to_owned())
}

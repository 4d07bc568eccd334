//! Listeners that are not masters: a program that is directed to them by mistake must neither crash
//! nor hang.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The interval at which a listener checks if it must end.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The behaviour of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Sends random bytes without end.
    Babbles,
    /// Accepts everything and sends nothing.
    Listens,
    /// Closes at once.
    Closes,
}

/// A listener on this machine. Dropping it ends it.
#[derive(Debug)]
pub struct Stranger {
    pub address: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl Stranger {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
        let address = listener.local_addr().expect("address");
        listener.set_nonblocking(true).expect("nonblocking");
        let stop = Arc::new(AtomicBool::new(false));
        let ends = stop.clone();
        std::thread::spawn(move || {
            while !ends.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((caller, _)) => {
                        let ends = ends.clone();
                        std::thread::spawn(move || treat(caller, manner, &ends));
                    }
                    Err(_) => std::thread::sleep(LOOK_EVERY),
                }
            }
        });
        Self { address, stop }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// Serves a connection until the caller or the listener ends.
fn treat(mut caller: TcpStream, manner: Manner, ends: &AtomicBool) {
    caller.set_nonblocking(false).expect("blocking");
    caller.set_read_timeout(Some(LOOK_EVERY)).expect("time limit");
    caller.set_write_timeout(Some(LOOK_EVERY)).expect("time limit");
    let mut random = fastrand::Rng::with_seed(7);
    let mut bytes = [0; 4096];
    while manner != Manner::Closes && !ends.load(Ordering::SeqCst) {
        let done = match manner {
            Manner::Babbles => {
                random.fill(&mut bytes);
                caller.write(&bytes)
            }
            Manner::Listens | Manner::Closes => caller.read(&mut bytes).and_then(|count| match count {
                0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
                count => Ok(count),
            }),
        };
        match done {
            Err(error) if !crate::network::is_timeout(&error) => return,
            _ => {}
        }
    }
}

//! A data service with the credential of a datanode that sends false answers.

use dfs_rpc::capability::{KeyRing, Stored};
use dfs_rpc::conn::DataConn;
use dfs_rpc::data::{OpenWrite, Read, WriteDone};
use dfs_rpc::frame::{FrameHeader, FrameKind, decode_message, encode_table};
use dfs_rpc::hello::Service;
use dfs_rpc::tls::Identity;
use dfs_rpc::transport;
use dfs_types::{DatanodeId, Protection};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::{Handle, Runtime};

/// The time limit for the other side.
const PATIENCE: Duration = Duration::from_secs(20);

/// Returns wrong bytes with matching checksums, in several ways in turn, and acknowledges writes
/// without storing them.
#[derive(Debug)]
pub struct Liar {
    pub address: SocketAddr,
    pub ring: Arc<Mutex<KeyRing>>,
    /// The number of reads that it has answered, and of writes that it has acknowledged.
    pub lies: Arc<[AtomicUsize; 2]>,
}

/// The state of one connection.
#[derive(Clone)]
struct Lying {
    identity: Identity,
    node: DatanodeId,
    boot: u64,
    ring: Arc<Mutex<KeyRing>>,
    lies: Arc<[AtomicUsize; 2]>,
}

impl Liar {
    pub fn start(runtime: &Runtime, identity: &Identity, node: DatanodeId, boot: u64) -> Self {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("listen");
        let address = listener.local_addr().expect("address");
        let (ring, lies) = <(Arc<Mutex<KeyRing>>, Arc<[AtomicUsize; 2]>)>::default();
        let service = Lying { identity: identity.clone(), node, boot, ring: ring.clone(), lies: lies.clone() };
        runtime.spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let accepted = transport::accept(&service.identity, tcp, &[Service::Data], Protection::Auto).await;
                    let Ok(connected) = accepted else { return };
                    let handle = Handle::current();
                    let _ = tokio::task::spawn_blocking(move || {
                        let entered = handle.enter();
                        let conn = DataConn::new(connected).expect("take over");
                        drop(entered);
                        let _ = conn.set_timeout(Some(PATIENCE));
                        service.serve(&conn);
                    })
                    .await;
                });
            }
        });
        Self { address, ring, lies }
    }
}

impl Lying {
    /// Serves the connection until the other side closes it.
    fn serve(&self, conn: &DataConn) -> Option<()> {
        let mut open: Option<OpenWrite> = None;
        let mut table = Vec::new();
        loop {
            let header = conn.receive_header().ok()??;
            let mut payload = vec![0; header.length as usize];
            conn.receive_payload(&mut payload).ok()?;
            match header.kind {
                FrameKind::OpenWrite => (open, table) = (decode_message(&payload).ok(), Vec::new()),
                FrameKind::Data => table.extend_from_slice(&header.crcs[..header.blocks()]),
                FrameKind::FinishWrite => self.stored(conn, header.stream, open.take()?, &payload)?,
                FrameKind::Read => self.read(conn, header.stream, &decode_message(&payload).ok()?)?,
                _ => {}
            }
        }
    }

    /// Sends a receipt for a chunk that is not stored.
    fn stored(&self, conn: &DataConn, stream: u32, open: OpenWrite, finish: &[u8]) -> Option<()> {
        let fields = super::fields_of(&open.capability);
        let finish: dfs_rpc::data::FinishWrite = decode_message(finish).ok()?;
        let stored = Stored {
            cluster: fields.cluster,
            node: self.node,
            boot: self.boot,
            chunk: fields.chunk,
            generation: fields.generation,
            length: finish.length,
            checksum: finish.checksum,
        };
        let receipts = vec![self.ring.lock().expect("no panic").receipt(&stored)?];
        self.lies[1].fetch_add(1, Ordering::SeqCst);
        conn.send_message(FrameKind::WriteDone, stream, &WriteDone { receipts }).ok()
    }

    fn read(&self, conn: &DataConn, stream: u32, read: &Read) -> Option<()> {
        let turn = self.lies[0].fetch_add(1, Ordering::SeqCst);
        let fields = super::fields_of(&read.capability);
        let wrong = vec![turn as u8; fields.length_max as usize];
        let mut table = encode_table(&super::table(&wrong));
        match turn % 4 {
            // A table that matches the bytes, and frames that match both: only the chunk's checksum
            // reveals the fault.
            0 => {}
            // No table.
            1 => table.clear(),
            // A table of another length.
            2 => table.truncate(4),
            // Arbitrary checksums.
            _ => table.fill(turn as u8),
        }
        conn.send(&FrameHeader::message(FrameKind::Table, stream, &table), &table).ok()?;
        let start = read.offset as usize / super::BLOCK_BYTES * super::BLOCK_BYTES;
        let end = (start + super::DATA_BYTES_MAX).min(wrong.len());
        let payload = wrong.get(start..end)?;
        conn.send(&FrameHeader::data(stream, start as u64, payload), payload).ok()?;
        conn.send(&FrameHeader::message(FrameKind::ReadDone, stream, &[]), &[]).ok()
    }
}

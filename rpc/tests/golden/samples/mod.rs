//! At least one sample of every message.

mod admin;
mod cluster;
mod data;
mod errors;
mod files;
mod node;

use dfs_rpc::services::Call;
use dfs_rpc::services::{Request, UserRequest, UserResponse};
use dfs_rpc::wire;
use dfs_types::{
    ChunkId, ChunkRef, ClusterId, DatanodeId, DfsPath, EntryId, Error, ErrorCode, Generation, Kind, ReplicaKey,
    ReplicaState, Stat, StoredReplica, Timestamp,
};
use serde::{Serialize, de::DeserializeOwned};

/// The encoding of a message, and the function that decodes and encodes it again.
pub(crate) struct Sample {
    pub name: String,
    pub bytes: Vec<u8>,
    /// Decodes bytes and encodes the result.
    pub again: fn(&[u8]) -> Vec<u8>,
}

impl Sample {
    pub(crate) fn new<M: Serialize + DeserializeOwned>(name: impl Into<String>, message: &M) -> Self {
        Self { name: name.into(), bytes: write(message), again: |bytes| write(&read::<M>(bytes)) }
    }
}

fn write<M: Serialize>(message: &M) -> Vec<u8> {
    postcard::to_stdvec(message).expect("plain data")
}

fn read<M: DeserializeOwned>(bytes: &[u8]) -> M {
    let (message, rest) = postcard::take_from_bytes(bytes).expect("what was written");
    assert!(rest.is_empty(), "trailing bytes");
    message
}

/// The protocol version that introduced the newest messages.
pub(crate) const NEWEST: u16 = 9;

/// Returns the protocol version that introduced a call.
fn since(call: Call) -> u16 {
    match call {
        Call::StatV9 | Call::ListV9 | Call::Copy | Call::SetUserAttributes | Call::UserAttributes | Call::Jobs => 9,
        _ => 8,
    }
}

/// A request and the response to it.
pub(crate) struct Pair {
    pub service: &'static str,
    pub call: Call,
    /// The number of the call in the request, in the response, and in the refusal; for a user's
    /// call, after the number of the service.
    pub number: Vec<u8>,
    pub answer: Vec<u8>,
    pub refused: Vec<u8>,
    pub samples: [Sample; 2],
}

/// Creates the samples of a call; `head` bytes are its number.
fn pair<Q>(service: &'static str, head: usize, request: &Q, response: &Q::Response) -> Pair
where
    Q: Request + Serialize + DeserializeOwned,
    Q::Response: Serialize + DeserializeOwned,
{
    let call = request.call();
    let refusal = request.refused(Error::new(ErrorCode::Internal, "no"));
    let samples =
        [Sample::new(format!("{call:?}.request"), request), Sample::new(format!("{call:?}.response"), response)];
    let number = |bytes: &[u8]| bytes[..head].to_vec();
    let (request, answer) = (number(&samples[0].bytes), number(&samples[1].bytes));
    Pair { service, call, number: request, answer, refused: number(&write(&refusal)), samples }
}

fn user(service: &'static str, request: impl Into<UserRequest>, response: UserResponse) -> Pair {
    pair(service, 2, &request.into(), &response)
}

/// Samples of every call.
pub(crate) fn calls() -> Vec<Pair> {
    [files::calls(), cluster::calls(), admin::calls(), node::calls(), node::raft()].into_iter().flatten().collect()
}

/// All samples, by golden file.
pub(crate) fn all() -> Vec<(String, Vec<Sample>)> {
    let mut files: Vec<(String, Vec<Sample>)> = Vec::new();
    for pair in calls() {
        let name = format!("{}_v{}", pair.service, since(pair.call));
        match files.iter_mut().find(|(there, _)| *there == name) {
            Some((_, samples)) => samples.extend(pair.samples),
            None => files.push((name, pair.samples.into())),
        }
    }
    let others = [("errors_v8", errors::samples()), ("view_v8", cluster::view()), ("data_v8", data::samples())];
    files.extend(others.map(|(name, samples)| (name.to_owned(), samples)));
    files
}

fn path(text: &str) -> DfsPath {
    DfsPath::parse(text).expect("a path")
}

fn stat(kind: Kind) -> Stat {
    Stat {
        kind,
        size: 70_000,
        modified: Timestamp(1_700_000_000_000),
        created: Timestamp(300),
        owner: "ann".to_owned(),
        group: "staff".to_owned(),
        mode: 0o644,
        replication: 3,
        chunk_size: 64 << 20,
        chunks: 2,
        files: 4,
        directories: 5,
        version: 6,
        space: 210_000,
        id: EntryId::UNKNOWN,
    }
}

fn chunk(id: u64) -> ChunkRef {
    ChunkRef { id: ChunkId(id), generation: Generation(1), length: 70_000, checksum: 0xfeed_beef }
}

fn stored(id: u64, state: ReplicaState) -> StoredReplica {
    StoredReplica { key: key(id), state }
}

fn key(id: u64) -> ReplicaKey {
    chunk(id).key()
}

fn address(id: u16) -> wire::NodeAddress {
    let address = if id.is_multiple_of(2) { "[::1]:7001" } else { "10.0.0.1:7001" };
    wire::NodeAddress { id: DatanodeId(id), address: address.parse().expect("an address") }
}

const CLUSTER: ClusterId = ClusterId(*b"0123456789abcdef");

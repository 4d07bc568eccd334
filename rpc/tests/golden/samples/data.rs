//! Messages of the data plane, and the content of capabilities.

use super::files::receipt;
use super::{CLUSTER, Sample, address};
use bytes::Bytes;
use dfs_rpc::capability::{Capability, Operation};
use dfs_rpc::data::{FinishWrite, OpenWrite, Read, StreamError, WriteDone};
use dfs_types::{ChunkId, DatanodeId, Error, ErrorCode, Generation, MasterId, Principal, Timestamp};

pub(super) fn samples() -> Vec<Sample> {
    let capability = Bytes::from_static(b"sealed");
    let error = Error::new(ErrorCode::LocalIo, "the disk failed").at("chunk");
    vec![
        Sample::new("OpenWrite", &OpenWrite { capability: capability.clone(), length: Some(300) }),
        Sample::new("FinishWrite", &FinishWrite { length: 300, checksum: 0xfeed_beef }),
        Sample::new("WriteDone", &WriteDone { receipts: vec![receipt()] }),
        Sample::new("Read", &Read { capability, offset: 65_536, length: 300 }),
        Sample::new("StreamError", &StreamError { node: Some(DatanodeId(2)), error }),
        Sample::new("Capability.read", &permission(Operation::Read, Principal::User("ann".to_owned()), Some(7))),
        Sample::new("Capability.write", &permission(Operation::Write, Principal::Datanode(DatanodeId(2)), None)),
        Sample::new("Capability.master", &permission(Operation::Write, Principal::Master(MasterId(1)), None)),
    ]
}

fn permission(operation: Operation, principal: Principal, checksum: Option<u32>) -> Capability {
    Capability {
        cluster: CLUSTER,
        chunk: ChunkId(300),
        generation: Generation(1),
        operation,
        principal,
        pipeline: vec![address(1), address(2)],
        length_max: 70_000,
        checksum,
        expires: Timestamp(300),
    }
}

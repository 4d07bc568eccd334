//! The five services of masters. Each is a list of calls; [`Call`] has the rights for each.
//!
//! * [`FileService`], [`ClusterService`] and [`AdminService`] are for users. All three go over one
//!   connection, as [`UserRequest`] and [`UserResponse`].
//! * [`NodeService`] is for datanodes, [`RaftService`] for masters.
//!
//! # How calls change
//!
//! On the wire a call is identified by its number: its position in its service, counted from zero.
//! So calls are only appended, never moved or removed, and the same holds for the services in
//! [`UserRequest`]. A call whose messages change becomes a new call at the end of its service, with
//! the old name and the version that introduced it (`stat_v9`). The old call stays for one more
//! protocol version, and its method converts to the new messages; after that it keeps its position
//! and is refused with `unsupported`. `rpc/golden/` has one sample of each request and each
//! response: a test fails when the bytes of one change.
//!
//! A caller sees from the version of the connection ([`UserClient::version`]) which calls its peer
//! has: it makes the old call where the peer has only that, and fails with `unsupported` where
//! there is no old one.

mod admin;
mod cluster;
mod files;
mod guard;
mod node;
pub mod raft;
mod request;
mod user;

pub use admin::{AdminService, AdminServiceClient, AdminServiceRequest, AdminServiceResponse, ServeAdminService};
pub use cluster::{
    ClusterService, ClusterServiceClient, ClusterServiceRequest, ClusterServiceResponse, ServeClusterService,
};
pub use files::{FileService, FileServiceClient, FileServiceRequest, FileServiceResponse, ServeFileService};
pub use guard::{Gate, Guarded};
pub use node::{NodeService, NodeServiceClient, NodeServiceRequest, NodeServiceResponse, ServeNodeService};
pub use raft::{RaftService, RaftServiceClient, RaftServiceRequest, RaftServiceResponse, ServeRaftService};
pub use request::{Call, Request};
pub use user::{Part, ServeUser, UserClient, UserDispatch, UserRequest, UserResponse, UserServices};

//! The five services of masters. Each is a list of calls; [`Call`] says who may make which.
//!
//! * [`FileService`], [`ClusterService`] and [`AdminService`] are for users. All three go over one connection, as
//!   [`UserRequest`] and [`UserResponse`].
//! * [`NodeService`] is for datanodes, [`RaftService`] for masters.
//!
//! # How calls change
//!
//! A call crosses as its number: its place in its service, counted from zero. So calls are appended and never moved or
//! removed in between, and so are the services in [`UserRequest`]. A call whose messages change becomes a new call at the end
//! of its service, with the name of the old one and the version that it came with (`stat_v9`). The old one stays for one
//! protocol version more, and its method converts to the new messages; after that it stays in its place as a call that is
//! refused with `unsupported`. `rpc/golden/` has one sample of each request and each response: a test fails when the bytes
//! of one change.
//!
//! Whether its peer has a call, a caller sees from the version of the connection ([`UserClient::version`]): it makes the old
//! call where the peer has only that, and refuses with `unsupported` where there is no old one.

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

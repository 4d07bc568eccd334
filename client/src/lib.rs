//! The client library: [`Client`] provides all operations that a user can do with a cluster.
//!
//! * Calls to the masters share one connection and are retried until `rpc_timeout`; a change is
//!   applied once, even if it is retried.
//! * [`Client::put`] and [`Client::get`] transfer files in parallel chunks, avoid datanodes that
//!   are corrupt, slow or unreachable, and verify every byte that they return. They report to a
//!   [`Progress`] and stop within one frame after a cancellation.
//! * Memory is bounded: one frame of 512 KiB per chunk in flight; 80 MiB (or one chunk, if larger)
//!   for a put from a source that can be read only once; 10 MiB for a get into a writer.
//!
//! The interface is async on tokio; file content is transferred on blocking threads of the runtime.
//!
//! ```no_run
//! use dfs_client::{CancellationToken, Client, ClientOptions, Dest, GetOptions, Progress, PutOptions, Source};
//!
//! async fn copy_there_and_back(options: ClientOptions) -> dfs_types::Result<()> {
//!     let client = Client::connect(options).await?;
//!     let (directory, file) = (dfs_types::DfsPath::parse("/notes")?, dfs_types::DfsPath::parse("/notes/today")?);
//!     client.mkdir(&directory, true).await?;
//!
//!     let (progress, cancel) = (Progress::new(), CancellationToken::new());
//!     let source = Source::Bytes("buy milk".into());
//!     let stat = client.put(source, &file, PutOptions::default(), &progress, &cancel).await?;
//!     assert_eq!((stat.size, progress.bytes()), (8, 8));
//!
//!     assert_eq!(client.read_range(&file, 4, 100).await?, b"milk");
//!     let dest = Dest::File("today.txt".into());
//!     client.get(&file, dest, GetOptions::default(), &progress, &cancel).await?;
//!     Ok(())
//! }
//! ```

#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod bridge;
mod client;
mod clock;
mod content;
mod control;
mod copies;
mod namespace;
mod pool;
mod progress;
mod read;
pub mod recording;
mod snapshot;
mod transfer;
mod write;

pub use client::{Client, ClientOptions};
pub use control::{Outlook, Waited};
pub use copies::CopyOptions;
pub use dfs_rpc::tls::{CredentialError, Identity};
pub use dfs_rpc::view;
pub use dfs_rpc::wire::{
    Blocked, ChunkStatus, ClusterStatus, Copied, DirectoryTraffic, Find, Found, FoundPage, JobState, JobStatus,
    Lasting, ListDirectory, ListPage, LocatedChunk, Looked, MasterStatus, NodeAddress, NodeState, NodeStatus,
    ReplicationStatus, SafeMode, SafeModeChange, Traffic, UnderReplicated, Unfinished, UserAttribute,
    UserAttributeChange, Wanted,
};
pub use dfs_types::{AdminState, AttributeChange};
pub use namespace::Located;
pub use progress::{Event, Progress};
pub use read::{Dest, GetOptions, Replacing, is_part_file, local_target};
pub use snapshot::{Snapshot, Told};
pub use tokio_util::sync::CancellationToken;
pub use write::{PutOptions, Source, settle};

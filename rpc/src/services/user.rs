//! The connection of a user: three services in one.
//!
//! A client has one TLS connection to a master. The services would cost a handshake each on connections of their own, so
//! a request says which of them it is for.

use super::admin::{AdminService, AdminServiceClient, AdminServiceRequest, AdminServiceResponse};
use super::cluster::{ClusterService, ClusterServiceClient, ClusterServiceRequest, ClusterServiceResponse};
use super::files::{FileService, FileServiceClient, FileServiceRequest, FileServiceResponse};
use super::request::{Call, Request};
use crate::transport::{Connected, Transport, framed};
use dfs_types::{DatanodeId, Error};
use futures::future::{Either, FutureExt, TryFutureExt};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::marker::PhantomData;
use tarpc::client::stub::Stub;
use tarpc::client::{Channel, Config, NewClient, RequestDispatch, RpcError};
use tarpc::context::Context;
use tarpc::server::Serve;
use tarpc::{ClientMessage, RequestName, Response, ServerError};

/// A request on the connection of a user. Services are appended, never moved.
#[derive(Debug, Serialize, Deserialize)]
pub enum UserRequest {
    Files(FileServiceRequest),
    Cluster(ClusterServiceRequest),
    Admin(AdminServiceRequest),
}

/// The response to a [`UserRequest`], of the same service.
#[derive(Debug, Serialize, Deserialize)]
pub enum UserResponse {
    Files(FileServiceResponse),
    Cluster(ClusterServiceResponse),
    Admin(AdminServiceResponse),
}

impl RequestName for UserRequest {
    fn name(&self) -> &str {
        match self {
            Self::Files(request) => request.name(),
            Self::Cluster(request) => request.name(),
            Self::Admin(request) => request.name(),
        }
    }
}

impl Request for UserRequest {
    type Response = UserResponse;

    fn call(&self) -> Call {
        match self {
            Self::Files(request) => request.call(),
            Self::Cluster(request) => request.call(),
            Self::Admin(request) => request.call(),
        }
    }

    fn node(&self) -> Option<DatanodeId> {
        match self {
            Self::Files(request) => request.node(),
            Self::Cluster(request) => request.node(),
            Self::Admin(request) => request.node(),
        }
    }

    fn refused(&self, error: Error) -> UserResponse {
        match self {
            Self::Files(request) => UserResponse::Files(request.refused(error)),
            Self::Cluster(request) => UserResponse::Cluster(request.refused(error)),
            Self::Admin(request) => UserResponse::Admin(request.refused(error)),
        }
    }
}

/// A server of all services for users.
pub trait UserServices: FileService + ClusterService + AdminService + Clone {}

impl<S: FileService + ClusterService + AdminService + Clone> UserServices for S {}

/// Serves the requests on the connection of a user.
#[derive(Debug, Clone)]
pub struct ServeUser<S>(pub S);

impl<S: UserServices> Serve for ServeUser<S> {
    type Req = UserRequest;
    type Resp = UserResponse;

    /// The future is that of the one service, without another copy of the request.
    fn serve(self, context: Context, request: UserRequest) -> impl Future<Output = Result<UserResponse, ServerError>> {
        match request {
            UserRequest::Files(request) => {
                let served = FileService::serve(self.0).serve(context, request);
                Either::Left(served.map_ok(UserResponse::Files))
            }
            UserRequest::Cluster(request) => {
                let served = ClusterService::serve(self.0).serve(context, request);
                Either::Right(Either::Left(served.map_ok(UserResponse::Cluster)))
            }
            UserRequest::Admin(request) => {
                let served = AdminService::serve(self.0).serve(context, request);
                Either::Right(Either::Right(served.map_ok(UserResponse::Admin)))
            }
        }
    }
}

/// One service on the connection of a user, as its client sees it.
pub struct Part<Req, Resp> {
    connection: Channel<UserRequest, UserResponse>,
    service: PhantomData<fn(Req) -> Resp>,
}

impl<Req, Resp> Part<Req, Resp> {
    fn new(connection: &Channel<UserRequest, UserResponse>) -> Self {
        Self { connection: connection.clone(), service: PhantomData }
    }
}

impl<Req, Resp> Clone for Part<Req, Resp> {
    fn clone(&self) -> Self {
        Self::new(&self.connection)
    }
}

impl<Req, Resp> std::fmt::Debug for Part<Req, Resp> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Part")
    }
}

impl<Req, Resp> Stub for Part<Req, Resp>
where
    Req: RequestName + Into<UserRequest>,
    Resp: TryFrom<UserResponse>,
{
    type Req = Req;
    type Resp = Resp;

    fn call(&self, context: Context, request: Req) -> impl Future<Output = Result<Resp, RpcError>> {
        let stray = |_| ServerError::new(ErrorKind::InvalidData, "the answer is of another service".to_owned());
        let own = move |response| Resp::try_from(response).map_err(stray).map_err(RpcError::Server);
        // Boxed: it is large, and would be moved several times before it is polled.
        Box::pin(self.connection.call(context, request.into())).map(move |response| response.and_then(own))
    }
}

macro_rules! parts {
    ($($Part:ident: $Request:ident -> $Response:ident),+ $(,)?) => {$(
        impl From<$Request> for UserRequest {
            fn from(request: $Request) -> Self {
                Self::$Part(request)
            }
        }

        impl TryFrom<UserResponse> for $Response {
            type Error = UserResponse;

            fn try_from(response: UserResponse) -> Result<Self, UserResponse> {
                match response {
                    UserResponse::$Part(response) => Ok(response),
                    other => Err(other),
                }
            }
        }
    )+};
}

parts! {
    Files: FileServiceRequest -> FileServiceResponse,
    Cluster: ClusterServiceRequest -> ClusterServiceResponse,
    Admin: AdminServiceRequest -> AdminServiceResponse,
}

/// What drives the connection of a user; it ends when the last clone of the client is dropped.
pub type UserDispatch =
    RequestDispatch<UserRequest, UserResponse, Transport<Response<UserResponse>, ClientMessage<UserRequest>>>;

/// The connection of a user to a master, by service. Clones share it.
#[derive(Debug, Clone)]
pub struct UserClient {
    pub files: FileServiceClient<Part<FileServiceRequest, FileServiceResponse>>,
    pub cluster: ClusterServiceClient<Part<ClusterServiceRequest, ClusterServiceResponse>>,
    pub admin: AdminServiceClient<Part<AdminServiceRequest, AdminServiceResponse>>,
    /// The protocol version that both ends speak.
    pub version: u16,
}

impl UserClient {
    /// Speaks over this connection. `spawn` of what is returned gives the client.
    pub fn new(connected: Connected) -> NewClient<Self, UserDispatch> {
        let NewClient { client, dispatch } = tarpc::client::new(Config::default(), framed(connected.stream));
        let (files, cluster, admin) = (Part::new(&client), Part::new(&client), Part::new(&client));
        let (files, cluster, admin) = (files.into(), cluster.into(), admin.into());
        NewClient { client: Self { files, cluster, admin, version: connected.version }, dispatch }
    }
}

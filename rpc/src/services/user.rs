//! The connection of a user, which combines three services.
//!
//! A client has one TLS connection to a master. Separate connections would need a handshake each,
//! so a request names the service that it is for.

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

/// A request on the connection of a user. Services are only appended, never moved.
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

    /// Returns the future of the one service; the request is not copied.
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

/// A client of one service on the connection of a user.
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
        let stray = |_| ServerError::new(ErrorKind::InvalidData, "the response is of another service".to_owned());
        let own = move |response| Resp::try_from(response).map_err(stray).map_err(RpcError::Server);
        // Boxed: the future is large, and would be moved several times before it is polled.
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

/// The task that drives the connection of a user; it ends when the last clone of the client is
/// dropped.
pub type UserDispatch =
    RequestDispatch<UserRequest, UserResponse, Transport<Response<UserResponse>, ClientMessage<UserRequest>>>;

/// The clients of the services on the connection of a user to a master. Clones share the
/// connection.
#[derive(Debug, Clone)]
pub struct UserClient {
    pub files: FileServiceClient<Part<FileServiceRequest, FileServiceResponse>>,
    pub cluster: ClusterServiceClient<Part<ClusterServiceRequest, ClusterServiceResponse>>,
    pub admin: AdminServiceClient<Part<AdminServiceRequest, AdminServiceResponse>>,
    /// The protocol version of the connection.
    pub version: u16,
}

impl UserClient {
    /// Creates a client on this connection. Call `spawn` on the result to get the client.
    pub fn new(connected: Connected) -> NewClient<Self, UserDispatch> {
        let NewClient { client, dispatch } = tarpc::client::new(Config::default(), framed(connected.stream));
        let (files, cluster, admin) = (Part::new(&client), Part::new(&client), Part::new(&client));
        let (files, cluster, admin) = (files.into(), cluster.into(), admin.into());
        NewClient { client: Self { files, cluster, admin, version: connected.version }, dispatch }
    }
}

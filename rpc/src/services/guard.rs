//! The one place where rights are looked up: between the decoded request and its service.

use super::request::Request;
use crate::access::Call;
use dfs_types::{DatanodeId, Error};
use tarpc::ServerError;
use tarpc::context::Context;
use tarpc::server::Serve;

/// Decides whether calls of one peer are admitted, by the table of rights ([`Call::rule`]).
pub trait Gate {
    /// # Errors
    /// The refusal, which is the answer to the call. `node` is the datanode that the call is about.
    fn admit(&self, call: Call, node: Option<DatanodeId>) -> Result<(), Error>;
}

/// A service behind a gate: a call that is not admitted is answered with its refusal and never reaches the service.
#[derive(Debug, Clone)]
pub struct Guarded<G, S> {
    pub gate: G,
    pub service: S,
}

impl<G, S> Serve for Guarded<G, S>
where
    G: Gate,
    S: Serve,
    S::Req: Request<Response = S::Resp>,
{
    type Req = S::Req;
    type Resp = S::Resp;

    async fn serve(self, context: Context, request: S::Req) -> Result<S::Resp, ServerError> {
        match self.gate.admit(request.call(), request.node()) {
            Ok(()) => self.service.serve(context, request).await,
            Err(refusal) => Ok(request.refused(refusal)),
        }
    }
}

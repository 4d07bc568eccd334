//! Checks the rights of a call, between the decoded request and its service. No other place does.

use super::request::{Call, Request};
use dfs_types::{DatanodeId, Error};
use futures::future::{Either, ready};
use tarpc::ServerError;
use tarpc::context::Context;
use tarpc::server::Serve;

/// Decides whether calls of one peer are admitted, by the table of rights ([`Call::rule`]).
pub trait Gate {
    /// # Errors
    /// Returns the refusal, which is the answer to the call. `node` is the datanode that the call
    /// is about.
    fn admit(&self, call: Call, node: Option<DatanodeId>) -> Result<(), Error>;
}

/// A service behind a gate: a call that is not admitted is answered with its refusal and does not
/// reach the service.
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

    /// Decides synchronously: the returned future is that of the service, and the request is not
    /// copied.
    fn serve(self, context: Context, request: S::Req) -> impl Future<Output = Result<S::Resp, ServerError>> {
        match self.gate.admit(request.call(), request.node()) {
            Ok(()) => Either::Left(self.service.serve(context, request)),
            Err(refusal) => Either::Right(ready(Ok(request.refused(refusal)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::node::{NodeService, NodeServiceRequest, NodeServiceResponse};
    use super::*;
    use crate::wire::{self, Heartbeat, HeartbeatReply, NodeLoad, Register, Registered, ReportPage};
    use dfs_types::ErrorCode;

    /// Admits heartbeats only.
    struct HeartbeatsOnly;

    impl Gate for HeartbeatsOnly {
        fn admit(&self, call: Call, _: Option<DatanodeId>) -> Result<(), Error> {
            if call == Call::Heartbeat { Ok(()) } else { Err(Error::new(ErrorCode::PermissionDenied, "no")) }
        }
    }

    struct Service;

    impl NodeService for Service {
        async fn register(self, _: Context, _: Register) -> wire::Result<Registered> {
            panic!("a call that was not admitted reached its service");
        }

        async fn heartbeat(self, _: Context, _: Heartbeat) -> wire::Result<HeartbeatReply> {
            Ok(HeartbeatReply { orders: Vec::new(), keys: Vec::new() })
        }

        async fn chunk_report(self, _: Context, _: ReportPage) -> wire::Result<()> {
            panic!("a call that was not admitted reached its service");
        }
    }

    async fn answer(request: NodeServiceRequest) -> NodeServiceResponse {
        let guarded = Guarded { gate: HeartbeatsOnly, service: Service.serve() };
        guarded.serve(tarpc::context::current(), request).await.expect("an answer")
    }

    #[tokio::test]
    async fn a_refused_call_is_answered_and_not_served() {
        let page = ReportPage { boot: 1, first: true, last: true, chunks: Vec::new() };
        let refused = answer(NodeServiceRequest::ChunkReport { page }).await;
        let NodeServiceResponse::ChunkReport(Err(error)) = refused else { panic!("{refused:?}") };
        assert_eq!(Error::from(error), Error::new(ErrorCode::PermissionDenied, "no"));
        let heartbeat = Heartbeat::new(1, NodeLoad::default());
        let served = answer(NodeServiceRequest::Heartbeat { heartbeat }).await;
        assert!(matches!(served, NodeServiceResponse::Heartbeat(Ok(_))), "{served:?}");
    }
}

//! What every request says of itself.

use crate::access::Call;
use dfs_types::{DatanodeId, Error};

/// A request of one of the services.
pub trait Request: tarpc::RequestName {
    type Response;

    /// Returns the call that this request makes.
    fn call(&self) -> Call;

    /// Returns the datanode that the call is about, where it is about one.
    fn node(&self) -> Option<DatanodeId>;

    /// Returns the response to this request that carries `error`.
    fn refused(&self, error: Error) -> Self::Response;
}

//! The conversation with the masters: one [`session`] per master, and their [`orders`].

pub mod copy;
pub mod orders;
pub mod session;

pub use orders::Orders;
pub use session::Link;

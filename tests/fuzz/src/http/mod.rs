//! What the server decodes: requests to the whole router over small models of each kind.

mod admin;
mod answer;
mod connection;
mod feedback;
mod infer;
mod predict;
mod request;
mod server;

pub use admin::ADMIN;
pub use connection::CONNECTION;
pub use feedback::FEEDBACK;
pub use infer::INFER;
pub use predict::PREDICT;
pub use request::REQUEST;

//! The router, tested without a socket; and the server, with one.

mod answers;
mod any_body;
mod compare;
mod embedding;
mod errors;
mod features;
mod intervals;
mod limits;
mod refusals;
mod serving;
mod status;
mod support;

//! The router, tested without a socket; and the server, with one.

mod answers;
mod any_body;
mod compare;
mod connections;
mod cors;
mod embedding;
mod encodings;
mod errors;
mod explanations;
mod features;
mod feedback;
mod hosts;
mod inference;
mod inference_errors;
mod intervals;
mod limits;
mod refusals;
mod request_ids;
mod server;
mod serving;
mod slow;
mod status;
mod support;
mod types;

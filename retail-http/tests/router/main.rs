//! The router, tested without a socket; and the server, with one.

mod admin;
mod admin_access;
mod admin_audit;
mod admin_refusals;
mod admin_support;
mod admin_swaps;
mod answers;
mod any_body;
mod compare;
mod conformance;
mod connections;
mod cors;
mod dashboard;
mod embedding;
mod encodings;
mod errors;
mod event_reader;
mod events;
mod explanations;
mod features;
mod feedback;
mod feedback_refusals;
mod feedback_support;
mod history;
#[cfg(target_os = "linux")]
mod hostile;
mod hosts;
mod http2;
mod inference;
mod inference_errors;
mod intervals;
mod json_documents;
mod limits;
mod metrics;
mod metrics_state;
mod openapi;
mod openapi_models;
mod openapi_serving;
mod refusals;
mod request_ids;
mod schema;
mod server;
mod serving;
mod slow;
mod status;
mod support;
#[cfg(feature = "tls")]
mod tls;
mod traffic;
mod traffic_refusals;
mod traffic_restart;
mod traffic_support;
mod types;
#[cfg(unix)]
mod unix;

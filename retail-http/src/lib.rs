//! An embeddable [axum] router that serves the models of a [`Registry`].
//!
//! | request | answer |
//! |---|---|
//! | `POST /predict/{target}/{version}` | what one model says of one row, or of an array of rows |
//! | `POST /compare/models` | what all models say of one row |
//! | `GET /models` | what each model is and where it comes from |
//! | `GET /status/batches` | what the engine has read, saved and trained |
//! | `GET /status/history` | the newest batches, scores and trainings, for plots |
//! | `GET /` | the [dashboard](#dashboard), a page that shows all of this |
//! | `GET /health` | that the process serves, and how many models it has |
//! | `POST /feedback`, `GET /feedback` | takes what turned out to be true, and says how good the answers were |
//! | `GET /metrics` | [numbers for Prometheus](#metrics) |
//! | `GET /events` | [what happens, while it happens](#events) |
//! | `GET /openapi.json` | the [OpenAPI document](#openapi) of all of this |
//! | `GET /docs` | a page to read it and to try the API, with the feature `docs-page` |
//! | `/v2/…` | the same models by the [Open Inference Protocol](#open-inference-protocol) |
//! | `/admin/…` | [which revisions are served](#administration), for those who have the token |
//!
//! Nothing here knows a particular model. Paths come from the registry's slots; inputs, their order
//! and their legal ranges from the feature schema inside each artefact; the form of an answer from
//! the artefact's task. Every number in an answer is the model's.
//!
//! # Embedding
//! ```
//! use std::sync::Arc;
//! use axum::{Router, body::Body, http::{Request, StatusCode}, routing::get};
//! use retail_core::registry::{Registry, RegistryOptions, standard_slots};
//! use retail_core::train::ModelFormats;
//! use retail_http::{AppState, router};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let options = RegistryOptions {
//!     formats: ModelFormats::empty(), ..RegistryOptions::default()
//! };
//! let registry = Arc::new(Registry::open(standard_slots(), options)?);
//! let app: Router = Router::new()
//!     .route("/", get(|| async { "my shop" }))
//!     .nest("/analytics", router(AppState::new(registry)));
//!
//! let health = Request::get("/analytics/health").body(Body::empty())?;
//! assert_eq!(app.oneshot(health).await?.status(), StatusCode::OK);
//! # Ok(())
//! # }
//! ```
//! The routes of the host may have a state of their own; [`router`] goes with any:
//! ```
//! # use std::sync::Arc;
//! # use axum::{Router, extract::State, routing::get};
//! # use retail_core::registry::{Registry, RegistryOptions, standard_slots};
//! # use retail_http::{AppState, router};
//! #[derive(Clone)]
//! struct Shop { name: &'static str }
//!
//! # let registry = Arc::new(Registry::open(standard_slots(), RegistryOptions::default())?);
//! let app: Router = Router::new()
//!     .route("/", get(|State(shop): State<Shop>| async move { shop.name }))
//!     .nest("/analytics", router(AppState::new(registry)))
//!     .with_state(Shop { name: "my shop" });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! Nest the router under a prefix, or serve it alone. Do not `merge` it into another one: it has a
//! fallback, so that unknown paths get an answer in JSON too. [`prediction_router`], [`inference_router`],
//! [`feedback_router`], [`dashboard_router`], [`openapi_router`], [`metrics_router`], [`events_router`] and
//! [`admin_router`] are parts of it without a fallback, which can be merged, for those who want only some. Give them
//! clones of one state, so that the metrics count the requests to all of them. The Tokio runtime needs its time
//! enabled. [`serve`] runs
//! any router with bounds on connections, a look at the `Host` and a graceful end.
//!
//! [axum]: https://docs.rs/axum
//! [`Registry`]: retail_core::registry::Registry
//! [`EngineStatus`]: retail_core::engine::EngineStatus
#![doc = ""]
#![doc = include_str!("../docs/predictions.md")]
#![doc = ""]
#![doc = include_str!("../docs/serving.md")]
#![doc = ""]
#![doc = include_str!("../docs/feedback.md")]
#![doc = ""]
#![doc = include_str!("../docs/inference.md")]
#![doc = ""]
#![doc = include_str!("../docs/metrics.md")]
#![doc = ""]
#![doc = include_str!("../docs/events.md")]
#![doc = ""]
#![doc = include_str!("../docs/traffic.md")]
#![doc = ""]
#![doc = include_str!("../docs/openapi.md")]
#![doc = ""]
#![doc = include_str!("../docs/state.md")]
#![doc = ""]
#![doc = include_str!("../docs/administration.md")]
#![doc = ""]
#![doc = include_str!("../docs/errors.md")]
#![forbid(unsafe_code)]

// A request passes serve and routes, which hand it on: body, query and work, then parse, sale and
// features, then predict, then answer. Truths go the same way to feedback. Data flows in that order; state,
// statistics, requests, events, traffic, feedback, access, cors, error, setting, openapi, paths, json, etag,
// classes and memory know none of them. Inference is another way through the same rooms, and admin, which lets
// in only those whom access knows, a way to the registry. Metrics reads the state, and requests counts all that
// passes routes. The dashboard is files, embedded as those of /docs are, and asks for the rest over HTTP.
mod access;
mod admin;
mod answer;
mod body;
mod classes;
mod cors;
mod dashboard;
mod embedded;
mod error;
mod etag;
mod events;
mod explanation;
mod features;
mod feedback;
mod inference;
mod json;
mod keyed;
mod memory;
mod metrics;
mod openapi;
mod parse;
mod paths;
mod per_thread;
mod place;
mod predict;
mod query;
mod request_id;
mod requests;
mod routes;
mod sale;
mod serve;
mod setting;
mod state;
mod statistics;
mod trace;
mod traffic;
mod truths;
mod work;

pub use access::{Admin, AdminToken};
pub use cors::CorsOrigins;
pub use events::Events;
pub use feedback::FeedbackOptions;
pub use routes::{
    admin_router, dashboard_router, events_router, feedback_router, inference_router,
    metrics_router, openapi_router, prediction_router, router,
};
#[cfg(feature = "tls")]
pub use serve::Tls;
pub use serve::{Hosts, Listener, ServeOptions, serve};
pub use setting::SettingError;
pub use state::{AppState, Limits};

/// The Rust code of the README, compiled as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

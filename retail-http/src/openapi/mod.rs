//! The parts of the OpenAPI document that operations share, and those that follow from the models that are
//! served.

mod answers;
pub(crate) mod engine;
mod errors;
pub(crate) mod events;
pub(crate) mod history;
pub(crate) mod measures;
mod models;
mod operations;
mod rows;
mod truths;

use utoipa::IntoResponses;

pub(crate) use errors::{BODY, CONNECTION, Form, OWN, ROWS, Responses, refusals, refusals_in};
pub(crate) use models::complete;

/// What requests without a body are refused for.
pub(crate) struct Unheard;

impl IntoResponses for Unheard {
    fn responses() -> Responses {
        refusals(&[CONNECTION])
    }
}

//! A request of the protocol as JSON.

use serde::Deserialize;

use super::element::Data;
use super::fault::Fault;

/// What `infer` is asked. Keys that are not here, `parameters` among them, are passed over.
#[derive(Debug, Deserialize)]
pub(super) struct InferRequest {
    pub(super) id: Option<String>,
    pub(super) inputs: Vec<InputTensor>,
    /// The tensors wanted, in this order; all if there is none.
    #[serde(default)]
    pub(super) outputs: Vec<WantedTensor>,
}

/// A tensor of a request.
#[derive(Debug, Deserialize)]
pub(super) struct InputTensor {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) datatype: String,
    pub(super) data: Data,
}

/// A tensor of the answer.
#[derive(Debug, Deserialize)]
pub(super) struct WantedTensor {
    pub(super) name: String,
}

impl InferRequest {
    /// Reads the body of a request.
    pub(super) fn read(body: &[u8]) -> Result<Self, Fault> {
        serde_json::from_slice(body).map_err(|error| Fault::Tensor(format!("the body: {error}")))
    }
}

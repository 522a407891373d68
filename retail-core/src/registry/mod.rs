//! Versioned models: on disk as self-describing artefacts, in memory ready to predict.
//!
//! Each model has a *slot*, named like `linear_model_1`, which serves one *revision* at a time.
//! A new revision is written whole, then swapped in without a gap; earlier ones are kept, up to a
//! bound, to roll back to.

mod artefact;

mod slot;
mod slots;
mod store;
#[cfg(test)]
mod tests;

pub use artefact::{Artefact, FORMAT_VERSION, HoldOutResult, ModelInfo, Slice};
pub use slot::{Served, SlotName, standard_slots};
pub use slots::{Published, Registry, RegistryOptions};

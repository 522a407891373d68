use super::{BatchStatus, ModelStatus, PrequentialStatus};
use crate::source::Progress;

/// Something that an engine did, for progress displays and logs.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Reading begins.
    Started {
        /// How many records were read and saved before.
        resumed_at: u64,
    },
    /// The source has been read up to here.
    Read(Progress),
    /// A batch is saved.
    BatchSaved(BatchStatus),
    /// A model that is being served was scored on batches before any model learned from them.
    Scored {
        /// The slot, for example `linear_model_1`.
        model: String,
        /// Its scores so far.
        prequential: PrequentialStatus,
    },
    /// A model was trained, or could not be.
    Trained {
        /// The slot, for example `linear_model_1`.
        model: String,
        /// What became of it.
        status: Box<ModelStatus>,
        /// Whether a new revision is being served.
        changed: bool,
    },
    /// The source is exhausted, or the engine was asked to stop; everything is saved.
    Finished,
}

/// Takes the events of an engine, on the thread where they occur. It should return quickly.
pub trait Observer: Send + Sync {
    /// Takes one event.
    fn event(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync> Observer for F {
    fn event(&self, event: &Event) {
        self(event);
    }
}

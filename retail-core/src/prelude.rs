//! What most programs that embed the engine need: `use retail_core::prelude::*;`.

pub use crate::engine::{
    ConfigError, Engine, EngineConfig, Error, Event, Pipeline, RetrainHandle, RetrainPolicy,
    RunReport, StopHandle,
};
pub use crate::feature::{Extractor, FeatureSet, FeatureSpec, MissingField, Sale, StandardFeature};
pub use crate::label::{FittedLabel, Label, Task};
pub use crate::record::{Columns, Transaction, TransactionRef, Transactions};
pub use crate::registry::{Registry, RegistryOptions, Served};
pub use crate::source::{
    ChannelSender, ChannelSource, CsvSource, MemorySource, PushError, Source, SyntheticSource,
    VirtualTime,
};
pub use crate::time::Timestamp;
pub use crate::train::{Dataset, Model, NotTrained, Prediction, Trainer};
pub use crate::window::{StreamView, Window, WindowState, WindowStrategy};

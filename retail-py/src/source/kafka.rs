//! Topics of Kafka.

use std::path::Path;

use pyo3::prelude::*;
use retail_core::source::Source;

use super::Options;

/// The topic that the settings, as JSON, lead to. The folder is the engine's.
#[cfg(feature = "kafka")]
pub(super) fn open(
    py: Python<'_>,
    settings: &str,
    options: &Options,
    dir: &Path,
) -> PyResult<Box<dyn Source>> {
    use pyo3::exceptions::PyValueError;
    use retail_kafka::{KafkaSource, Settings, Until};

    use crate::error::Raise;

    let settings: Settings = serde_json::from_str(settings)
        .map_err(|error| PyValueError::new_err(format!("Kafka: {error}")))?;
    let until = if options.follow {
        Until::Stopped
    } else {
        Until::Caught
    };
    let dates = options.csv()?.dates;
    let source = py.detach(|| KafkaSource::open(&settings, until, Some(dir)));
    let source = source.raise()?;
    Ok(Box::new(match dates {
        Some(order) => source.with_dates(order),
        None => source,
    }))
}

/// Says how to get a package that reads topics.
#[cfg(not(feature = "kafka"))]
pub(super) fn open(_: Python<'_>, _: &str, _: &Options, _: &Path) -> PyResult<Box<dyn Source>> {
    Err(pyo3::exceptions::PyImportError::new_err(
        "this build of retail-analytics reads no topics of Kafka; build one that does: \
         pip install ./retail-py --config-settings=build-args='--features kafka'",
    ))
}

//! Which exception an error is.

use std::error::Error;
use std::io;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// The exception for an error, with its text. What the operating system refused is an `OSError` of the
/// right kind, what Python code raised is raised again, and all else is a `ValueError`.
pub(crate) fn exception(error: &(dyn Error + 'static)) -> PyErr {
    let mut cause = Some(error);
    while let Some(here) = cause {
        if let Some(raised) = here.downcast_ref::<PyErr>() {
            return again(raised);
        }
        if let Some(io) = here.downcast_ref::<io::Error>() {
            if let Some(raised) = io.get_ref().and_then(|inner| inner.downcast_ref::<PyErr>()) {
                return again(raised);
            }
            return match io.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                    PyValueError::new_err(error.to_string())
                }
                kind => io::Error::new(kind, error.to_string()).into(),
            };
        }
        #[cfg(feature = "kafka")]
        if let Some(retail_kafka::KafkaError::Unreachable { .. }) = here.downcast_ref() {
            return pyo3::exceptions::PyConnectionError::new_err(error.to_string());
        }
        cause = here.source();
    }
    PyValueError::new_err(error.to_string())
}

fn again(raised: &PyErr) -> PyErr {
    Python::attach(|py| raised.clone_ref(py))
}

/// Turns the error of a result into an exception.
pub(crate) trait Raise<T> {
    /// The value, or the exception.
    fn raise(self) -> PyResult<T>;
}

impl<T, E: Error + 'static> Raise<T> for Result<T, E> {
    fn raise(self) -> PyResult<T> {
        self.map_err(|error| exception(&error))
    }
}

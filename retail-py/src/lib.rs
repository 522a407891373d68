//! The Python module `retail_analytics._core`: what the classes of the package `retail_analytics` are
//! made of. It holds no logic of its own. Values go in and out as NumPy arrays, Arrow tables and Python
//! objects; the work is done by `retail-core`, without the global interpreter lock.
#![expect(
    clippy::needless_pass_by_value,
    reason = "arguments of Python functions are handed over"
)]

mod array;
mod config;
mod engine;
mod error;
mod estimator;
mod interrupt;
mod logging;
mod model;
mod rounds;
mod rows;
mod server;
mod source;
mod table;

/// What `pickle` makes an object of: a function, and its arguments.
type Reduced<'py, A> = pyo3::PyResult<(pyo3::Bound<'py, pyo3::PyAny>, A)>;

/// What the package `retail_analytics` is made of.
#[pyo3::pymodule(gil_used = false)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::estimator::{
        ForestFit, LinearFit, LinearSums, LogisticFit, fit_forest, fit_linear, fit_logistic,
    };
    #[pymodule_export]
    use crate::model::Model;
    #[pymodule_export]
    use crate::rounds::Rounds;
    #[pymodule_export]
    use crate::server::Server;
    #[pymodule_export]
    use crate::table::Table;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::logging::collect();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

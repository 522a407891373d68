//! Reserved for the Python frontend of `retail-core`.
//!
//! **This crate has no behaviour yet.** It holds the place of the `retail_analytics` Python
//! module that will be built with `pyo3`. Nothing here can be imported from Python; to use the
//! engine today, depend on `retail-core` from Rust or call `retail-http` over HTTP.

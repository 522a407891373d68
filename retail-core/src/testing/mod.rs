//! Helpers for tests, here and in crates that embed the engine: controlled time, seeded
//! transactions, and contract suites for what users implement themselves.

mod transactions;

pub use transactions::transactions;

//! Helpers for tests, here and in crates that embed the engine: controlled time, seeded
//! transactions, and contract suites for what users implement.

mod clock;
mod frames;
mod records;
mod rounds_contract;
mod source_contract;
mod status;
mod trainer_contract;
mod transactions;
mod window_contract;
mod windower_contract;

pub use clock::ManualClock;
pub use frames::{frames, stream};
pub use records::owned;
pub use rounds_contract::rounds_contract;
pub use source_contract::{Seeks, source_contract};
pub use status::change_status;
pub use trainer_contract::trainer_contract;
pub use transactions::transactions;
pub use window_contract::{ClosedWindows, window_contract};
pub use windower_contract::windower_contract;

#[cfg(test)]
mod rounds_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trainer_tests;

//! Parquet files: their columns, read without trust in their bytes, and their rows as CSV.

mod cells;
mod file;
mod form;
#[cfg(test)]
mod tests;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "no source reads such files yet")
)]
mod text;
mod untrusted;

pub(crate) use self::file::{ParquetFile, read_values};
#[cfg_attr(
    not(test),
    expect(unused_imports, reason = "no source reads such files yet")
)]
pub(crate) use self::text::ParquetText;
pub(crate) use self::untrusted::guarded;

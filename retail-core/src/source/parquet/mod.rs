//! Parquet files: their columns, read without trust in their bytes, and their rows as CSV.

mod cells;
mod file;
mod form;
#[cfg(test)]
mod tests;
mod text;
mod untrusted;

pub(crate) use self::file::{ParquetFile, read_values};
pub(crate) use self::text::ParquetText;

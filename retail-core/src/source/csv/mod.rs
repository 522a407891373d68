//! Transactions from CSV files.

mod delimiter;
mod foreign;
mod header;
mod index;
mod lines;
mod marks;
mod options;
mod order;
mod parser;
mod records;
mod row;
mod shape;
mod source;
mod split;
#[cfg(test)]
mod tests;

pub use self::delimiter::{Delimiter, ParseDelimiterError};
pub use self::options::CsvOptions;
pub use self::source::CsvSource;

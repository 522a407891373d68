//! Batches as Parquet files.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use parquet::errors::Result;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;

pub(super) use self::decode::decode;
pub(super) use self::encode::encode;

/// Customers are unsigned: some shop's may be beyond what is signed. The times are those of a clock
/// on the wall, as in a CSV, so they are not adjusted to UTC.
const SCHEMA: &str = "message batch {
    REQUIRED BYTE_ARRAY invoice (STRING);
    REQUIRED BYTE_ARRAY stock_code (STRING);
    REQUIRED BYTE_ARRAY description (STRING);
    REQUIRED INT64 quantity;
    REQUIRED INT64 invoice_date (TIMESTAMP(MICROS,false));
    REQUIRED DOUBLE price;
    OPTIONAL INT64 customer_id (INTEGER(64,false));
    REQUIRED BYTE_ARRAY country (STRING);
    REQUIRED INT64 timestamp (TIMESTAMP(MICROS,false));
}";

fn schema() -> Result<TypePtr> {
    parse_message_type(SCHEMA).map(Arc::new)
}

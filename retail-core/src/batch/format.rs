use serde::{Deserialize, Serialize};

/// In which form batches are saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchFormat {
    /// CSV files with the columns of a stream record.
    #[default]
    Csv,
    /// Not at all: a restart begins the stream again.
    None,
}

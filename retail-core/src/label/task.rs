use serde::{Deserialize, Serialize};

/// The kind of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Task {
    /// A number.
    Regression,
    /// Yes (1) or no (0).
    Binary,
    /// One of several classes; values are indices into `classes`.
    Multiclass {
        /// Names of the classes, in order.
        classes: Vec<String>,
    },
}

impl Task {
    /// The number of classes; 0 for a regression.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        match self {
            Self::Regression => 0,
            Self::Binary => 2,
            Self::Multiclass { classes } => classes.len(),
        }
    }

    /// The name of class `index`; `no` and `yes` for a binary target.
    #[must_use]
    pub fn class_name(&self, index: usize) -> &str {
        match self {
            Self::Regression => "",
            Self::Binary if index == 0 => "no",
            Self::Binary => "yes",
            Self::Multiclass { classes } => classes.get(index).map_or("", String::as_str),
        }
    }
}

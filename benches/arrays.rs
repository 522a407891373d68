//! Arrays on disk that programs in any language can load: doubles in native byte order, column by
//! column.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView2, Axis, ShapeBuilder, s};
use retail_core::label::Label;
use retail_core::train::Dataset;
use serde_json::{Value, json};

use crate::Outcome;

/// Writes the array `name` into a folder.
///
/// # Errors
/// If the file cannot be written.
pub fn save(folder: &Path, name: &str, values: &[f64]) -> io::Result<()> {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_ne_bytes())
        .collect();
    fs::write(array(folder, name), bytes)
}

/// Writes how many rows of all arrays are to be learned from, and how many to be measured on.
///
/// # Errors
/// If the file cannot be written.
pub fn save_shape(folder: &Path, fit: usize, test: usize) -> io::Result<()> {
    let shape = json!({ "fit": fit, "test": test });
    fs::write(folder.join("shape.json"), shape.to_string())
}

fn array(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.f64"))
}

fn load(folder: &Path, name: &str) -> Outcome<Vec<f64>> {
    let bytes = fs::read(array(folder, name))?;
    let (values, []) = bytes.as_chunks() else {
        return Err(format!("{name}.f64 is no array of doubles").into());
    };
    Ok(values
        .iter()
        .map(|value| f64::from_ne_bytes(*value))
        .collect())
}

/// Rows to learn from, and rows to measure on.
pub struct Pair {
    /// The first rows.
    pub fit: Dataset,
    /// The rows after them.
    pub test: Dataset,
}

impl Pair {
    /// Loads the array of features by this name and the one of the label.
    ///
    /// # Errors
    /// If a file cannot be read or is no such array.
    pub fn load(folder: &Path, features: &str, label: &dyn Label) -> Outcome<Self> {
        let shape: Value = serde_json::from_slice(&fs::read(folder.join("shape.json"))?)?;
        let fit = shape["fit"].as_u64().ok_or("shape.json: no fit")? as usize;
        let (values, target) = (load(folder, features)?, load(folder, label.name())?);
        let columns = values.len() / target.len();
        let matrix = Array2::from_shape_vec((target.len(), columns).f(), values)?;
        let part = |first: usize, end: usize| Dataset {
            features: column_by_column(matrix.slice(s![first..end, ..])),
            feature_names: (0..columns).map(|column| format!("x{column}")).collect(),
            target: target[first..end].to_vec(),
            row_numbers: (first as u64..end as u64).collect(),
            task: label.task(),
        };
        Ok(Self {
            fit: part(0, fit),
            test: part(fit, target.len()),
        })
    }

    /// With features of mean 0 and deviation 1 in the rows learned from.
    #[must_use]
    pub fn standardized(&self) -> Self {
        let spread = |axis| self.fit.features.std_axis(axis, 0.0);
        let (mean, deviation) = (self.fit.features.mean_axis(Axis(0)), spread(Axis(0)));
        let scaled = |data: &Dataset| Dataset {
            features: (&data.features - mean.as_ref().unwrap_or(&deviation)) / &deviation,
            ..data.clone()
        };
        Self {
            fit: scaled(&self.fit),
            test: scaled(&self.test),
        }
    }
}

fn column_by_column(matrix: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut owned = Array2::zeros(matrix.raw_dim().f());
    owned.assign(&matrix);
    owned
}

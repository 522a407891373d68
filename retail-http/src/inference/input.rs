//! The rows that the tensors of a request hold.

use ndarray::Array2;
use retail_core::feature::{Column, FeatureSchema, SaleField};

use super::element::{Datatype, Element};
use super::fault::Fault;
use super::request::InputTensor;
use crate::error::{ApiError, one_of};
use crate::features::Given;
use crate::parse::Cell;

/// Tensors of the same number of rows, each a column.
#[derive(Debug)]
pub(super) struct Inputs {
    n_rows: usize,
    columns: Vec<(String, Vec<Cell>)>,
}

impl Inputs {
    /// Reads one tensor with a column for each feature, `[n, k]`, or one for each column, `[n]` or
    /// `[n, 1]`, by the names of features and fields of a sale.
    ///
    /// # Errors
    /// [`Fault::Tensor`] about the first tensor that is wrong, and [`ApiError::TooManyRows`].
    pub(super) fn read(
        tensors: &[InputTensor],
        schema: &FeatureSchema,
        max_rows: usize,
    ) -> Result<Self, Fault> {
        let Some(first) = tensors.first() else {
            return Err(Fault::Tensor(
                "inputs: expected at least 1 tensor, got none".into(),
            ));
        };
        let n_rows = first.shape.first().copied().unwrap_or_default();
        if n_rows > max_rows {
            let (limit, got) = (max_rows, n_rows);
            return Err(ApiError::TooManyRows { limit, got }.into());
        }
        let mut inputs = Self {
            n_rows,
            columns: Vec::new(),
        };
        match tensors {
            [table] if inputs.is_table(table, schema) => inputs.add_table(table, schema)?,
            columns => {
                for tensor in columns {
                    inputs.add_column(tensor, schema)?;
                }
            }
        }
        Ok(inputs)
    }

    /// Whether the only tensor has all features, and not the only one that is needed.
    fn is_table(&self, tensor: &InputTensor, schema: &FeatureSchema) -> bool {
        let is_column = tensor.shape.len() < 2 || tensor.shape.get(1) == Some(&1);
        !(is_column && is_known(&tensor.name, schema))
    }

    fn add_table(&mut self, tensor: &InputTensor, schema: &FeatureSchema) -> Result<(), Fault> {
        let n_features = schema.len();
        if tensor.shape.len() != 2 || tensor.shape.get(1) != Some(&n_features) {
            let names: Vec<&str> = schema.names().collect();
            let expected = format!("the shape [n, {n_features}] ({})", names.join(", "));
            return Err(Fault::tensor(&tensor.name, expected, shape(tensor)));
        }
        let cells = cells(tensor, self.n_rows)?;
        for (at, name) in schema.names().enumerate() {
            let column = cells.iter().skip(at).step_by(n_features.max(1));
            self.columns
                .push((name.to_owned(), column.cloned().collect()));
        }
        Ok(())
    }

    fn add_column(&mut self, tensor: &InputTensor, schema: &FeatureSchema) -> Result<(), Fault> {
        let (name, n_rows) = (&tensor.name, self.n_rows);
        if !is_known(name, schema) {
            let mut known: Vec<&str> = schema.names().collect();
            let fields = SaleField::ALL.map(SaleField::name);
            known.extend(
                fields
                    .into_iter()
                    .filter(|field| schema.names().all(|n| n != *field)),
            );
            return Err(Fault::Tensor(format!(
                "inputs: expected tensors named {}, got {name:?}",
                one_of(&known)
            )));
        }
        if self.columns.iter().any(|(known, _)| known == name) {
            return Err(Fault::tensor(
                name,
                "one tensor of this name",
                "more than one",
            ));
        }
        if tensor.shape != [n_rows] && tensor.shape != [n_rows, 1] {
            let expected = format!("the shape [{n_rows}] or [{n_rows}, 1]");
            let expected = match self.columns.is_empty() {
                true => "the shape [n] or [n, 1]".to_owned(),
                false => expected,
            };
            return Err(Fault::tensor(name, expected, shape(tensor)));
        }
        let cells = cells(tensor, n_rows)?;
        self.columns.push((name.clone(), cells));
        Ok(())
    }

    /// The features of all rows, `(n_samples, n_features)`: what is given, and computed what is not.
    pub(super) fn features(&self, columns: Vec<Column<'_>>) -> Result<Array2<f64>, ApiError> {
        let models = [columns];
        let cell = |name: &str, row: usize| {
            let column = self.columns.iter().find(|(known, _)| known == name);
            let cell = column.and_then(|(_, cells)| cells.get(row));
            cell.cloned().unwrap_or_default()
        };
        let given = Given::of_columns(&models, self.n_rows, cell);
        Ok(given.matrices(&models)?.pop().unwrap_or_default())
    }

    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }
}

fn is_known(name: &str, schema: &FeatureSchema) -> bool {
    let is_field = SaleField::ALL.iter().any(|field| field.name() == name);
    is_field || schema.names().any(|feature| feature == name)
}

fn shape(tensor: &InputTensor) -> String {
    format!("{:?}", tensor.shape)
}

/// The elements of a tensor, row by row, once it is known that there are as many as its shape says and
/// that they are of its type.
fn cells(tensor: &InputTensor, n_rows: usize) -> Result<Vec<Cell>, Fault> {
    let InputTensor {
        name,
        shape: dims,
        datatype,
        data,
    } = tensor;
    if n_rows == 0 {
        return Err(Fault::tensor(name, "at least 1 row", "0"));
    }
    let Some(kind) = Datatype::of(datatype) else {
        let expected = format!("a datatype that is {}", one_of(&Datatype::names()));
        return Err(Fault::tensor(name, expected, datatype));
    };
    let announced = dims
        .iter()
        .try_fold(1_usize, |all, &dim| all.checked_mul(dim));
    let got = data.elements.len();
    if announced != Some(got) {
        let expected = announced.map_or("fewer".to_owned(), |count| count.to_string());
        let expected = format!("{expected} elements for the shape {dims:?}");
        return Err(Fault::tensor(name, expected, got.to_string()));
    }
    let is_flat = data.lengths.len() == 1;
    let is_nested = data
        .lengths
        .iter()
        .copied()
        .eq(dims.iter().map(|&dim| Some(dim)));
    if data.is_ragged || !(is_flat || is_nested) {
        let expected = format!("data that is flat, or nested as the shape {dims:?} says");
        return Err(Fault::tensor(name, expected, "arrays of other lengths"));
    }
    let cell = |(at, element): (usize, &Element)| {
        let cell = match (kind, element) {
            (Datatype::Bytes, Element::Text(text)) => Some(Cell::Text(text.clone())),
            _ => kind.number(element).map(Cell::Number),
        };
        cell.ok_or_else(|| {
            let expected = format!("{}, as {} has", kind.elements(), kind.name());
            Fault::tensor(name, expected, format!("{} at index {at}", element.words()))
        })
    };
    data.elements.iter().enumerate().map(cell).collect()
}

use super::column::Column;
use super::edges::Edges;
use super::entry::{MAX_CLASSES, MAX_PACKED, entry};
use super::refused;
use super::spread::Spread;
use std::borrow::Cow;

use crate::label::Task;
use crate::train::numeric::parallel::{fill_in_parallel, in_parallel, threads_for};
use crate::train::rounds::Head;
use crate::train::{Dataset, NotTrained};

/// Rows that have been read: checked, and numbered if that helps to bin them.
pub(super) struct Read {
    classes: Vec<u8>,
    columns: Vec<Column>,
}

/// Rows in the form in which trees take them.
pub(super) struct Binned<'a> {
    /// One for each row, without a weight.
    pub(super) entries: Vec<u64>,
    /// The bins of each feature, if entries do not hold them: there are too many features, or rows have
    /// weights of their own.
    pub(super) columns: Option<Vec<Vec<u8>>>,
    /// How often each row counts, before the bootstrap; `None` for once.
    pub(super) weights: Option<Vec<u32>>,
    pub(super) row_numbers: &'a [u64],
    pub(super) edges: Vec<Edges>,
}

impl Read {
    /// Reads rows, on so many threads.
    pub(super) fn new(
        data: &Dataset,
        weights: Option<&[u32]>,
        head: &Head,
        threads: usize,
    ) -> Result<(Self, Spread), NotTrained> {
        let (classes, class_counts) = classes(data, weights, &head.task)?;
        let n_features = data.n_features();
        let columns = in_parallel(
            threads_for(threads, n_features),
            n_features,
            || (),
            |(), feature| Column::read(&values(data, feature), weights),
        );
        let mut spread = Spread {
            features: Vec::with_capacity(n_features),
            classes: class_counts,
        };
        let mut numbered = Vec::with_capacity(n_features);
        for (feature, column) in columns.into_iter().enumerate() {
            let (column, sketch) = column.map_err(|row| NotTrained::NotFinite {
                column: head.column_name(feature),
                row,
            })?;
            numbered.push(column);
            spread.features.push(sketch);
        }
        let read = Self {
            classes,
            columns: numbered,
        };
        Ok((read, spread))
    }
}

impl<'a> Binned<'a> {
    /// Bins rows that have been read, on so many threads.
    pub(super) fn new(
        data: &'a Dataset,
        weights: Option<Vec<u32>>,
        read: Read,
        edges: &[Edges],
        threads: usize,
    ) -> Self {
        /// Values whose bins are looked up in the time that it takes to start a few threads.
        const SHARE: usize = 1 << 18;
        let n_features = edges.len();
        let shares = n_features.min(n_features * data.n_samples() / SHARE);
        let bins = in_parallel(
            threads_for(threads, shares),
            n_features,
            || (),
            |(), feature| read.columns[feature].bins(&values(data, feature), &edges[feature]),
        );
        let Read { classes, columns } = read;
        drop(columns);
        let n_rows = classes.len();
        let threads = threads_for(threads, n_rows);
        let is_packed = n_features <= MAX_PACKED && weights.is_none();
        let entries = if is_packed {
            fill_in_parallel(threads, n_rows, |row| {
                let packed = bins.iter().rev();
                let packed = packed.fold(0, |bits, column| bits << 8 | u64::from(column[row]));
                entry(classes[row], packed)
            })
        } else {
            fill_in_parallel(threads, n_rows, |row| entry(classes[row], row as u64))
        };
        Self {
            entries,
            columns: (!is_packed).then_some(bins),
            weights,
            row_numbers: &data.row_numbers,
            edges: edges.to_vec(),
        }
    }
}

/// The values of a feature, one after the other.
fn values(data: &Dataset, feature: usize) -> Cow<'_, [f64]> {
    let column = data.features.column(feature);
    match column.to_slice() {
        Some(values) => values.into(),
        None => column.to_vec().into(),
    }
}

/// The class of each row, and how many rows each class has.
fn classes(
    data: &Dataset,
    weights: Option<&[u32]>,
    task: &Task,
) -> Result<(Vec<u8>, Vec<u64>), NotTrained> {
    let (n_rows, n_classes) = (data.n_samples(), task.n_classes());
    if data.target.len() != n_rows {
        return Err(NotTrained::Shape {
            rows: n_rows,
            targets: data.target.len(),
        });
    }
    if data.row_numbers.len() != n_rows {
        let got = data.row_numbers.len();
        return Err(refused(format!("{n_rows} rows, {got} row numbers")));
    }
    let mut counts = [0; MAX_CLASSES];
    let mut classes = Vec::with_capacity(n_rows);
    for (row, &target) in data.target.iter().enumerate() {
        let class = target as u8;
        if f64::from(class) != target || usize::from(class) >= n_classes {
            return Err(if target.is_finite() {
                NotTrained::NoSuchClass { row, n_classes }
            } else {
                let column = "target".into();
                NotTrained::NotFinite { column, row }
            });
        }
        counts[usize::from(class)] += weights.map_or(1, |weights| u64::from(weights[row]));
        classes.push(class);
    }
    Ok((classes, counts[..n_classes].to_vec()))
}

//! Small data: sound, doubtful and hopeless.

use ndarray::{Array2, Axis, ShapeBuilder};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::label::Task;
use crate::train::Dataset;

const ROWS: usize = 400;

pub(in crate::testing) fn kind(task: &Task) -> String {
    match task {
        Task::Regression => "regression".into(),
        Task::Binary => "binary".into(),
        Task::Multiclass { classes } => format!("{} classes", classes.len()),
    }
}

/// Whole numbers with ties, fractions and their product, and a target that follows them with some
/// noise. Classes are the parts of equal size of that target.
pub(in crate::testing) fn sound(task: &Task) -> Dataset {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let mut features = Array2::zeros((ROWS, 3).f());
    let mut signal = Vec::with_capacity(ROWS);
    for mut row in features.rows_mut() {
        row[0] = f64::from(rng.gen_range(1..=12));
        row[1] = f64::from(rng.gen_range(1..=2_000)) / 100.0;
        row[2] = row[0] * row[1];
        signal.push(3.0 * row[0] - 2.0 * row[1] + 0.5 * row[2] + rng.gen_range(-8.0..8.0));
    }
    let target = match task.n_classes() {
        0 => signal,
        n_classes => {
            let mut order: Vec<usize> = (0..ROWS).collect();
            order.sort_by(|&a, &b| signal[a].total_cmp(&signal[b]));
            let mut classes = vec![0.0; ROWS];
            for (rank, row) in order.into_iter().enumerate() {
                classes[row] = (rank * n_classes / ROWS) as f64;
            }
            classes
        }
    };
    Dataset {
        features,
        feature_names: ["whole", "fraction", "product"].map(String::from).into(),
        target,
        row_numbers: (100..).take(ROWS).collect(),
        task: task.clone(),
    }
}

fn first_rows(task: &Task, rows: usize) -> Dataset {
    let mut data = sound(task);
    data.features = data.features.select(Axis(0), &Vec::from_iter(0..rows));
    data.target.truncate(rows);
    data.row_numbers.truncate(rows);
    data
}

/// Named data, in the order in which they are tried.
struct Named<'a> {
    task: &'a Task,
    list: Vec<(String, Dataset)>,
}

impl<'a> Named<'a> {
    fn new(task: &'a Task) -> Self {
        let list = Vec::new();
        Self { task, list }
    }

    /// Sound data after `change`.
    fn with(&mut self, name: &str, change: impl FnOnce(&mut Dataset)) {
        let mut data = sound(self.task);
        change(&mut data);
        let name = format!("{name}, {}", kind(self.task));
        self.list.push((name, data));
    }
}

/// Data that no trainer can learn from.
pub(super) fn hopeless(task: &Task) -> Vec<(String, Dataset)> {
    let mut named = Named::new(task);
    named.with("no rows", |data| *data = first_rows(task, 0));
    named.with("one row", |data| *data = first_rows(task, 1));
    named.with("no features", |data| {
        data.features = Array2::zeros((ROWS, 0));
        data.feature_names.clear();
    });
    named.with("fewer targets than rows", |data| {
        data.target.truncate(ROWS - 1);
    });
    named.with("no targets", |data| data.target.clear());
    named.with("more targets than rows", |data| data.target.push(0.0));
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for row in [0, ROWS / 2, ROWS - 1] {
            named.with(&format!("target {value} in row {row}"), |data| {
                data.target[row] = value;
            });
            for column in 0..3 {
                let name = format!("feature {column} {value} in row {row}");
                named.with(&name, |data| data.features[(row, column)] = value);
            }
        }
    }
    if *task == Task::Regression {
        return named.list;
    }
    let n_classes = task.n_classes() as f64;
    for class in [0.0, n_classes - 1.0] {
        named.with(&format!("only class {class}"), |data| {
            data.target.fill(class);
        });
    }
    for value in [-1.0, 0.5, n_classes, 1e300, -1e300] {
        for row in [0, ROWS - 1] {
            named.with(&format!("target {value} in row {row}"), |data| {
                data.target[row] = value;
            });
        }
    }
    named.list
}

/// Data whose features are all constant.
pub(super) fn constant(task: &Task) -> (String, Dataset) {
    let mut data = sound(task);
    data.features = Array2::from_elem((ROWS, 3).f(), 7.5);
    (format!("constant features, {}", kind(task)), data)
}

/// Data that may give a model or not.
pub(super) fn doubtful(task: &Task) -> Vec<(String, Dataset)> {
    let mut named = Named::new(task);
    for rows in [2, 3, 19] {
        named.with(&format!("{rows} rows"), |data| {
            *data = first_rows(task, rows);
        });
    }
    named.with("a constant column", |data| {
        data.features.column_mut(0).fill(3.0);
    });
    named.with("equal columns", |data| {
        let first = data.features.column(0).to_owned();
        data.features.column_mut(2).assign(&first);
    });
    named.with("equal rows but one", |data| {
        data.features = Array2::from_elem((ROWS, 3).f(), 1.0);
        data.features[(7, 1)] = 2.0;
    });
    named.with("one row of another class or value", |data| {
        data.target.fill(0.0);
        data.target[ROWS / 2] = 1.0;
    });
    if *task == Task::Regression {
        named.with("a constant target", |data| data.target.fill(-3.5));
        named.with("targets at the ends", |data| {
            data.target[0] = f64::MAX;
            data.target[1] = f64::MIN;
        });
    }
    for [low, high] in [
        [f64::MIN, f64::MAX],
        [-1e300, 1e300],
        [0.0, 5e-324],
        [1e15, 1e15 + 1.0],
    ] {
        named.with(&format!("features {low:e} and {high:e}"), |data| {
            for (row, mut values) in data.features.rows_mut().into_iter().enumerate() {
                values[1] = if row % 3 == 0 { low } else { high };
            }
        });
    }
    named.with("too few names", |data| data.feature_names.truncate(1));
    named.with("too few row numbers", |data| data.row_numbers.truncate(1));
    named.with("one number for all rows", |data| data.row_numbers.fill(9));
    named.with("the largest row numbers", |data| {
        data.row_numbers = (0..=u64::MAX).rev().take(ROWS).collect();
    });
    named.list
}

/// Tasks of other kinds than `learns`, and those without a choice between classes.
pub(super) fn other_tasks(learns: &[Task]) -> Vec<(String, Dataset)> {
    let classes = |count| Task::Multiclass {
        classes: (0..count).map(|class| format!("class {class}")).collect(),
    };
    let mut others = Vec::new();
    for task in [Task::Regression, Task::Binary, classes(4)] {
        let same_kind =
            |known: &Task| std::mem::discriminant(known) == std::mem::discriminant(&task);
        if !learns.iter().any(same_kind) {
            others.push((format!("another task, {}", kind(&task)), sound(&task)));
        }
    }
    for count in [0, 1] {
        let mut data = sound(&Task::Binary);
        data.task = classes(count);
        others.push((
            format!("two classes in the data, {}", kind(&data.task)),
            data,
        ));
    }
    others
}

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use ndarray::{Array2, Axis, ShapeBuilder};

use super::trainer_contract::data;
use super::trainer_contract::model::json;
use crate::label::Task;
use crate::train::rounds::{Head, Next, Rounds, decode, encode};
use crate::train::{Dataset, NotTrained, Trainer};

/// Partitions tried for each task.
const PARTITIONS: usize = 100;

/// Checks that `trainer` keeps the contract of [`Rounds`].
///
/// For each task, the rows of two data sets are split into parts at random, a hundred times: any
/// row may go to any part, and parts may be empty. In every round the partials are merged in a
/// random order and grouping, the identity among them, and every state and partial is encoded and
/// decoded on its way. The model must have the bytes that [`Trainer::fit`] gives for all rows at
/// once.
///
/// ```
/// use retail_core::label::Task;
/// use retail_core::testing::rounds_contract;
/// use retail_core::train::LinearRegression;
///
/// rounds_contract(&LinearRegression::params().check()?, &[Task::Regression]);
/// # Ok::<(), retail_core::train::LinearError>(())
/// ```
///
/// # Panics
/// If the contract is broken, saying how and on which data.
pub fn rounds_contract<R: Rounds + Trainer>(trainer: &R, learns: &[Task]) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(11);
    for task in learns {
        for (name, data) in [
            ("400 rows", data::sound(task)),
            ("uneven numbers", uneven(task)),
        ] {
            let place = format!("{}, {name}, {}", Rounds::name(trainer), data::kind(task));
            let expected = match trainer.fit(&data) {
                Ok(model) => json(&*model, &place),
                Err(why) => panic!("{place}: expected a model, got: {why}"),
            };
            for partition in 0..PARTITIONS {
                let place = format!("{place}, partition {partition}");
                let parts = split(&data, &mut random);
                let model = train(trainer, &Head::of(&data), &parts, &mut random, &place)
                    .unwrap_or_else(|why| panic!("{place}: expected a model, got: {why}"));
                let got = json(&model, &place);
                assert!(
                    got == expected,
                    "{place}: {} parts give another model: {got}, not {expected}",
                    parts.len()
                );
            }
        }
    }
}

/// Rows whose numbers are no short decimals, some of them far from zero, and differ in size.
fn uneven(task: &Task) -> Dataset {
    let mut data = data::sound(task);
    let rows = data.n_samples();
    let wave = |row: usize, column: usize| ((row * (column + 3)) as f64 * 0.7).sin();
    let shape = (rows, 3).f();
    let own = data.features.clone();
    data.features = Array2::from_shape_fn(shape, |(row, column)| match column {
        0 => own[(row, 0)] / 7.0 + 1e6,
        1 => own[(row, 1)] * 10_f64.powi(row as i32 % 3) / 3.0,
        _ => own[(row, 2)] + wave(row, column),
    });
    if *task == Task::Regression {
        for (row, target) in data.target.iter_mut().enumerate() {
            *target = *target / 3.0 + 1e3 * wave(row, 5);
        }
    }
    data
}

/// The rows in random parts, each in its place among those of its part.
fn split(data: &Dataset, random: &mut impl Rng) -> Vec<Dataset> {
    let n_parts = random.gen_range(1..=7);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); n_parts];
    let in_runs = random.gen_bool(0.5);
    let mut part = 0;
    for row in 0..data.n_samples() {
        if !in_runs || random.gen_bool(0.01) {
            part = random.gen_range(0..n_parts);
        }
        rows[part].push(row);
    }
    let part = |mut rows: Vec<usize>| {
        if random.gen_bool(0.5) {
            rows.shuffle(random);
        }
        Dataset {
            features: data.features.select(Axis(0), &rows),
            feature_names: data.feature_names.clone(),
            target: rows.iter().map(|&row| data.target[row]).collect(),
            row_numbers: rows.iter().map(|&row| data.row_numbers[row]).collect(),
            task: data.task.clone(),
        }
    };
    rows.into_iter().map(part).collect()
}

fn train<R: Rounds>(
    rounds: &R,
    head: &Head,
    parts: &[Dataset],
    random: &mut impl Rng,
    place: &str,
) -> Result<R::Model, NotTrained> {
    let mut parts: Vec<R::Part<'_>> = parts.iter().map(|rows| rounds.part(rows)).collect();
    let mut state = rounds.begin(head)?;
    loop {
        state = sent(rounds.name(), &state, place);
        let mut partials = vec![rounds.identity(&state)];
        for part in &mut parts {
            partials.push(rounds.answer(part, &state)?);
        }
        partials.shuffle(random);
        while partials.len() > 1 {
            let other = partials.swap_remove(random.gen_range(0..partials.len()));
            let into = random.gen_range(0..partials.len());
            rounds.merge(&mut partials[into], &sent(rounds.name(), &other, place))?;
        }
        let sum = partials.pop().unwrap_or_else(|| rounds.identity(&state));
        match rounds.step(state, sum)? {
            Next::Round(next) => state = next,
            Next::Model(model) => return Ok(model),
        }
    }
}

/// What arrives of a message to another process.
fn sent<T: serde::Serialize + serde::de::DeserializeOwned>(
    algorithm: &'static str,
    message: &T,
    place: &str,
) -> T {
    let bytes = encode(algorithm, message)
        .unwrap_or_else(|error| panic!("{place}: a message cannot be encoded: {error}"));
    decode(algorithm, &bytes)
        .unwrap_or_else(|error| panic!("{place}: a message cannot be decoded: {error}"))
}

use retail_core::label::Task;
use retail_core::ndarray::Array2;
use retail_core::train::rounds::{Head, Next, Rounds, decode, encode};
use retail_core::train::{Dataset, LinearRegression, LogisticRegression, RandomForest};

use crate::Target;
use crate::input::{choices, joined, parts};

/// States and sums of trainings that another process carries. What is read is written as it was read; sums can
/// be added, or are refused; and a step gives the next state or a model, or says why not.
///
/// The first byte chooses the algorithm; the state and two sums follow, without the envelope that names it.
pub const ROUNDS: Target = Target {
    name: "rounds",
    check,
    seeds,
};

fn check(data: &[u8]) -> bool {
    let Some(([algorithm], bytes)) = choices(data) else {
        return false;
    };
    match algorithm % 3 {
        0 => carried(&linear(), bytes),
        1 => carried(&logistic(), bytes),
        _ => carried(&forest(), bytes),
    }
}

fn carried<R: Rounds>(trainer: &R, bytes: &[u8]) -> bool {
    let [state, sum, other] = parts(bytes);
    let Some(state) = read::<R::State>(trainer.name(), state) else {
        return false;
    };
    let identity = trainer.identity(&state);
    let (Some(sum), Some(other)) = (
        read::<R::Partial>(trainer.name(), sum),
        read::<R::Partial>(trainer.name(), other),
    ) else {
        return false;
    };
    let mut all = identity.clone();
    let added = trainer
        .merge(&mut all, &sum)
        .and_then(|()| trainer.merge(&mut all, &other));
    if added.is_ok() {
        // The other way round it is the same.
        let mut turned = other.clone();
        let merged = trainer.merge(&mut turned, &sum);
        merged.expect("it is of the same state");
        assert_eq!(
            written(trainer.name(), &turned),
            written(trainer.name(), &all)
        );
    }
    let answer = if added.is_ok() { all } else { sum };
    match trainer.step(state, answer) {
        Ok(Next::Round(next)) => {
            let bytes = written(trainer.name(), &next);
            let again: R::State = decode(trainer.name(), &bytes).expect("it has been written");
            assert_eq!(written(trainer.name(), &again), bytes);
        }
        Ok(Next::Model(_)) => {}
        Err(_) => return false,
    }
    added.is_ok()
}

fn read<T>(name: &'static str, content: &[u8]) -> Option<T>
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let begin = format!(r#"{{"algorithm":"{name}","version":1,"content":"#);
    let bytes = [begin.as_bytes(), content, b"}"].concat();
    let read: T = decode(name, &bytes).ok()?;
    let bytes = written(name, &read);
    let again: T = decode(name, &bytes).expect("it has been written");
    assert_eq!(written(name, &again), bytes);
    Some(read)
}

fn written<T: serde::Serialize>(name: &'static str, content: &T) -> Vec<u8> {
    encode(name, content).expect("it has a form")
}

fn linear() -> LinearRegression {
    let params = LinearRegression::params().min_rows(1).threads(1);
    params.check().expect("it is legal")
}

fn logistic() -> LogisticRegression {
    let params = LogisticRegression::params().min_rows(2).threads(1);
    params.check().expect("it is legal")
}

fn forest() -> RandomForest {
    let params = RandomForest::params()
        .n_trees(2)
        .max_depth(3)
        .min_rows(2)
        .threads(1);
    params.check().expect("it is legal")
}

fn seeds() -> Vec<Vec<u8>> {
    let classes = ["a", "b"].map(String::from).to_vec();
    let mut seeds = rounds_of(0, &linear(), &Task::Regression);
    seeds.extend(rounds_of(1, &logistic(), &Task::Binary));
    seeds.extend(rounds_of(2, &forest(), &Task::Multiclass { classes }));
    seeds
}

/// Every round of a training.
fn rounds_of<R: Rounds>(algorithm: u8, trainer: &R, task: &Task) -> Vec<Vec<u8>> {
    let rows = |first: usize| Dataset {
        features: Array2::from_shape_fn((4, 2), |(row, column)| {
            ((first + row) * (column + 2) % 5) as f64 / 2.0
        }),
        feature_names: vec!["x".into(), "y".into()],
        target: (first..first + 4).map(|row| (row % 2) as f64).collect(),
        row_numbers: (first as u64..first as u64 + 4).collect(),
        task: task.clone(),
    };
    let (here, there) = (rows(0), rows(4));
    let mut parts = [&here, &there].map(|rows| trainer.part(rows));
    let mut state = trainer.begin(&Head::of(&here)).expect("rows to learn from");
    let mut seeds = Vec::new();
    loop {
        let sums = parts.each_mut();
        let sums = sums.map(|part| trainer.answer(part, &state).expect("rows to learn from"));
        let texts = [
            content(&written(trainer.name(), &state)),
            content(&written(trainer.name(), &sums[0])),
            content(&written(trainer.name(), &sums[1])),
        ];
        let [state_text, here, there] = &texts;
        seeds.push([&[algorithm][..], &joined(&[state_text, here, there])[..]].concat());
        let [mut sum, other] = sums;
        trainer
            .merge(&mut sum, &other)
            .expect("answers to one state");
        match trainer.step(state, sum) {
            Ok(Next::Round(next)) if seeds.len() < 4 => state = next,
            _ => return seeds,
        }
    }
}

/// What is in an envelope.
fn content(envelope: &[u8]) -> Vec<u8> {
    let value: serde_json::Value = serde_json::from_slice(envelope).expect("it is JSON");
    value["content"].to_string().into_bytes()
}

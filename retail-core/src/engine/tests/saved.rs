//! What a source is told about the batches that are saved.

use super::*;
use crate::source::{Position, Progress, ReadStatus, Sink, Source, SourceError, SourceId};

/// A script that notes what it is told.
struct Told {
    script: Script,
    told: Seen<u64>,
}

impl Source for Told {
    fn id(&self) -> SourceId {
        self.script.id()
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.script.seek(position)
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        self.script.read(sink)
    }

    fn saved(&mut self, position: &Position) -> Result<(), SourceError> {
        self.told.add(position.next_offset(0));
        Ok(())
    }

    fn progress(&self) -> Progress {
        self.script.progress()
    }
}

fn engine() -> Engine {
    let pipelines = vec![all_rows("all", Arc::new(Mean::default()))];
    builder(RetrainPolicy::AtEnd, pipelines).open().unwrap()
}

/// Reads 35 sales in batches of 10. `at_25` says what happens before the 26th, given what the source
/// has been told.
fn run(at_25: impl Fn(&[u64]) -> Step + Send + 'static) -> (Result<RunReport, Error>, Vec<u64>) {
    let told = Seen::default();
    let heard = told.clone();
    let before = move |offset| match offset {
        25 => at_25(&heard.all()),
        _ => Step::Go,
    };
    let mut source = Told {
        script: Script::new(sales(35), before),
        told: told.clone(),
    };
    let result = engine().run(&mut source);
    (result, told.all())
}

#[test]
fn a_source_is_told_what_has_been_saved_and_of_the_last_batch_too() {
    let (result, told) = run(|_| Step::Go);
    assert_eq!(result.unwrap().rows_read, 35);
    assert_eq!(told.last(), Some(&35));
    assert!(told.is_sorted_by(|a, b| a < b), "{told:?}");
    let ends = [10, 20, 30, 35];
    assert!(told.iter().all(|at| ends.contains(at)), "{told:?}");
}

#[test]
fn a_source_is_told_while_it_waits_for_records() {
    let (result, told) = run(|told| match told.last() {
        Some(20) => Step::Go,
        _ => Step::Idle,
    });
    assert!(result.is_ok());
    assert!(told.contains(&20) && !told.contains(&25), "{told:?}");
}

#[test]
fn a_source_that_fails_is_still_told_what_was_saved_before() {
    let (result, told) = run(|_| Step::Fail);
    assert!(result.is_err());
    assert_eq!(told.last(), Some(&20));
}

#[test]
fn a_source_that_cannot_take_note_ends_the_run() {
    struct Deaf(Script);
    impl Source for Deaf {
        fn id(&self) -> SourceId {
            self.0.id()
        }
        fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
            self.0.seek(position)
        }
        fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
            self.0.read(sink)
        }
        fn saved(&mut self, _: &Position) -> Result<(), SourceError> {
            Err(SourceError::Adapter {
                source: "it does not hear".into(),
                retryable: false,
            })
        }
        fn progress(&self) -> Progress {
            self.0.progress()
        }
    }
    let mut source = Deaf(Script::new(sales(35), |_| Step::Go));
    let error = engine().run(&mut source).unwrap_err().to_string();
    assert!(error.contains("it does not hear"), "{error}");
}

//! Publishing, restarting, rolling back, recovering; what is damaged or foreign.

mod changes;
mod crafted;
mod discovery;
mod faults;
mod traffic;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use ndarray::{Array1, ArrayView2};
use proptest::prelude::*;

use super::*;
use crate::error::StorageError;
use crate::evaluate::{Metrics, RegressionMetrics};
use crate::feature::{FeatureSet, StandardFeature};
use crate::label::Task;
use crate::source::Position;
use crate::time::Timestamp;
use crate::train::{FormatError, Model, ModelFormats, PredictError, Prediction};

/// Predicts the same number for every row.
#[derive(Debug)]
struct Constant(f64);

impl Model for Constant {
    fn format(&self) -> &str {
        "constant"
    }

    fn n_features(&self) -> usize {
        StandardFeature::REGRESSION.len()
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        PredictError::check(&features, self.n_features())?;
        Ok(Prediction::Values(Array1::from_elem(
            features.nrows(),
            self.0,
        )))
    }

    fn to_json(&self) -> Result<serde_json::Value, FormatError> {
        Ok(serde_json::json!({ "value": self.0 }))
    }
}

fn formats() -> ModelFormats {
    ModelFormats::empty().with("constant", |json| {
        let value = json["value"].as_f64().ok_or("value: expected a number")?;
        Ok(Arc::new(Constant(value)))
    })
}

fn artefact(value: f64) -> Artefact {
    Artefact {
        info: ModelInfo {
            name: "linear_model_1".into(),
            target: "total_amount".into(),
            version: 1,
            trainer: "constant".into(),
            hyper_parameters: serde_json::json!({}),
            seed: Some(7),
            task: Task::Regression,
            label: BTreeMap::new(),
            features: FeatureSet::standard(&StandardFeature::REGRESSION).schema(),
            slice: Slice {
                window: "first 1/3 of the rows".into(),
                closed: true,
                rows: 3,
                first_row: 0,
                end_row: 3,
                from: Position::default(),
                to: Position::default(),
                stream_time: [Timestamp::EPOCH; 2],
            },
            holdout: HoldOutResult::Measured(Metrics::Regression(RegressionMetrics {
                rmse: 0.1 + 0.2,
                mae: 1e-300,
                r2: None,
                rows: 1,
            })),
            baseline: None,
            engine_version: "0.0.0".into(),
        },
        model: Arc::new(Constant(value)),
    }
}

fn open(dir: &Path, recover: bool) -> Result<Registry, StorageError> {
    Registry::open(
        standard_slots(),
        RegistryOptions {
            dir: Some(dir.to_owned()),
            keep_revisions: 3,
            formats: formats(),
            recover,
            ..RegistryOptions::default()
        },
    )
}

fn served(registry: &Registry) -> Option<(u64, serde_json::Value)> {
    let served = registry.get("linear_model_1")?;
    Some((
        served.revision,
        served.artefact.model.to_json().unwrap()["value"].clone(),
    ))
}

fn publish(registry: &Registry, value: f64) -> Published {
    registry.publish(artefact(value)).unwrap().unwrap()
}

/// The revision that is served again; `None` if there is none before.
fn roll_back(registry: &Registry) -> Option<u64> {
    match registry.roll_back("linear_model_1") {
        Ok(change) => change.after.revision,
        Err(ChangeError::NoEarlier { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

fn file(dir: &Path, revision: u64) -> std::path::PathBuf {
    dir.join(format!("linear_model_1/revision_{revision}.json"))
}

#[test]
fn nine_slots_carry_the_names_on_disk() {
    let names: Vec<_> = standard_slots().into_iter().map(|s| s.name).collect();
    assert_eq!(names.len(), 9);
    assert_eq!(names[0], "linear_model_1");
    assert_eq!(names[5], "rf_model_window_3");
    assert_eq!(names[8], "logistic_model_batch_3");
}

#[test]
fn a_published_model_is_served_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path(), false).unwrap();
    assert_eq!(served(&registry), None);
    publish(&registry, 0.1 + 0.2);
    let again = open(dir.path(), false).unwrap();
    assert_eq!(served(&again), Some((1, (0.1 + 0.2).into())));
    let info = |r: &Registry| r.get("linear_model_1").unwrap().artefact.info.clone();
    assert_eq!(info(&again), info(&registry));
}

#[test]
fn publishing_the_same_model_again_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path(), false).unwrap();
    assert!(publish(&registry, 1.0).changed);
    let again = publish(&registry, 1.0);
    assert_eq!((again.revision, again.changed), (1, false));
    assert_eq!(publish(&registry, 2.0).revision, 2);
}

#[test]
fn only_so_many_revisions_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path(), false).unwrap();
    for value in 1..=5 {
        publish(&registry, f64::from(value));
    }
    let kept: Vec<_> = (1..=5).filter(|&r| file(dir.path(), r).exists()).collect();
    assert_eq!(kept, [3, 4, 5]);
}

#[test]
fn rolling_back_serves_the_revision_before_and_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path(), false).unwrap();
    publish(&registry, 1.0);
    publish(&registry, 2.0);
    assert_eq!(roll_back(&registry), Some(1));
    assert_eq!(served(&registry), Some((1, 1.0.into())));
    assert_eq!(roll_back(&registry), None);
    let again = open(dir.path(), false).unwrap();
    assert_eq!(served(&again), Some((1, 1.0.into())));
    assert_eq!(publish(&again, 3.0).revision, 3);
}

#[test]
fn a_model_is_as_old_as_its_publication_or_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let before = SystemTime::now();
    let published = open(dir.path(), false).unwrap();
    publish(&published, 1.0);
    let at = published.get("linear_model_1").unwrap().written_at;
    assert!((before..=SystemTime::now()).contains(&at));
    // Read again, it has the age of its file.
    let long_ago = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let written = fs::File::options().append(true).open(file(dir.path(), 1));
    written.unwrap().set_modified(long_ago).unwrap();
    let found = open(dir.path(), false).unwrap();
    let found = found.get("linear_model_1").unwrap();
    assert_eq!(found.written_at, long_ago);
}

#[test]
fn a_damaged_revision_does_not_displace_the_one_being_served() {
    let dir = tempfile::tempdir().unwrap();
    let trainer = open(dir.path(), false).unwrap();
    publish(&trainer, 1.0);
    let server = open(dir.path(), false).unwrap();
    publish(&trainer, 2.0);
    let sound = fs::read(file(dir.path(), 2)).unwrap();
    fs::write(file(dir.path(), 2), &sound[..sound.len() / 2]).unwrap();
    assert_eq!(server.refresh().len(), 1);
    assert_eq!(served(&server), Some((1, 1.0.into())));
    fs::write(file(dir.path(), 2), sound).unwrap();
    assert!(server.refresh().is_empty());
    assert_eq!(served(&server), Some((2, 2.0.into())));
}

#[test]
fn a_number_is_given_to_one_revision_only() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path(), false).unwrap();
    publish(&registry, 1.0);
    publish(&registry, 2.0);
    let server = open(dir.path(), false).unwrap();
    fs::remove_dir_all(dir.path().join("linear_model_1")).unwrap();
    assert_eq!(publish(&registry, 3.0).revision, 3);
    assert!(server.refresh().is_empty());
    assert_eq!(served(&server), Some((3, 3.0.into())));
}

#[test]
fn a_model_that_could_not_be_read_again_is_not_saved() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path(), false).unwrap();
    publish(&registry, 1.0);
    // JSON has no NaN.
    let error = registry.publish(artefact(f64::NAN)).unwrap_err();
    assert!(error.to_string().contains("expected a number"), "{error}");
    let mut unknown = artefact(2.0);
    unknown.info.features = FeatureSet::standard(&[StandardFeature::Price]).schema();
    let error = registry.publish(unknown).unwrap_err();
    assert!(
        error.to_string().contains("5 features, its schema 1"),
        "{error}"
    );
    assert_eq!(served(&registry), Some((1, 1.0.into())));
    assert!(!file(dir.path(), 2).exists());
    assert_eq!(
        served(&open(dir.path(), false).unwrap()),
        Some((1, 1.0.into()))
    );
    assert_eq!(publish(&registry, 2.0).revision, 2);
}

#[test]
fn what_cannot_be_tidied_up_does_not_hide_a_published_model() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path(), false).unwrap();
    // A folder under the name of an old revision cannot be removed as a file.
    fs::create_dir_all(file(dir.path(), 1)).unwrap();
    for revision in 2..=6 {
        assert_eq!(publish(&registry, 1.0 / revision as f64).revision, revision);
    }
    assert_eq!(served(&registry), Some((6, (1.0 / 6.0).into())));
}

/// Set while a reader is to find that the revision it looked up is gone.
static GONE: Mutex<Option<std::path::PathBuf>> = Mutex::new(None);

#[test]
fn a_revision_that_is_replaced_while_it_is_read_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let trainer = open(dir.path(), false).unwrap();
    for value in [1.0, 2.0, 3.0] {
        publish(&trainer, value);
    }
    let current = dir.path().join("linear_model_1/current");
    fs::write(&current, "2\n").unwrap();
    *GONE.lock().unwrap() = Some(current);
    let racing: ModelFormats = ModelFormats::empty().with("constant", |json| {
        if let Some(current) = GONE.lock().unwrap().take() {
            fs::write(current, "3\n").unwrap();
            return Err("gone".into());
        }
        let value = json["value"].as_f64().ok_or("value: expected a number")?;
        Ok(Arc::new(Constant(value)))
    });
    let server = Registry::open(
        standard_slots(),
        RegistryOptions {
            dir: Some(dir.path().to_owned()),
            keep_revisions: 1,
            formats: racing,
            recover: false,
            ..RegistryOptions::default()
        },
    );
    assert_eq!(served(&server.unwrap()), Some((3, 3.0.into())));
}

#[test]
fn a_model_of_another_slot_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(dir.path(), false).unwrap();
    publish(&registry, 1.0);
    fs::rename(
        dir.path().join("linear_model_1"),
        dir.path().join("linear_model_2"),
    )
    .unwrap();
    let error = open(dir.path(), false).unwrap_err();
    assert!(matches!(error, StorageError::Misplaced { .. }), "{error}");
}

#[test]
fn a_newer_format_is_refused_by_its_version() {
    let bytes = artefact(1.0).encode().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let newer = text.replacen("\"format_version\":1", "\"format_version\":2", 1);
    let error = Artefact::decode(newer.as_bytes(), Path::new("m"), &formats()).unwrap_err();
    assert!(error.to_string().contains("version 1, got 2"), "{error}");
}

#[test]
fn a_registry_without_a_folder_keeps_models_in_memory() {
    let registry = Registry::open(
        standard_slots(),
        RegistryOptions {
            formats: formats(),
            ..RegistryOptions::default()
        },
    )
    .unwrap();
    publish(&registry, 1.0);
    assert_eq!(publish(&registry, 2.0).revision, 2);
    assert_eq!(served(&registry), Some((2, 2.0.into())));
    assert_eq!(roll_back(&registry), None);
}

proptest! {
    #[test]
    fn any_changed_byte_is_noticed(at in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let mut bytes = artefact(1.0).encode().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        let decoded = Artefact::decode(&bytes, Path::new("m"), &formats());
        // A header may be written with other white space; the artefact itself must be the same.
        if let Ok(artefact) = decoded {
            prop_assert_eq!(artefact.encode().unwrap(), self::artefact(1.0).encode().unwrap());
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Artefact::decode(&bytes, Path::new("m"), &formats()).is_err());
    }
}

#[test]
fn a_model_of_another_stream_is_not_taken_for_the_one_served() {
    let dir = tempfile::tempdir().unwrap();
    publish(&open(dir.path(), false).unwrap(), 1.0);
    let server = open(dir.path(), false).unwrap();
    assert!(server.refresh().is_empty());
    assert_eq!(served(&server), Some((1, 1.0.into())));
    // The folder is emptied, and the first model of another stream is the first revision again.
    fs::remove_dir_all(dir.path().join("linear_model_1")).unwrap();
    publish(&open(dir.path(), false).unwrap(), 2.0);
    assert!(server.refresh().is_empty());
    assert_eq!(served(&server), Some((1, 2.0.into())));
}

//! Models that are found by what their artefacts say.

use super::*;

fn options(recover: bool) -> RegistryOptions {
    RegistryOptions {
        formats: formats(),
        recover,
        ..RegistryOptions::default()
    }
}

fn named(name: &str, target: &str, version: u32) -> Artefact {
    let mut artefact = artefact(f64::from(version));
    artefact.info.name = name.into();
    artefact.info.target = target.into();
    artefact.info.version = version;
    artefact
}

/// Saves models as an engine with other pipelines would.
fn save(dir: &Path, artefacts: &[Artefact]) {
    let slots = artefacts.iter().map(|artefact| SlotName {
        name: artefact.info.name.clone(),
        target: artefact.info.target.clone(),
        version: artefact.info.version,
    });
    let options = RegistryOptions {
        dir: Some(dir.to_owned()),
        ..options(false)
    };
    let registry = Registry::open(slots.collect(), options).unwrap();
    for artefact in artefacts {
        registry.publish(artefact.clone()).unwrap().unwrap();
    }
}

fn slots(registry: &Registry) -> Vec<(String, String, u32)> {
    let slots = registry.iter().map(|(slot, served)| {
        assert!(served.is_some(), "{slot:?}");
        (slot.name.clone(), slot.target.clone(), slot.version)
    });
    slots.collect()
}

fn large_week() -> [(String, String, u32); 2] {
    [2, 7].map(|version| (format!("week_{version}"), "large_line".into(), version))
}

#[test]
fn every_model_in_a_folder_is_found_by_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    save(
        dir.path(),
        &[
            named("week_7", "large_line", 7),
            named("week_2", "large_line", 2),
        ],
    );
    // Neither of these is a model.
    fs::create_dir(dir.path().join("empty")).unwrap();
    fs::write(dir.path().join("notes.txt"), "x").unwrap();
    let registry = Registry::discover(dir.path(), options(false)).unwrap();
    assert_eq!(slots(&registry), large_week());
    assert_eq!(registry.get("week_7").unwrap().revision, 1);
}

#[test]
fn a_model_that_comes_later_is_found_by_refreshing() {
    let dir = tempfile::tempdir().unwrap();
    let registry = Registry::discover(dir.path(), options(false)).unwrap();
    assert_eq!(slots(&registry), []);
    save(dir.path(), &[named("week_2", "large_line", 2)]);
    save(dir.path(), &[named("week_7", "large_line", 7)]);
    assert!(registry.refresh().is_empty());
    assert_eq!(slots(&registry), large_week());
    save(dir.path(), &[artefact(3.0)]);
    // A registry of given slots looks at no other folder.
    let closed = open(dir.path(), false).unwrap();
    assert!(closed.refresh().is_empty());
    assert!(closed.get("week_2").is_none());
    assert_eq!(served(&closed), Some((1, 3.0.into())));
}

#[test]
fn a_folder_and_a_model_that_disagree_are_an_error() {
    let dir = tempfile::tempdir().unwrap();
    save(dir.path(), &[named("week_2", "large_line", 2)]);
    fs::rename(dir.path().join("week_2"), dir.path().join("week_3")).unwrap();
    let error = Registry::discover(dir.path(), options(false)).unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, StorageError::Misplaced { .. }), "{said}");
    assert!(
        said.contains("week_3/revision_1.json is out of place"),
        "{said}"
    );
    assert!(
        said.contains("expected the model week_3, got week_2"),
        "{said}"
    );
}

#[test]
fn two_models_of_one_target_and_version_are_an_error() {
    let dir = tempfile::tempdir().unwrap();
    save(
        dir.path(),
        &[
            named("month_2", "large_line", 2),
            named("week_2", "large_line", 2),
        ],
    );
    let error = Registry::discover(dir.path(), options(false)).unwrap_err();
    let said = error.to_string();
    assert!(
        said.ends_with("week_2 is out of place: large_line version 2 is the model month_2 already"),
        "{said}"
    );
    // With recovery, the first one is served all the same.
    let registry = Registry::discover(dir.path(), options(true)).unwrap();
    assert_eq!(
        slots(&registry),
        [("month_2".into(), "large_line".into(), 2)]
    );
    assert_eq!(registry.refresh().len(), 1);
}

#[test]
fn own_slots_win_over_found_models() {
    let dir = tempfile::tempdir().unwrap();
    save(
        dir.path(),
        &[
            named("old_1", "total_amount", 1),
            named("week_2", "large_line", 2),
        ],
    );
    let own = SlotName {
        name: "linear_model_1".into(),
        target: "total_amount".into(),
        version: 1,
    };
    let options = RegistryOptions {
        dir: Some(dir.path().to_owned()),
        ..options(false)
    };
    let registry = Registry::open_and_discover(vec![own], options).unwrap();
    let names: Vec<_> = registry.iter().map(|(slot, _)| slot.name.clone()).collect();
    assert_eq!(names, ["linear_model_1", "week_2"]);
    assert!(registry.get("linear_model_1").is_none());
    assert!(registry.get("week_2").is_some());
    publish(&registry, 5.0);
    assert!(registry.refresh().is_empty());
    assert_eq!(served(&registry), Some((1, 5.0.into())));
}

#[test]
fn a_damaged_model_is_an_error_or_left_out() {
    let dir = tempfile::tempdir().unwrap();
    save(
        dir.path(),
        &[
            named("week_2", "large_line", 2),
            named("week_7", "large_line", 7),
        ],
    );
    fs::write(dir.path().join("week_2/revision_1.json"), "{}").unwrap();
    let error = Registry::discover(dir.path(), options(false)).unwrap_err();
    assert!(
        error.to_string().contains("week_2/revision_1.json"),
        "{error}"
    );
    let registry = Registry::discover(dir.path(), options(true)).unwrap();
    assert_eq!(slots(&registry), large_week()[1..]);
}

#[test]
fn a_found_model_can_be_rolled_back() {
    let dir = tempfile::tempdir().unwrap();
    save(dir.path(), &[named("week_2", "large_line", 2)]);
    let registry = Registry::discover(dir.path(), options(false)).unwrap();
    let mut newer = named("week_2", "large_line", 2);
    newer.info.seed = None;
    assert_eq!(registry.publish(newer).unwrap().unwrap().revision, 2);
    let change = registry.roll_back("week_2").unwrap();
    assert_eq!(
        (change.before.revision, change.after.revision),
        (Some(2), Some(1))
    );
    let unknown = registry.roll_back("week_3").unwrap_err().to_string();
    assert_eq!(unknown, "expected one of week_2, got week_3");
    let again = Registry::discover(dir.path(), options(false)).unwrap();
    assert_eq!(again.get("week_2").unwrap().revision, 1);
}

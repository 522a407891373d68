//! What an operator changes: promoting, pinning, naming; what is kept, and what survives.

use super::*;
use crate::storage::Findings;

const MODEL: &str = "linear_model_1";

/// A folder with revisions 1 to `n` of a model, of the values 1 to `n`.
fn with_revisions(dir: &Path, n: u32) -> Registry {
    let registry = open(dir, false).unwrap();
    for value in 1..=n {
        publish(&registry, f64::from(value));
    }
    registry
}

fn revision(registry: &Registry) -> u64 {
    let (revision, value) = served(registry).unwrap();
    assert_eq!(
        value.as_f64(),
        Some(revision as f64),
        "the value is the number"
    );
    revision
}

fn path(dir: &Path, name: &str) -> std::path::PathBuf {
    dir.join(MODEL).join(name)
}

fn kept(registry: &Registry) -> Vec<u64> {
    registry.revisions(MODEL).unwrap()
}

/// The faults that a check of the folder finds.
fn verified(dir: &Path) -> Vec<String> {
    let mut findings = Findings::default();
    super::super::verify::verify(dir, &formats(), false, &mut findings);
    assert!(findings.notes.is_empty(), "{:?}", findings.notes);
    findings.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_promoted_revision_is_served_until_the_next_training_and_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let registry = with_revisions(dir.path(), 3);
    let change = registry.promote(MODEL, 1).unwrap();
    assert_eq!(change.before.revision, Some(3));
    assert_eq!(change.after.revision, Some(1));
    assert_eq!(revision(&registry), 1);
    assert_eq!(revision(&open(dir.path(), false).unwrap()), 1);
    let again = registry.promote(MODEL, 1).unwrap();
    assert_eq!(again.before, again.after);
    assert_eq!(publish(&registry, 4.0).revision, 4);
    assert_eq!(revision(&registry), 4);
    assert!(verified(dir.path()).is_empty());
}

#[test]
fn a_pinned_model_stays_while_others_are_trained() {
    let dir = tempfile::tempdir().unwrap();
    let registry = with_revisions(dir.path(), 2);
    let change = registry.pin(MODEL, Some(1.into())).unwrap();
    assert!(!change.before.pinned && change.after.pinned);
    let saved = publish(&registry, 3.0);
    let expected = Published {
        revision: 3,
        changed: true,
        served: false,
    };
    assert_eq!(saved, expected);
    // The same model again is not a revision of its own.
    let again = publish(&registry, 3.0);
    assert_eq!(
        (again.revision, again.changed, again.served),
        (3, false, false)
    );
    assert_eq!(revision(&registry), 1);

    let restarted = open(dir.path(), false).unwrap();
    assert!(restarted.state(MODEL).unwrap().pinned);
    assert_eq!(publish(&restarted, 4.0).revision, 4);
    assert_eq!(revision(&restarted), 1);
    let change = restarted.unpin(MODEL).unwrap();
    assert_eq!(
        (change.after.revision, change.after.pinned),
        (Some(1), false)
    );
    assert_eq!(revision(&restarted), 1);
    assert!(publish(&restarted, 5.0).served);
    assert_eq!(revision(&restarted), 5);
    assert!(verified(dir.path()).is_empty());
}

#[test]
fn a_pinned_model_is_neither_promoted_nor_rolled_back_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let registry = with_revisions(dir.path(), 3);
    registry.pin(MODEL, None).unwrap();
    let pinned = |change: Result<Change, ChangeError>| {
        let said = change.unwrap_err().to_string();
        assert_eq!(
            said,
            "linear_model_1 is pinned to revision 3; unpin it first"
        );
    };
    pinned(registry.roll_back(MODEL));
    pinned(registry.promote(MODEL, 2));
    pinned(registry.pin(MODEL, Some(2.into())));
    for same in [registry.pin(MODEL, None), registry.promote(MODEL, 3)] {
        let same = same.unwrap();
        assert_eq!(same.before, same.after);
        assert!(same.after.pinned);
    }
    assert_eq!(revision(&registry), 3);
}

#[test]
fn what_is_not_there_is_named_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let registry = with_revisions(dir.path(), 2);
    let before = fs::read(path(dir.path(), "current")).unwrap();
    let said = |error: ChangeError| error.to_string();
    assert_eq!(
        said(registry.promote(MODEL, 7).unwrap_err()),
        "linear_model_1 has no revision 7: kept are 1, 2"
    );
    assert_eq!(
        said(registry.promote(MODEL, Alias::Candidate).unwrap_err()),
        "linear_model_1 has no candidate"
    );
    assert_eq!(
        said(registry.unpin("linear_model_2").unwrap_err()),
        "linear_model_2 is not trained yet"
    );
    let unknown = said(registry.pin("linear_model_9", None).unwrap_err());
    assert!(unknown.contains("linear_model_3") && unknown.ends_with("got linear_model_9"));
    registry.set_alias(MODEL, Alias::Champion, 9).unwrap_err();
    assert!(!path(dir.path(), "aliases").exists());
    // Nor is a damaged revision served or named.
    fs::write(file(dir.path(), 1), "damaged").unwrap();
    for change in [
        registry.promote(MODEL, 1),
        registry.pin(MODEL, Some(1.into())),
        registry.set_alias(MODEL, Alias::Champion, 1),
    ] {
        assert!(matches!(change, Err(ChangeError::Storage(_))));
    }
    assert_eq!(fs::read(path(dir.path(), "current")).unwrap(), before);
    assert_eq!(revision(&registry), 2);
}

#[test]
fn revisions_that_are_pinned_or_have_a_name_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let registry = with_revisions(dir.path(), 3);
    registry.set_alias(MODEL, Alias::Champion, 1).unwrap();
    publish(&registry, 4.0);
    registry.set_alias(MODEL, Alias::Candidate, 3).unwrap();
    registry.pin(MODEL, Some(2.into())).unwrap();
    for value in 5..=9 {
        publish(&registry, f64::from(value));
    }
    assert_eq!(kept(&registry), [1, 2, 3, 7, 8, 9]);
    let restarted = open(dir.path(), false).unwrap();
    assert_eq!(
        restarted.state(MODEL).unwrap(),
        registry.state(MODEL).unwrap()
    );
    let change = restarted
        .set_alias(MODEL, Alias::Champion, Alias::Candidate)
        .unwrap();
    assert_eq!(change.before.aliases[&Alias::Champion], 1);
    assert_eq!(change.after.aliases[&Alias::Champion], 3);
    restarted.remove_alias(MODEL, Alias::Candidate).unwrap();
    restarted.unpin(MODEL).unwrap();
    publish(&restarted, 10.0);
    assert_eq!(kept(&restarted), [3, 8, 9, 10]);
    assert!(verified(dir.path()).is_empty());
}

#[test]
fn damaged_names_are_reported_and_nothing_is_removed_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let registry = with_revisions(dir.path(), 3);
    registry.set_alias(MODEL, Alias::Champion, 1).unwrap();
    let aliases = path(dir.path(), "aliases");
    let sound = fs::read(&aliases).unwrap();
    fs::write(&aliases, &sound[1..]).unwrap();

    let faults = registry.refresh();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(
        faults[0].to_string().contains("aliases is damaged"),
        "{}",
        faults[0]
    );
    assert_eq!(registry.state(MODEL).unwrap().aliases[&Alias::Champion], 1);
    assert_eq!(
        registry
            .promote(MODEL, Alias::Champion)
            .unwrap()
            .after
            .revision,
        Some(1)
    );
    open(dir.path(), false).unwrap_err();
    let restarted = open(dir.path(), true).unwrap();
    assert_eq!(restarted.faults().len(), 1);
    for value in 4..=9 {
        publish(&restarted, f64::from(value));
    }
    assert_eq!(kept(&restarted), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let refused = restarted.set_alias(MODEL, Alias::Candidate, 2).unwrap_err();
    assert!(
        refused.to_string().contains("remove this file"),
        "{refused}"
    );
    assert_eq!(verified(dir.path()).len(), 1);

    fs::remove_file(&aliases).unwrap();
    restarted.set_alias(MODEL, Alias::Candidate, 2).unwrap();
    assert!(restarted.faults().is_empty() && verified(dir.path()).is_empty());
    publish(&restarted, 10.0);
    assert_eq!(kept(&restarted), [2, 8, 9, 10]);

    fs::remove_file(file(dir.path(), 2)).unwrap();
    let said = verified(dir.path()).concat();
    assert!(said.contains("revision 2 as candidate"), "{said}");
    assert_eq!(restarted.refresh().len(), 1);
    assert!(matches!(
        restarted.promote(MODEL, Alias::Candidate),
        Err(ChangeError::UnknownRevision { revision: 2, .. })
    ));
    restarted.remove_alias(MODEL, Alias::Candidate).unwrap();
    assert!(restarted.refresh().is_empty());
}

#[test]
fn a_pin_outlives_damage_to_what_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let registry = with_revisions(dir.path(), 3);
    registry.pin(MODEL, Some(1.into())).unwrap();
    let current = path(dir.path(), "current");
    fs::write(&current, "damaged").unwrap();
    assert_eq!(registry.refresh().len(), 1);
    assert!(!publish(&registry, 4.0).served);
    assert_eq!(revision(&registry), 1);
    // What is in force has been written again.
    assert!(registry.faults().is_empty());
    let restarted = open(dir.path(), false).unwrap();
    assert!(restarted.state(MODEL).unwrap().pinned);
    assert_eq!(revision(&restarted), 1);
}

#[test]
fn what_another_process_has_pinned_or_named_is_heeded() {
    let dir = tempfile::tempdir().unwrap();
    let engine = with_revisions(dir.path(), 3);
    let server = open(dir.path(), false).unwrap();
    server.set_alias(MODEL, Alias::Candidate, 1).unwrap();
    server.pin(MODEL, Some(2.into())).unwrap();
    assert!(!publish(&engine, 4.0).served);
    publish(&engine, 5.0);
    assert_eq!(revision(&engine), 2);
    assert_eq!(kept(&engine), [1, 2, 3, 4, 5]);
    server.unpin(MODEL).unwrap();
    assert!(publish(&engine, 6.0).served);
    assert!(server.refresh().is_empty());
    assert_eq!(revision(&server), 6);
    // A pin alone is followed too.
    engine.pin(MODEL, None).unwrap();
    assert!(server.refresh().is_empty());
    assert!(server.state(MODEL).unwrap().pinned);
}

/// Every file is written under another name first. A process may be killed before it has its name, or
/// between two of them.
#[test]
fn what_a_kill_leaves_is_the_state_before_or_the_state_after() {
    let dir = tempfile::tempdir().unwrap();
    let registry = with_revisions(dir.path(), 3);
    registry.set_alias(MODEL, Alias::Champion, 2).unwrap();
    registry.pin(MODEL, Some(1.into())).unwrap();
    let state = registry.state(MODEL).unwrap();
    for name in ["current", "aliases", "revision_4.json"] {
        fs::write(path(dir.path(), &format!("{name}.tmp")), "half").unwrap();
        assert_eq!(
            open(dir.path(), false).unwrap().state(MODEL).unwrap(),
            state
        );
    }
    // Whoever opens the folder for itself removes them.
    super::super::temporaries::remove(dir.path()).unwrap();
    assert!(verified(dir.path()).is_empty());
    // A training was saved, and what names it was not written, or not its names pruned.
    let mut fourth = artefact(4.0).encode().unwrap();
    fs::write(file(dir.path(), 4), &fourth).unwrap();
    let restarted = open(dir.path(), false).unwrap();
    assert_eq!(restarted.state(MODEL).unwrap(), state);
    assert_eq!(restarted.revisions(MODEL).unwrap(), [1, 2, 3, 4]);
    assert_eq!(
        restarted.promote(MODEL, 4).unwrap_err().to_string(),
        "linear_model_1 is pinned to revision 1; unpin it first"
    );
    fourth.truncate(10);
    fs::write(file(dir.path(), 4), &fourth).unwrap();
    assert_eq!(
        open(dir.path(), false).unwrap().state(MODEL).unwrap(),
        state
    );
}

#[test]
fn a_registry_without_a_folder_pins_what_it_serves() {
    let options = RegistryOptions {
        formats: formats(),
        ..RegistryOptions::default()
    };
    let registry = Registry::open(standard_slots(), options).unwrap();
    publish(&registry, 1.0);
    publish(&registry, 2.0);
    registry.set_alias(MODEL, Alias::Champion, 2).unwrap();
    registry.pin(MODEL, Some(Alias::Champion.into())).unwrap();
    assert!(!publish(&registry, 3.0).served);
    assert_eq!((revision(&registry), kept(&registry)), (2, vec![2]));
    registry.promote(MODEL, 1).unwrap_err();
    registry.unpin(MODEL).unwrap();
    assert_eq!(publish(&registry, 3.0).revision, 3);
}

#[test]
fn each_revision_can_be_read_beside_the_one_that_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let registry = with_revisions(dir.path(), 2);
    for revision in [1, 2] {
        let loaded = registry.load(MODEL, revision).unwrap();
        let number = loaded.artefact.model.to_json().unwrap()["value"].as_f64();
        assert_eq!(loaded.revision, revision);
        assert_eq!(number, Some(revision as f64));
    }
    assert!(matches!(
        registry.load(MODEL, 3),
        Err(ChangeError::UnknownRevision { kept_revisions, .. }) if kept_revisions == [1, 2]
    ));
    registry.set_alias(MODEL, Alias::Candidate, 1).unwrap();
    assert_eq!(registry.load(MODEL, Alias::Candidate).unwrap().revision, 1);
    assert!(matches!(
        registry.load(MODEL, Alias::Champion),
        Err(ChangeError::UnsetAlias { .. })
    ));
    assert_eq!(revision(&registry), 2);
    fs::write(file(dir.path(), 1), "damaged").unwrap();
    assert!(matches!(
        registry.load(MODEL, 1),
        Err(ChangeError::Storage(_))
    ));
}

#[test]
fn changes_at_the_same_time_leave_on_disk_what_is_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let registry = with_revisions(dir.path(), 3);
    std::thread::scope(|scope| {
        for thread in 0..4_u32 {
            let registry = &registry;
            scope.spawn(move || {
                for step in 0..8_u32 {
                    let newest = kept(registry).last().copied().unwrap();
                    // Any of them may be refused, because of what the others do.
                    let _ = match (thread + step) % 4 {
                        0 => registry.promote(MODEL, newest).map(drop),
                        1 => registry.roll_back(MODEL).map(drop),
                        2 => registry
                            .set_alias(MODEL, Alias::Candidate, newest)
                            .map(drop),
                        _ => {
                            let value = f64::from(100 * (thread + 1) + step);
                            registry.publish(artefact(value)).unwrap().unwrap();
                            registry
                                .pin(MODEL, None)
                                .map(drop)
                                .and(registry.unpin(MODEL).map(drop))
                        }
                    };
                }
            });
        }
    });
    let restarted = open(dir.path(), false).unwrap();
    assert_eq!(
        restarted.state(MODEL).unwrap(),
        registry.state(MODEL).unwrap()
    );
    assert_eq!(served(&restarted), served(&registry));
    assert!(verified(dir.path()).is_empty());
}

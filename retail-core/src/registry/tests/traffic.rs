//! Plans of who answers besides a model: what is kept because of them, and what a damaged one does.

use super::*;
use crate::storage::Findings;

const MODEL: &str = "linear_model_1";

fn with_revisions(dir: &Path, n: u32) -> Registry {
    let registry = open(dir, false).unwrap();
    for value in 1..=n {
        publish(&registry, f64::from(value));
    }
    registry
}

fn shadows(shadows: &[ContenderRef]) -> TrafficPlan {
    TrafficPlan {
        split: None,
        shadows: shadows.to_vec(),
    }
}

fn split_to(to: ContenderRef, share: f64) -> TrafficPlan {
    TrafficPlan {
        split: Some(TrafficSplit {
            to,
            share,
            header: "x-customer-id".to_owned(),
        }),
        shadows: Vec::new(),
    }
}

fn plan_file(dir: &Path) -> std::path::PathBuf {
    dir.join(MODEL).join("traffic")
}

fn verified(dir: &Path) -> Vec<String> {
    let mut findings = Findings::default();
    super::super::verify::verify(dir, &formats(), false, &mut findings);
    assert!(findings.notes.is_empty(), "{:?}", findings.notes);
    findings.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_plan_survives_a_restart_and_keeps_the_revisions_that_it_names() {
    let dir = tempfile::tempdir().unwrap();
    let registry = with_revisions(dir.path(), 2);
    let plan = TrafficPlan {
        shadows: vec![ContenderRef::Revision(2), ContenderRef::Version(2)],
        ..split_to(ContenderRef::Revision(1), 0.25)
    };
    assert!(registry.set_traffic(MODEL, &plan).unwrap());
    let restarted = open(dir.path(), false).unwrap();
    assert_eq!(restarted.traffic(MODEL).unwrap(), plan);
    assert!(restarted.traffic("linear_model_2").unwrap().is_empty());
    for value in 3..=9 {
        publish(&restarted, f64::from(value));
    }
    assert_eq!(restarted.revisions(MODEL).unwrap(), [1, 2, 7, 8, 9]);
    assert!(verified(dir.path()).is_empty());
    // Without a plan, they are old ones again.
    assert!(
        restarted
            .set_traffic(MODEL, &TrafficPlan::default())
            .unwrap()
    );
    publish(&restarted, 10.0);
    assert_eq!(restarted.revisions(MODEL).unwrap(), [8, 9, 10]);
    let restarted = open(dir.path(), false).unwrap();
    assert!(restarted.traffic(MODEL).unwrap().is_empty());
}

#[test]
fn a_damaged_plan_is_reported_and_nothing_is_removed_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let registry = with_revisions(dir.path(), 3);
    let plan = shadows(&[ContenderRef::Revision(1)]);
    registry.set_traffic(MODEL, &plan).unwrap();
    let sound = fs::read(plan_file(dir.path())).unwrap();
    fs::write(plan_file(dir.path()), &sound[1..]).unwrap();

    // It is no reason not to serve the model.
    let restarted = open(dir.path(), false).unwrap();
    let said = restarted.traffic(MODEL).unwrap_err().to_string();
    let file = plan_file(dir.path()).display().to_string();
    assert!(
        said.contains(&file) && said.contains("remove this file"),
        "{said}"
    );
    for value in 4..=6 {
        publish(&restarted, f64::from(value));
    }
    assert_eq!(restarted.revisions(MODEL).unwrap(), [1, 2, 3, 4, 5, 6]);
    let found = verified(dir.path());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(&file), "{}", found[0]);
    // A new plan takes its place.
    restarted.set_traffic(MODEL, &plan).unwrap();
    assert_eq!(restarted.traffic(MODEL).unwrap(), plan);
    assert!(verified(dir.path()).is_empty());
    // What a process that was killed over it has left is removed.
    fs::write(dir.path().join(MODEL).join("traffic.tmp"), "half").unwrap();
    super::super::temporaries::remove(dir.path()).unwrap();
    assert!(verified(dir.path()).is_empty());

    fs::remove_file(super::file(dir.path(), 1)).unwrap();
    let found = verified(dir.path()).concat();
    assert!(
        found.contains("it names revision 1, which is not there"),
        "{found}"
    );
}

#[test]
fn plans_that_nobody_can_carry_out_are_refused_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let registry = with_revisions(dir.path(), 2);
    let plan = shadows(&[ContenderRef::Revision(1)]);
    registry.set_traffic(MODEL, &plan).unwrap();
    for share in [-0.1, 1.1, f64::NAN] {
        let wrong = split_to(ContenderRef::Revision(1), share);
        let refused = registry.set_traffic(MODEL, &wrong).unwrap_err();
        assert!(
            matches!(refused, ChangeError::WrongShare { .. }),
            "{refused}"
        );
    }
    for wrong in [
        shadows(&[ContenderRef::Revision(1), ContenderRef::Revision(9)]),
        split_to(ContenderRef::Revision(9), 0.5),
    ] {
        assert!(matches!(
            registry.set_traffic(MODEL, &wrong),
            Err(ChangeError::UnknownRevision { revision: 9, .. })
        ));
    }
    registry.set_traffic("profit", &plan).unwrap_err();
    registry.traffic("profit").unwrap_err();
    assert_eq!(registry.traffic(MODEL).unwrap(), plan);
}

#[test]
fn without_a_folder_no_plan_is_kept() {
    let options = RegistryOptions {
        formats: formats(),
        ..RegistryOptions::default()
    };
    let registry = Registry::open(standard_slots(), options).unwrap();
    publish(&registry, 1.0);
    let plan = shadows(&[ContenderRef::Version(2)]);
    assert!(!registry.set_traffic(MODEL, &plan).unwrap());
    assert!(registry.traffic(MODEL).unwrap().is_empty());
    assert!(
        registry
            .set_traffic(MODEL, &TrafficPlan::default())
            .unwrap()
    );
}

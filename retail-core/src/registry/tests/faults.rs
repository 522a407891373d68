//! Damaged revisions and damaged files that name the current one: what is served instead, what is said
//! of it, and that no other model is touched.

use super::*;

const MODEL: &str = "linear_model_1";

/// A folder with revisions 1 to 3 of a model, of the values 1 to 3, and another model.
fn three(dir: &Path) {
    let registry = open(dir, true).unwrap();
    for value in [1.0, 2.0, 3.0] {
        publish(&registry, value);
    }
    let mut other = artefact(9.0);
    (other.info.name, other.info.version) = ("linear_model_2".into(), 2);
    registry.publish(other).unwrap().unwrap();
}

fn current(dir: &Path) -> std::path::PathBuf {
    dir.join(MODEL).join("current")
}

fn flip(path: &Path, at: usize, bit: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1 << bit;
    fs::write(path, bytes).unwrap();
}

/// The only fault, as text.
fn fault(registry: &Registry) -> String {
    let faults = registry.faults();
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults[0].to_string()
}

/// Opens what has a fault, which has to name `path`, with this revision served in its place.
fn expect(dir: &Path, path: &Path, instead: Option<u64>) {
    let path = path.display().to_string();
    let strict = open(dir, false).unwrap_err().to_string();
    assert!(strict.contains(&path), "{path}: {strict}");
    let registry = open(dir, true).unwrap();
    assert!(
        fault(&registry).contains(&path),
        "{path}: {}",
        fault(&registry)
    );
    let expected = instead.map(|revision| (revision, (revision as f64).into()));
    assert_eq!(served(&registry), expected, "{path}");
    assert_eq!(registry.get("linear_model_2").unwrap().revision, 1);
    // Whoever looks for it in a folder finds the same.
    let options = RegistryOptions {
        formats: formats(),
        ..RegistryOptions::default()
    };
    let found = Registry::discover(dir, options).unwrap();
    assert!(fault(&found).contains(&path), "{path}");
    assert_eq!(served(&found), expected, "{path}");
    // Looking again changes nothing, and says it again.
    assert_eq!(registry.refresh().len(), 1);
    assert_eq!(served(&registry), expected, "{path}");
    // The next model is served as if nothing had been.
    assert_eq!(publish(&registry, 7.0).revision, 4);
    assert!(registry.faults().is_empty() && registry.refresh().is_empty());
    assert_eq!(served(&open(dir, false).unwrap()), Some((4, 7.0.into())));
}

#[test]
fn no_changed_bit_of_what_names_a_revision_serves_another_one_in_silence() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    // Not the newest, so that the right one and the one in its place differ.
    open(dir.path(), true).unwrap().roll_back(MODEL).unwrap();
    let path = current(dir.path());
    let sound = fs::read(&path).unwrap();
    for at in 0..sound.len() {
        for bit in 0..8 {
            flip(&path, at, bit);
            let registry = open(dir.path(), true).unwrap();
            assert_eq!(served(&registry), Some((3, 3.0.into())), "{at}.{bit}");
            let said = fault(&registry);
            assert!(
                said.contains("linear_model_1/current is damaged"),
                "{at}.{bit}: {said}"
            );
            fs::write(&path, &sound).unwrap();
        }
    }
    assert_eq!(
        served(&open(dir.path(), false).unwrap()),
        Some((2, 2.0.into()))
    );
}

#[test]
fn what_names_a_revision_is_named_when_it_is_cut_emptied_dangling_or_gone() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 6] = [
        ("cut short", |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
        }),
        ("empty", |path| fs::write(path, "").unwrap()),
        ("no number", |path| fs::write(path, "two\n").unwrap()),
        ("dangling", |path| fs::write(path, "9\n").unwrap()),
        ("gone", |path| fs::remove_file(path).unwrap()),
        ("a folder", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
    ];
    for (what, change) in changes {
        let dir = tempfile::tempdir().unwrap();
        three(dir.path());
        let path = current(dir.path());
        change(&path);
        let registry = open(dir.path(), true).unwrap();
        let said = fault(&registry);
        assert!(said.contains(&path.display().to_string()), "{what}: {said}");
        assert_eq!(served(&registry), Some((3, 3.0.into())), "{what}");
        if what != "a folder" {
            assert!(said.contains("write its number"), "{what}: {said}");
            expect(dir.path(), &path, Some(3));
        }
    }
}

#[test]
fn the_newest_sound_revision_is_served_in_place_of_a_damaged_one() {
    for damaged in [&[3][..], &[3, 2], &[3, 2, 1]] {
        let dir = tempfile::tempdir().unwrap();
        three(dir.path());
        for &revision in damaged {
            flip(&file(dir.path(), revision), 700, 3);
        }
        let instead = 3 - damaged.len() as u64;
        let instead = (instead > 0).then_some(instead);
        expect(dir.path(), &file(dir.path(), 3), instead);
    }
    // A damaged revision that is not served is no fault, and one that was rolled back to is replaced
    // by a newer one.
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    flip(&file(dir.path(), 2), 700, 3);
    assert_eq!(
        served(&open(dir.path(), false).unwrap()),
        Some((3, 3.0.into()))
    );
    fs::write(current(dir.path()), "2\n").unwrap();
    expect(dir.path(), &file(dir.path(), 2), Some(3));
}

#[test]
fn what_is_served_stays_when_the_disk_is_damaged_under_it() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    let trainer = open(dir.path(), true).unwrap();
    trainer.roll_back(MODEL).unwrap();
    let server = open(dir.path(), true).unwrap();
    fs::write(current(dir.path()), "{").unwrap();
    for _ in 0..2 {
        let faults = server.refresh();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].to_string().contains("current is damaged"));
        assert_eq!(served(&server), Some((2, 2.0.into())));
    }
    // The trainer does not read it: it writes it.
    publish(&trainer, 4.0);
    assert!(server.refresh().is_empty());
    assert_eq!(served(&server), Some((4, 4.0.into())));
}

#[test]
fn the_same_model_again_names_it_again() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    fs::remove_file(current(dir.path())).unwrap();
    let registry = open(dir.path(), true).unwrap();
    let again = publish(&registry, 3.0);
    assert_eq!((again.revision, again.changed), (3, false));
    assert!(registry.faults().is_empty());
    assert_eq!(
        served(&open(dir.path(), false).unwrap()),
        Some((3, 3.0.into()))
    );
}

#[test]
fn a_first_revision_that_is_not_named_yet_is_no_fault() {
    let dir = tempfile::tempdir().unwrap();
    publish(&open(dir.path(), true).unwrap(), 1.0);
    // A process was killed between the two.
    fs::remove_file(current(dir.path())).unwrap();
    let registry = open(dir.path(), false).unwrap();
    assert_eq!(served(&registry), Some((1, 1.0.into())));
    assert!(registry.faults().is_empty());
    publish(&registry, 1.0);
    assert!(current(dir.path()).exists());
}

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use retail_core::engine::{Family, verify};
use retail_core::error::StorageError;
use retail_core::registry::{Alias, Registry, RegistryOptions, standard_slots};
use retail_core::train::ModelFormats;

use super::artefact::trained;
use super::folder::{temporary, write};
use super::signed::{artefact, body, lines, without_checksums};
use crate::Target;
use crate::input::{joined, parts};

/// The folder of a model: which revision is served, which have names, and two revisions. A registry opens
/// whatever is there if it may recover; it opens without, if the verification finds nothing wrong; and what is
/// changed then is there when it is opened again.
///
/// Checksums are computed.
pub const REGISTRY: Target = Target {
    name: "registry",
    check,
    seeds,
};

const MODEL: &str = "linear_model_1";

fn check(data: &[u8]) -> bool {
    let [current, aliases, first, second] = parts(data);
    let folder = temporary();
    let models = folder.path().join("models");
    let slot = models.join(MODEL);
    for (name, bytes) in [
        ("current", lines(current)),
        ("aliases", lines(aliases)),
        ("revision_1.json", artefact(or_sound(first))),
        ("revision_2.json", artefact(or_sound(second))),
    ] {
        if !bytes.is_empty() {
            write(slot.join(name), &bytes);
        }
    }
    let verified = verify(folder.path(), &ModelFormats::default());
    let is_sound = verified
        .expect("there is something to look at")
        .findings
        .faults
        .is_empty();
    let strict = open(&models, false);
    // The verification does not know which models belong in which folder.
    let is_misplaced = matches!(strict, Err(StorageError::Misplaced { .. }));
    if is_sound && !is_misplaced {
        let registry = strict.as_ref().expect("nothing is wrong");
        assert!(registry.faults().is_empty(), "{:?}", registry.faults());
        assert!(registry.get(MODEL).is_some());
    }
    let registry = open(&models, true).expect("it may recover");
    if !is_sound || is_misplaced {
        return false;
    }
    for alias in Alias::ALL {
        if registry.remove_alias(MODEL, alias).is_ok() {
            let state = registry.state(MODEL).expect("it is there");
            assert!(!state.aliases.contains_key(&alias));
        }
    }
    if registry.roll_back(MODEL).is_ok() {
        let served = registry.get(MODEL).expect("it is served").revision;
        assert!(registry.pin(MODEL, None).is_ok());
        let again = open(&models, false).expect("it has just been written");
        assert_eq!(again.get(MODEL).expect("it is served").revision, served);
    }
    let state = registry.state(MODEL).expect("it is there");
    let again = open(&models, false).expect("it has just been written");
    assert_eq!(
        format!("{:?}", again.state(MODEL)),
        format!("Ok({state:?})")
    );
    true
}

fn open(models: &Path, recover: bool) -> Result<Registry, StorageError> {
    let options = RegistryOptions {
        dir: Some(models.to_owned()),
        recover,
        ..RegistryOptions::default()
    };
    Registry::open(standard_slots(), options)
}

/// A model that an input need not spell out.
fn or_sound(revision: &[u8]) -> &[u8] {
    static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let folder = temporary();
        trained(Family::Mergeable, folder.path());
        let path = folder
            .path()
            .join("models")
            .join(MODEL)
            .join("revision_1.json");
        body(&fs::read(path).expect("it has been trained"))
    });
    match revision {
        b"" => &SOUND,
        other => other,
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let names = br#"{"aliases":{"champion":1,"candidate":2}}"#;
    let names = without_checksums(&[&names[..], b"\n"].concat());
    vec![
        joined(&[b"2", b"", b"", b""]),
        joined(&[b"{\"revision\":2}\n", &names, b"", b""]),
        joined(&[
            b"{\"revision\":1,\"pinned\":true}\n",
            b"",
            or_sound(b""),
            b"",
        ]),
    ]
}

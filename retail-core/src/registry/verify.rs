//! Whether the files of models are as they were written. Nothing is changed.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use super::alias::{self, ALIASES, Alias};
use super::current::{self, CURRENT, Current};
use super::store::{SlotFolder, revision_of};
use super::temporaries::is_of_a_model;
use super::traffic::{self, TRAFFIC};
use crate::error::StorageError;
use crate::storage::{self, Findings};
use crate::train::ModelFormats;

const NOT_SERVED: &str = "remove it: it is not the one that is served";
const OF_ITS_OWN: &str = "keep one of them in this folder of models";

/// How much was checked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) models: u64,
    pub(crate) revisions: u64,
}

/// Checks every revision in the folder `models`, and what names the ones that are served. If an engine
/// is `running` on it, what it may be writing is no finding.
pub(crate) fn verify(
    models: &Path,
    formats: &ModelFormats,
    running: bool,
    findings: &mut Findings,
) -> Counts {
    let mut counts = Counts::default();
    // Which model is of a target and version.
    let mut places = BTreeMap::new();
    let entries = storage::entries(models);
    for entry in findings
        .take(models, entries, "make it readable")
        .unwrap_or_default()
    {
        let path = entry.path();
        let name = entry.file_name().into_string();
        let Some(name) = name.ok().filter(|_| path.is_dir()) else {
            findings.unknown(&path);
            continue;
        };
        let folder = SlotFolder::found(models, &name);
        let revisions = check_folder(&path, &folder, formats, running, findings);
        counts.models += u64::from(revisions.found > 0);
        counts.revisions += revisions.found;
        let Some(place) = revisions.place else {
            continue;
        };
        let (target, version) = &place;
        if let Some(other) = places.get(&place) {
            let what =
                format!("out of place: {target} version {version} is the model {other} already");
            findings.fault(&path, what, OF_ITS_OWN);
        } else {
            places.insert(place, name);
        }
    }
    counts
}

#[derive(Default)]
struct Revisions {
    found: u64,
    newest_sound: Option<u64>,
    /// The target and version of the newest sound one.
    place: Option<(String, u32)>,
}

fn check_folder(
    path: &Path,
    folder: &SlotFolder<'_>,
    formats: &ModelFormats,
    running: bool,
    findings: &mut Findings,
) -> Revisions {
    let entries = storage::entries(path);
    let entries = findings
        .take(path, entries, "make it readable")
        .unwrap_or_default();
    let (mut numbers, mut ours) = (Vec::new(), entries.is_empty());
    for entry in &entries {
        let (name, path) = (entry.file_name(), entry.path());
        if let Some(number) = name.to_str().and_then(revision_of) {
            numbers.push(number);
        } else if storage::final_name(&name).is_some_and(is_of_a_model) {
            if !running {
                findings.half_written(&path);
            }
        } else if !name.to_str().is_some_and(is_of_a_model) {
            findings.unknown(&path);
            continue;
        }
        ours = true;
    }
    if !ours {
        return Revisions::default();
    }
    numbers.sort_unstable();
    let named = current::read(path);
    findings.files += u64::from(!matches!(named, Ok(None)));
    let mut revisions = Revisions::default();
    let mut damaged = Vec::new();
    for &number in &numbers {
        match folder.load(number, formats) {
            Ok(served) => {
                let info = served.artefact.info;
                revisions.newest_sound = Some(number);
                revisions.place = Some((info.target, info.version));
            }
            // It was one too many by now.
            Err(StorageError::Io { source, .. })
                if running && source.kind() == ErrorKind::NotFound =>
            {
                continue;
            }
            Err(error) => damaged.push((number, error)),
        }
        revisions.found += 1;
    }
    findings.files += revisions.found;
    let instead = match revisions.newest_sound {
        Some(sound) => format!(
            "revision {sound} is served instead, the newest sound one: train again, or choose it \
             with the file {CURRENT} beside it"
        ),
        None => "no other revision is sound: train again".to_owned(),
    };
    let served = named.as_ref().ok().copied().flatten();
    let served = served.map(|current| current.revision);
    for (number, error) in damaged {
        let advice = if served == Some(number) {
            &instead
        } else {
            NOT_SERVED
        };
        findings.take::<()>(&folder.path(number), Err(error), advice);
    }
    let named = named.and_then(|named| match named {
        Some(Current { revision, .. }) if !numbers.contains(&revision) => {
            Err(current::dangling(path, revision))
        }
        None if !numbers.is_empty() => Err(current::missing(path)),
        _ => Ok(()),
    });
    if !(running && named.is_err()) {
        findings.take(
            &path.join(CURRENT),
            named,
            &until_then(revisions.newest_sound),
        );
    }
    check_aliases(path, &numbers, running, findings);
    check_traffic(path, &numbers, running, findings);
    revisions
}

/// Checks the file that gives names to some of these revisions, if there is one.
fn check_aliases(folder: &Path, numbers: &[u64], running: bool, findings: &mut Findings) {
    let path = folder.join(ALIASES);
    if !path.exists() {
        return;
    }
    findings.files += 1;
    let advice = "until then no revision of the model is removed";
    let Some(aliases) = findings.take(&path, alias::read(folder), advice) else {
        return;
    };
    // The one that it names may have come after the folder was listed.
    let is_missing = |&(_, revision): &(&Alias, &u64)| !running && !numbers.contains(revision);
    for (&alias, &revision) in aliases.iter().filter(is_missing) {
        let dangling = Err(alias::dangling(folder, alias, revision));
        findings.take::<()>(&path, dangling, "nothing else depends on it");
    }
}

/// Checks the file that says who answers besides the model, if there is one.
fn check_traffic(folder: &Path, numbers: &[u64], running: bool, findings: &mut Findings) {
    let path = folder.join(TRAFFIC);
    if !path.exists() {
        return;
    }
    findings.files += 1;
    let advice = "until then the model alone answers, and no revision of it is removed";
    let Some(plan) = findings.take(&path, traffic::read(folder), advice) else {
        return;
    };
    let is_missing = |revision: &u64| !running && !numbers.contains(revision);
    for revision in plan.revisions().filter(is_missing) {
        let dangling = Err(traffic::dangling(folder, revision));
        findings.take::<()>(&path, dangling, "until then the model answers in its place");
    }
}

/// What is served as long as nothing names a revision.
fn until_then(newest_sound: Option<u64>) -> String {
    match newest_sound {
        Some(sound) => format!("until then revision {sound} is served, the newest sound one"),
        None => "until then none is served".to_owned(),
    }
}

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::Artefact;
use super::store::LARGEST;
use crate::error::StorageError;
use crate::storage::{self, DataMode};
use crate::train::ModelFormats;

impl Artefact {
    /// Saves the model with all there is to know of it in a file of its own, outside of any registry. The
    /// old or the new file is there at any moment, and only its owner can read it. A file of a registry
    /// has the same form; [`Artefact::encode`] gives it as bytes.
    ///
    /// ```
    /// use retail_core::prelude::*;
    /// use retail_core::registry::Artefact;
    /// use retail_core::train::ModelFormats;
    /// # let dir = std::env::temp_dir().join(format!("retail-doc-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    ///
    /// let mut engine = Engine::builder(EngineConfig::default())?.open()?;
    /// engine.run(&mut SyntheticSource::new(SyntheticSource::params().rows(10_000).check()?))?;
    /// let served = engine.registry().get("linear_model_3").ok_or("not trained")?;
    /// let path = dir.join("amounts.model");
    /// served.artefact.save(&path)?;
    ///
    /// let loaded = Artefact::load(&path, &ModelFormats::default())?;
    /// assert_eq!(loaded.encode()?, served.artefact.encode()?);
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StorageError::Unwritable`] if the model has no JSON form, [`StorageError::Io`] if the file
    /// cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), StorageError> {
        storage::write_atomically(path.as_ref(), &self.encode()?, DataMode::default())
    }

    /// Reads a file that [`Artefact::save`] or a registry wrote. `formats` are the kinds of models that it
    /// may hold; the default are those of this crate.
    ///
    /// # Errors
    /// [`StorageError::Io`] if it cannot be read, and those of [`Artefact::decode`].
    pub fn load(path: impl AsRef<Path>, formats: &ModelFormats) -> Result<Self, StorageError> {
        let path = path.as_ref();
        let (bytes, _) = read(path)?;
        Self::decode(&bytes, path, formats)
    }
}

/// The bytes of a model's file, unless it is too large for one, and when it was written.
pub(super) fn read(path: &Path) -> Result<(Vec<u8>, SystemTime), StorageError> {
    let metadata = fs::metadata(path).map_err(StorageError::io("read", path))?;
    let len = metadata.len();
    if len > LARGEST {
        return Err(StorageError::Corrupt {
            path: path.to_owned(),
            detail: format!("expected at most {LARGEST} bytes, got {len}"),
        });
    }
    let bytes = fs::read(path).map_err(StorageError::io("read", path))?;
    let written_at = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    Ok((bytes, written_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Engine, EngineConfig};
    use crate::source::MemorySource;
    use crate::testing;

    #[test]
    fn a_model_is_loaded_as_it_was_saved_and_refused_if_it_was_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.model");
        let formats = ModelFormats::default();
        assert!(matches!(
            Artefact::load(&path, &formats),
            Err(StorageError::Io { .. })
        ));
        let mut engine = Engine::builder(EngineConfig::default())
            .unwrap()
            .open()
            .unwrap();
        let mut source = MemorySource::new(testing::transactions(7, 3_000));
        engine.run(&mut source).unwrap();
        for name in [
            "linear_model_1",
            "rf_model_window_1",
            "logistic_model_batch_1",
        ] {
            let artefact = engine.registry().get(name).unwrap().artefact.clone();
            artefact.save(&path).unwrap();
            let loaded = Artefact::load(&path, &formats).unwrap();
            assert_eq!(loaded.info, artefact.info);
            assert_eq!(loaded.encode().unwrap(), artefact.encode().unwrap());
            let mut bytes = fs::read(&path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(&path, bytes).unwrap();
            let error = Artefact::load(&path, &formats).unwrap_err().to_string();
            assert!(
                error.contains("a.model is damaged: expected checksum"),
                "{error}"
            );
        }
    }
}

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::StorageError;

/// Who may read the files of a data folder: they hold the ids of customers.
///
/// As text it is `private` (the owner alone, 0600 and 0700 for folders), `group` (0640 and 0750),
/// `umask` (what the process gives any file), or the mode of files in octal, for example `0660`.
/// Folders can be entered by those who may read the files in them. A mode holds for what is made
/// under it, whatever the umask. What is there already keeps its own. Only Unix has modes;
/// elsewhere all of them do as `umask` does.
///
/// ```
/// use retail_core::DataMode;
///
/// assert_eq!(DataMode::default(), DataMode::PRIVATE);
/// assert_eq!("0640".parse(), Ok(DataMode::GROUP));
/// assert!("0666".parse::<DataMode>().is_err(), "anyone could change what is served");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataMode {
    /// The permission bits of files; `None` leaves them to the umask.
    files: Option<u32>,
}

/// A text or number that is no [`DataMode`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected private, group, umask or the mode of files in octal, which the owner can read and \
     write, others cannot write and nobody executes, like 0640; got {got}"
)]
pub struct DataModeError {
    /// What was given.
    pub got: String,
}

/// The owner reads and writes.
const OWNER: u32 = 0o600;

/// All that files may allow.
const MOST: u32 = 0o664;

impl DataMode {
    /// The owner reads and writes; nobody else does either.
    pub const PRIVATE: Self = Self { files: Some(OWNER) };

    /// As private, and the group of the files reads.
    pub const GROUP: Self = Self { files: Some(0o640) };

    /// What the process gives any file that it makes.
    pub const UMASK: Self = Self { files: None };

    /// The mode for files which have these permission bits.
    ///
    /// # Errors
    /// [`DataModeError`] if the owner could not read or write, if others could write, or if anybody
    /// could execute them.
    pub fn of_files(bits: u32) -> Result<Self, DataModeError> {
        if bits & OWNER != OWNER || bits & !MOST != 0 {
            let got = format!("{bits:#o}");
            return Err(DataModeError { got });
        }
        Ok(Self { files: Some(bits) })
    }

    /// The mode of a folder that is there, for those who add to what somebody else keeps in it.
    ///
    /// # Errors
    /// [`StorageError::Io`] if the folder cannot be looked at.
    pub fn of_folder(folder: &Path) -> Result<Self, StorageError> {
        let bits = bits(folder)?;
        let files = bits.map(|bits| bits & MOST | OWNER);
        Ok(Self { files })
    }

    /// Writes bytes under the temporary name beside `path`, for those who keep a file of their own in
    /// a data folder, and returns that name: renamed to `path`, it is there whole or not at all. The
    /// folder is made if need be. An engine removes what a kill left of such files in its `logs`.
    ///
    /// # Errors
    /// [`StorageError::Io`] if it cannot be written.
    pub fn write_temporary(
        self,
        path: &Path,
        bytes: &[u8],
    ) -> Result<std::path::PathBuf, StorageError> {
        if let Some(folder) = path.parent() {
            super::create_dir(folder, self)?;
        }
        super::write_temporary(path, bytes, false, self)
    }

    /// The permission bits of folders.
    fn folders(self) -> Option<u32> {
        self.files.map(|files| files | (files & 0o444) >> 2)
    }

    /// Makes a new file. If the name is taken, that is an error.
    pub(super) fn create_new(self, path: &Path, options: &OpenOptions) -> io::Result<File> {
        let mut options = options.clone();
        options.create_new(true);
        #[cfg(unix)]
        if let Some(files) = self.files {
            use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
            // Nobody has it open by a wider mode than it has in the end.
            let file = options.mode(OWNER).open(path)?;
            if files != OWNER {
                file.set_permissions(fs::Permissions::from_mode(files))?;
            }
            return Ok(file);
        }
        options.open(path)
    }

    /// Makes a folder in one that is there. If somebody else has made it meanwhile, it is theirs.
    pub(super) fn create_folder(self, path: &Path) -> io::Result<()> {
        #[cfg_attr(not(unix), expect(unused_mut, reason = "there is no mode to set"))]
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        if self.files.is_some() {
            use std::os::unix::fs::DirBuilderExt;
            builder.mode(0o700);
        }
        match builder.create(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => {
                return Ok(());
            }
            created => created?,
        }
        #[cfg(unix)]
        if let Some(folders) = self.folders() {
            use std::os::unix::fs::PermissionsExt;
            // With the bits that pass the group on to what is made in the folder.
            let special = fs::metadata(path)?.permissions().mode() & 0o7000;
            fs::set_permissions(path, fs::Permissions::from_mode(special | folders))?;
        }
        Ok(())
    }

    /// The permission bits of a folder, if they allow more than those of this mode do.
    pub(crate) fn exceeded_by(self, folder: &Path) -> Result<Option<u32>, StorageError> {
        let exceeding = |bits: &u32| self.folders().is_some_and(|folders| bits & !folders != 0);
        Ok(bits(folder)?.filter(exceeding))
    }
}

/// The permission bits of what has this name, where the system has some.
#[cfg(unix)]
fn bits(path: &Path) -> Result<Option<u32>, StorageError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).map_err(StorageError::io("look at", path))?;
    Ok(Some(metadata.permissions().mode() & 0o777))
}

#[cfg(not(unix))]
fn bits(path: &Path) -> Result<Option<u32>, StorageError> {
    fs::metadata(path).map_err(StorageError::io("look at", path))?;
    Ok(None)
}

impl Default for DataMode {
    fn default() -> Self {
        Self::PRIVATE
    }
}

impl fmt::Display for DataMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::PRIVATE => f.write_str("private"),
            Self::GROUP => f.write_str("group"),
            Self { files: None } => f.write_str("umask"),
            Self { files: Some(bits) } => write!(f, "{bits:04o}"),
        }
    }
}

impl FromStr for DataMode {
    type Err = DataModeError;

    fn from_str(text: &str) -> Result<Self, DataModeError> {
        let wrong = || DataModeError {
            got: format!("{text:?}"),
        };
        match text {
            "private" => Ok(Self::PRIVATE),
            "group" => Ok(Self::GROUP),
            "umask" => Ok(Self::UMASK),
            _ => {
                let digits = text.strip_prefix("0o").unwrap_or(text);
                if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                    return Err(wrong());
                }
                let bits = u32::from_str_radix(digits, 8).map_err(|_| wrong())?;
                Self::of_files(bits).map_err(|_| wrong())
            }
        }
    }
}

impl Serialize for DataMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DataMode {
    /// From a text, or from a number as `0o640` is one.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = DataMode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("private, group, umask or the mode of files in octal, like 0640")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<DataMode, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, bits: u64) -> Result<DataMode, E> {
                let mode = u32::try_from(bits).ok().map(DataMode::of_files);
                // As it was given: who writes 640 means another number.
                let got = bits.to_string();
                mode.and_then(Result::ok)
                    .ok_or_else(|| E::custom(DataModeError { got }))
            }

            fn visit_i64<E: de::Error>(self, bits: i64) -> Result<DataMode, E> {
                match u64::try_from(bits) {
                    Ok(bits) => self.visit_u64(bits),
                    Err(_) => Err(E::custom(DataModeError {
                        got: bits.to_string(),
                    })),
                }
            }
        }
        deserializer.deserialize_any(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_they_are_written() {
        for (text, files, shown) in [
            ("private", Some(0o600), "private"),
            ("group", Some(0o640), "group"),
            ("umask", None, "umask"),
            ("0600", Some(0o600), "private"),
            ("640", Some(0o640), "group"),
            ("0o660", Some(0o660), "0660"),
            ("0644", Some(0o644), "0644"),
        ] {
            let mode: DataMode = text.parse().unwrap();
            assert_eq!((mode.files, mode.to_string()), (files, shown.to_owned()));
            let json = serde_json::to_string(&mode).unwrap();
            assert_eq!(serde_json::from_str::<DataMode>(&json).unwrap(), mode);
        }
        assert_eq!(
            serde_json::from_str::<DataMode>("416").unwrap(),
            DataMode::GROUP
        );
    }

    #[test]
    fn modes_that_make_no_sense_are_refused_by_name() {
        for text in [
            "",
            "0o",
            "open",
            "Private",
            "0400",
            "0066",
            "0700",
            "0646",
            "0666",
            "4600",
            "+600",
            "0800",
            "99999999999",
        ] {
            let said = text.parse::<DataMode>().unwrap_err().to_string();
            assert!(said.contains("private, group, umask"), "{said}");
            assert!(said.ends_with(&format!("got {text:?}")), "{said}");
        }
        // A decimal number that looks like a mode is none.
        for number in ["640", "-1", "18446744073709551615", "0.5", "true"] {
            let said = serde_json::from_str::<DataMode>(number).unwrap_err();
            let said = said.to_string();
            assert!(said.contains("private, group, umask"), "{said}");
            assert!(said.contains(number), "{said}");
        }
    }

    #[test]
    fn folders_can_be_entered_by_those_who_may_read() {
        for (files, folders) in [
            (0o600, 0o700),
            (0o640, 0o750),
            (0o660, 0o770),
            (0o644, 0o755),
        ] {
            let mode = DataMode::of_files(files).unwrap();
            assert_eq!(mode.folders(), Some(folders));
        }
        assert_eq!(DataMode::UMASK.folders(), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_allows_more_is_noticed() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let allow = |bits| {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(bits)).unwrap();
        };
        let private = DataMode::PRIVATE;
        allow(0o700);
        assert_eq!(private.exceeded_by(dir.path()).unwrap(), None);
        assert_eq!(DataMode::of_folder(dir.path()).unwrap(), private);
        allow(0o750);
        assert_eq!(private.exceeded_by(dir.path()).unwrap(), Some(0o750));
        assert_eq!(DataMode::GROUP.exceeded_by(dir.path()).unwrap(), None);
        assert_eq!(DataMode::UMASK.exceeded_by(dir.path()).unwrap(), None);
        assert_eq!(DataMode::of_folder(dir.path()).unwrap(), DataMode::GROUP);
        // What must not be made is not made because it is there.
        allow(0o777);
        let like = DataMode::of_folder(dir.path()).unwrap();
        assert_eq!(like.to_string(), "0664");
    }
}

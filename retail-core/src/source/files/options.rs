use crate::source::{CsvOptions, VirtualTime};

/// How files are read. [`CsvOptions`], or a [`VirtualTime`], by themselves stand for options with all
/// else by default.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FileOptions {
    /// How CSV is read. The times and the order of dates hold for other forms too.
    pub csv: CsvOptions,
    /// Whether the file grows while it is read. Reading then never ends; see
    /// [`FileSource::follow`](super::FileSource#a-file-that-grows).
    pub follow: bool,
}

impl From<CsvOptions> for FileOptions {
    fn from(csv: CsvOptions) -> Self {
        Self { csv, follow: false }
    }
}

impl From<VirtualTime> for FileOptions {
    fn from(time: VirtualTime) -> Self {
        CsvOptions::from(time).into()
    }
}

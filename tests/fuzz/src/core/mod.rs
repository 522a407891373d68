//! What the core decodes.

mod artefact;
mod batch_file;
mod config;
mod csv;
mod data_dir;
mod files;
mod folder;
mod json_record;
mod registry;
mod resume;
mod rounds;
mod rows;
mod signed;

pub use artefact::ARTEFACT;
pub use batch_file::BATCH_FILE;
pub use config::CONFIG;
pub use csv::CSV;
pub use data_dir::DATA_DIR;
pub use files::FILES;
pub use json_record::JSON_RECORD;
pub use registry::REGISTRY;
pub use resume::RESUME;
pub use rounds::ROUNDS;

pub(crate) use artefact::trained;
pub(crate) use folder::temporary;

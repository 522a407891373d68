//! What an engine can read from Python.

mod kafka;
mod records;

use std::path::{Path, PathBuf};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use pyo3_arrow::PyRecordBatchReader;
use retail_core::source::{
    ArrowSource, CsvOptions, Delimiter, FileOptions, FileSource, Overlap, Source,
};
use retail_core::time::DateOrder;

use self::records::{File, Records};
use crate::error::{Raise, exception};

/// How a source is read.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options {
    date_format: Option<String>,
    delimiter: Option<String>,
    dedup_overlap: bool,
    /// The settings of Kafka, as JSON, if a topic is read.
    kafka: Option<String>,
    /// Whether a topic is read without end.
    #[cfg_attr(
        not(feature = "kafka"),
        expect(dead_code, reason = "there are no topics")
    )]
    follow: bool,
}

impl Options {
    fn csv(&self) -> PyResult<CsvOptions> {
        let dates = self.date_format.as_deref().map(str::parse::<DateOrder>);
        let dates = dates
            .transpose()
            .map_err(|error| named("date_format", &error))?;
        let delimiter = self.delimiter.as_deref().map(str::parse::<Delimiter>);
        let delimiter = delimiter
            .transpose()
            .map_err(|error| named("delimiter", &error))?;
        Ok(CsvOptions {
            dates,
            delimiter,
            ..CsvOptions::default()
        })
    }

    fn wrap<S: Source + 'static>(&self, source: S) -> Box<dyn Source> {
        if self.dedup_overlap {
            Box::new(Overlap::dropping(source))
        } else {
            Box::new(Overlap::warning(source))
        }
    }
}

fn named(what: &str, error: &dyn std::error::Error) -> PyErr {
    PyValueError::new_err(format!("{what}: {error}"))
}

/// The source that a Python object is:
/// - a path, or a list of paths: what they lead to, in any form that the core reads;
/// - an object with `__arrow_c_stream__`: its rows;
/// - an object with `read`: the text that it gives;
/// - a list, or any other iterable, of dicts: a record each.
///
/// With settings of Kafka among the options, it is a topic. The folder is that of the engine which will
/// read.
pub(crate) fn open(
    source: &Bound<'_, PyAny>,
    options: &Options,
    dir: &Path,
) -> PyResult<Box<dyn Source>> {
    let py = source.py();
    if let Some(settings) = &options.kafka {
        return kafka::open(py, settings, options, dir);
    }
    let csv = options.csv()?;
    if let Some(paths) = paths(source)? {
        let files = py.detach(|| FileSource::open(&paths, FileOptions::from(csv)));
        return Ok(options.wrap(files.raise()?));
    }
    if source.hasattr("__arrow_c_stream__")? {
        let reader = source.extract::<PyRecordBatchReader>()?.into_reader()?;
        let schema = reader.schema();
        let table = py.detach(|| {
            let mut batches = reader.collect::<Result<Vec<_>, _>>()?;
            if batches.is_empty() {
                batches.push(arrow_array::RecordBatch::new_empty(schema));
            }
            Ok::<_, arrow_schema::ArrowError>(batches)
        });
        let table = table.map_err(|error| exception(&error))?;
        return Ok(options.wrap(ArrowSource::new(table, csv).raise()?));
    }
    let is_text = source.is_instance_of::<PyString>() || source.is_instance_of::<PyDict>();
    let opened = if source.hasattr("read")? {
        let file = File::new(source.clone().unbind());
        py.detach(|| FileSource::from_reader(file, "the file object", csv))
    } else if let (false, Ok(records)) = (is_text, source.try_iter()) {
        let records = Records::new(records.unbind());
        py.detach(|| FileSource::from_reader(records, "the records", csv))
    } else {
        return Err(PyTypeError::new_err(format!(
            "source: expected a path, paths, a table with __arrow_c_stream__, a file object or an \
             iterable of dicts, got {}",
            source.get_type().name()?
        )));
    };
    Ok(options.wrap(opened.raise()?))
}

/// The paths that an object is, if it is a path or a list of them.
fn paths(source: &Bound<'_, PyAny>) -> PyResult<Option<Vec<PathBuf>>> {
    let is_path = |object: &Bound<'_, PyAny>| -> PyResult<bool> {
        Ok(object.is_instance_of::<PyString>() || object.hasattr("__fspath__")?)
    };
    if is_path(source)? {
        return Ok(Some(vec![source.extract()?]));
    }
    let is_list = source.is_instance_of::<PyList>() || source.is_instance_of::<PyTuple>();
    if !is_list || source.len()? == 0 || !is_path(&source.get_item(0)?)? {
        return Ok(None);
    }
    source.extract().map(Some)
}

//! Records that Python code gives one after another, and texts that it gives piece by piece.

use std::io::{self, Read};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyIterator, PyMapping, PyString};

/// About how many bytes are made at a time, so that the interpreter is free in between.
const CHUNK: usize = 1 << 16;

/// An iterator of dicts as a text with a JSON object on each line.
pub(super) struct Records {
    records: Py<PyIterator>,
    taken: u64,
    text: Vec<u8>,
    given: usize,
    ended: bool,
}

impl Records {
    pub(super) fn new(records: Py<PyIterator>) -> Self {
        Self {
            records,
            taken: 0,
            text: Vec::new(),
            given: 0,
            ended: false,
        }
    }

    fn refill(&mut self) -> PyResult<()> {
        self.text.clear();
        self.given = 0;
        Python::attach(|py| {
            let mut records = self.records.bind(py).clone();
            while self.text.len() < CHUNK {
                let Some(record) = records.next().transpose()? else {
                    self.ended = true;
                    break;
                };
                write_record(&record, self.taken, &mut self.text)?;
                self.taken += 1;
            }
            Ok(())
        })
    }
}

impl Read for Records {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.ended && !out.is_empty() {
            self.refill().map_err(io::Error::other)?;
        }
        let mut rest = self.text.get(self.given..).unwrap_or_default();
        let given = rest.read(out)?;
        self.given += given;
        Ok(given)
    }
}

fn write_record(record: &Bound<'_, PyAny>, number: u64, out: &mut Vec<u8>) -> PyResult<()> {
    let wrong = |what: &str, value: &Bound<'_, PyAny>| -> PyErr {
        let got = value.get_type();
        PyTypeError::new_err(format!("record {number}{what}, got {got}"))
    };
    out.push(b'{');
    let mut is_first = true;
    let mut entry = |key: Bound<'_, PyAny>, value: Bound<'_, PyAny>| -> PyResult<()> {
        let name: String = key
            .extract()
            .map_err(|_| wrong(": expected keys that are texts", &key))?;
        if !std::mem::take(&mut is_first) {
            out.push(b',');
        }
        write_text(&name, out);
        out.push(b':');
        let expected = format!(", {name}: expected a number, a text, a date or None");
        write_value(&value, out).ok_or_else(|| wrong(&expected, &value))
    };
    if let Ok(dict) = record.cast::<PyDict>() {
        dict.iter().try_for_each(|(key, value)| entry(key, value))?;
    } else if let Ok(mapping) = record.cast::<PyMapping>() {
        for item in mapping.items()?.iter() {
            let (key, value) = item.extract()?;
            entry(key, value)?;
        }
    } else {
        return Err(wrong(": expected a dict", record));
    }
    out.extend_from_slice(b"}\n");
    Ok(())
}

/// Appends a value; `None` if JSON has no such value.
fn write_value(value: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> Option<()> {
    let is = |name: &str| value.get_type().name().is_ok_and(|known| known == name);
    if value.is_none() || is("NAType") || is("NaTType") {
        out.extend_from_slice(b"null");
    } else if let Ok(text) = value.cast::<PyString>() {
        write_text(&text.to_string_lossy(), out);
    } else if value.is_instance_of::<PyBool>() {
        let word: &[u8] = if value.is_truthy().ok()? {
            b"true"
        } else {
            b"false"
        };
        out.extend_from_slice(word);
    } else if value.is_instance_of::<PyInt>() {
        out.extend_from_slice(value.str().ok()?.to_string_lossy().as_bytes());
    } else if let Ok(number) = value.cast::<PyFloat>() {
        write_number(number.extract().ok()?, out);
    } else if let Ok(date) = value.call_method0("isoformat") {
        write_text(&date.extract::<String>().ok()?, out);
    } else if is("Decimal") {
        write_text(&value.str().ok()?.to_string_lossy(), out);
    } else if let Ok(plain) = value.call_method0("item") {
        // A scalar of NumPy.
        if plain.get_type().is(value.get_type()) {
            return None;
        }
        write_value(&plain, out)?;
    } else {
        return None;
    }
    Some(())
}

fn write_number(number: f64, out: &mut Vec<u8>) {
    match serde_json::Number::from_f64(number) {
        Some(number) => out.extend_from_slice(number.to_string().as_bytes()),
        // As Python's own encoder writes it.
        None if number.is_nan() => out.extend_from_slice(b"NaN"),
        None if number > 0.0 => out.extend_from_slice(b"Infinity"),
        None => out.extend_from_slice(b"-Infinity"),
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
}

/// A file object of Python, in binary or in text.
pub(super) struct File {
    file: Py<PyAny>,
    text: Vec<u8>,
    given: usize,
}

impl File {
    pub(super) fn new(file: Py<PyAny>) -> Self {
        Self {
            file,
            text: Vec::new(),
            given: 0,
        }
    }

    fn refill(&mut self) -> PyResult<()> {
        Python::attach(|py| {
            let read = self.file.bind(py).call_method1("read", (CHUNK,))?;
            self.text = if let Ok(bytes) = read.cast::<PyBytes>() {
                bytes.as_bytes().to_vec()
            } else if let Ok(text) = read.cast::<PyString>() {
                text.to_string_lossy().into_owned().into_bytes()
            } else {
                let got = read.get_type();
                let said = format!("the file object: expected bytes or text, got {got}");
                return Err(PyTypeError::new_err(said));
            };
            self.given = 0;
            Ok(())
        })
    }
}

impl Read for File {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() && !out.is_empty() {
            self.refill().map_err(io::Error::other)?;
        }
        let mut rest = self.text.get(self.given..).unwrap_or_default();
        let given = rest.read(out)?;
        self.given += given;
        Ok(given)
    }
}

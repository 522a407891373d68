use std::io::{Read, Seek};

use crc32fast::Hasher;

use super::content::{Content, Form};
use crate::source::json::JsonLines;
use crate::source::marks::Part;
use crate::source::{CsvOptions, CsvSource, Dates, Source, SourceError};

/// One of several texts that are read one after another.
pub(super) trait Text: Source {
    fn dates(&self) -> &Dates;

    /// Records of the stream before the next one.
    fn next_offset(&self) -> u64;

    /// The CRC-32 of all of it and those before it. Reading cannot go on afterwards.
    fn sum_all(&mut self) -> Result<Hasher, SourceError>;
}

impl<R: Read + Seek + Send> Text for CsvSource<R> {
    fn dates(&self) -> &Dates {
        self.dates()
    }

    fn next_offset(&self) -> u64 {
        self.next_offset()
    }

    fn sum_all(&mut self) -> Result<Hasher, SourceError> {
        self.sum_all()
    }
}

impl<R: Read + Seek + Send> Text for JsonLines<R> {
    fn dates(&self) -> &Dates {
        self.dates()
    }

    fn next_offset(&self) -> u64 {
        self.next_offset()
    }

    fn sum_all(&mut self) -> Result<Hasher, SourceError> {
        self.sum_all()
    }
}

/// Reads the beginning of a text, as far as needed to know its columns and the order of its dates.
pub(super) fn open(
    content: Content,
    name: &std::path::Path,
    options: CsvOptions,
    part: Part,
) -> Result<Box<dyn Text>, SourceError> {
    let Content {
        reader, size, form, ..
    } = content;
    Ok(match form {
        Form::Csv => Box::new(CsvSource::of_part(reader, size, name, options, part)?),
        #[cfg(any(feature = "excel", feature = "parquet"))]
        Form::Table => {
            let options = CsvOptions {
                delimiter: Some(crate::source::Delimiter::Comma),
                ..options
            };
            Box::new(CsvSource::of_part(reader, size, name, options, part)?.trusted())
        }
        Form::JsonLines => Box::new(JsonLines::of_part(reader, size, name, options, part)?),
    })
}

//! Files that are something else than a CSV.

use crate::source::SourceError;

/// What files of other formats begin with, and what they are.
const FORMATS: [(&[u8], &str); 18] = [
    (b"\x1f\x8b", "gzip data: decompress the file first"),
    (b"\x28\xb5\x2f\xfd", "zstd data: decompress the file first"),
    (b"BZh", "bzip2 data: decompress the file first"),
    (b"\xfd7zXZ\0", "xz data: decompress the file first"),
    (b"\x04\x22\x4d\x18", "lz4 data: decompress the file first"),
    (
        b"PK\x03\x04",
        "a zip archive or an Excel workbook: unpack it, or export the sheet as CSV",
    ),
    (
        b"\xd0\xcf\x11\xe0",
        "an Excel workbook: export the sheet as CSV",
    ),
    (b"PAR1", "a Parquet file: export it as CSV"),
    (b"ARROW1", "an Arrow file: export it as CSV"),
    (b"Obj\x01", "an Avro file: export it as CSV"),
    (b"ORC", "an ORC file: export it as CSV"),
    (
        b"SQLite format 3\0",
        "an SQLite database: export the table as CSV",
    ),
    (b"%PDF", "a PDF"),
    (b"\xff\xfe", "UTF-16 text: convert the file to UTF-8"),
    (b"\xfe\xff", "UTF-16 text: convert the file to UTF-8"),
    (b"<", "HTML or XML"),
    (b"{", "JSON: write one object on each line"),
    (b"[", "JSON: write one object on each line"),
];

/// Says what a file without a usable header is, if its first bytes tell.
pub(super) fn name(error: SourceError, prefix: &[u8]) -> SourceError {
    let text = prefix.trim_ascii_start();
    let known = FORMATS.iter().find(|(magic, _)| text.starts_with(magic));
    let named = match known {
        Some((_, name)) => Some(*name),
        None if prefix.contains(&0) => Some("binary data"),
        None => None,
    };
    match (error, named) {
        (SourceError::Header { path, .. } | SourceError::LineEnds { path }, Some(got)) => {
            SourceError::NotCsv { path, got }
        }
        (error, _) => error,
    }
}

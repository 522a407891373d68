//! The same rows in every form.

use super::*;

/// Reads as much as there is, and gives the error if there is one.
#[cfg(feature = "compressed")]
fn outcome(path: &Path) -> Result<Vec<Read>, SourceError> {
    let mut source = FileSource::open(&[path], VirtualTime::default())?;
    read_some(&mut source, usize::MAX).map(|(_, read)| read)
}

#[test]
fn json_lines_hold_the_same_records() {
    let folder = Folder::new();
    let csv = "1,A,\"an \"\"old\"\" lamp, red\",6,2010-12-01 08:26:00,2.55,17850.0,UK\n\
               2,,,-1,12/31/2010 8:26,0.0,,\n\
               3,A,B,1,2010-12-01 08:27,1.5,0,UK\n";
    let json = "\u{feff}{\"Invoice\": 1, \"StockCode\": \"A\", \"Description\": \"an \\\"old\\\" lamp, red\", \
                \"Quantity\": 6, \"InvoiceDate\": \"2010-12-01T08:26:00\", \"Price\": 2.55, \
                \"Customer ID\": 17850.0, \"Country\": \"UK\"}\r\n\n\
                {\"Invoice\": \"2\", \"StockCode\": \"\", \"Quantity\": \"-1\", \"InvoiceDate\": \
                \"2010-12-31 08:26\", \"Price\": 0, \"Customer ID\": NaN, \"Country\": \"\"}\n\
                {\"Invoice\": \"3\", \"StockCode\": \"A\", \"Description\": \"B\", \"Quantity\": 1, \
                \"InvoiceDate\": 1291191620000, \"Price\": 1.5, \"Customer ID\": 0, \"Country\": \"UK\"}";
    let csv = csv
        .replace("08:27", "08:20:20")
        .replace("12/31/2010 8:26", "2010-12-31 8:26");
    let csv = read_all(&[folder.write("a.csv", HEADER.to_owned() + &csv)]);
    let json = read_all(&[folder.write("a.ndjson", json)]);
    assert_eq!(content(&json), content(&csv));
    assert_eq!(
        json.iter().map(|read| read.1).collect::<Vec<_>>(),
        [1, 3, 4]
    );
}

#[test]
fn lines_that_are_no_records_are_rejected_one_by_one() {
    let folder = Folder::new();
    let good = "{\"invoice\":\"1\",\"stock_code\":\"A\",\"quantity\":1,\"price\":1.5,\
                \"invoice_date\":\"2010-12-01 08:26:00\",\"customer_id\":7}";
    let long = format!("{{\"invoice\":\"{}\"}}", "x".repeat(3 << 20));
    let text = format!("{good}\n{{\n[1]\n{long}\n{good}\n  \n{good}");
    let path = folder.write("a.jsonl", text);
    let read = read_all(&[&path]);
    let kinds: Vec<(u64, bool)> = read.iter().map(|read| (read.1, read.3.is_ok())).collect();
    assert_eq!(
        kinds,
        [
            (1, true),
            (2, false),
            (3, false),
            (4, false),
            (5, true),
            (7, true)
        ]
    );
    let reason = read[3].3.as_ref().unwrap_err().to_string();
    assert!(
        reason.contains("expected a line of at most 1 MiB"),
        "{reason}"
    );
    let mut source = open(&[&path]);
    source.seek(&Position::from([(0, 4)])).unwrap();
    let (_, rest) = read_some(&mut source, usize::MAX).unwrap();
    assert_eq!(content(&rest), content(&read[4..]));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_once() {
    let folder = Folder::new();
    let text = export(3_000);
    let whole = read_all(&[folder.write("whole.csv", &text)]);
    let mut pipes = 0;
    // A new pipe with this content: whoever has read from an old one may do so for a while.
    let mut pipe_with = |content: Vec<u8>| {
        pipes += 1;
        let pipe = folder.path(&format!("pipe{pipes}"));
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let path = pipe.clone();
        // The reader may go away before the end.
        std::thread::spawn(move || drop(fs::write(path, content)));
        pipe
    };
    let mut source = open(&[pipe_with(text.clone().into())]);
    let mut all = Vec::new();
    let mut places = Vec::new();
    loop {
        let (status, read) = read_some(&mut source, 700).unwrap();
        all.extend(read);
        let position = Position::from([(0, all.len() as u64)]);
        let mark = source.mark(&position).unwrap();
        places.push(Place { position, mark });
        if status == ReadStatus::End {
            break;
        }
    }
    assert_eq!(all, whole);
    let error = source.seek(&Position::default()).and_then(|()| {
        read_some(&mut source, 1)?;
        Ok(())
    });
    let error = error.unwrap_err().to_string();
    assert!(error.contains("a pipe cannot be read again"), "{error}");
    // The same data once more: reading goes on behind what was read.
    let mut source = open(&[pipe_with(text.clone().into())]);
    source.resume(&places[..2]).unwrap();
    assert_eq!(
        read_some(&mut source, usize::MAX).unwrap().1,
        whole[1_400..]
    );
    // Other data does not pass for it.
    let other = text.replacen("2.", "3.", 1);
    assert_ne!(other, text);
    let mut source = open(&[pipe_with(other.into())]);
    let error = source.resume(&places[..2]).unwrap_err();
    assert!(matches!(error, SourceError::Changed { .. }), "{error}");
    #[cfg(feature = "compressed")]
    {
        let packed = compressed(text.as_bytes())[0].1.clone();
        let mut source = open(&[pipe_with(packed)]);
        let mut all = Vec::new();
        loop {
            let (status, read) = read_some(&mut source, usize::MAX).unwrap();
            all.extend(read);
            if status == ReadStatus::End {
                break;
            }
        }
        assert_eq!(all, whole);
    }
}

/// A text in every compression: the name of the file, and its bytes.
#[cfg(feature = "compressed")]
fn compressed(text: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    use std::io::Write;

    let (first, second) = text.split_at(text.len() / 2);
    // Two after one another, as `cat a.gz b.gz` makes.
    let gzip: Vec<u8> = [first, second]
        .map(|text| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(text).unwrap();
            gzip.finish().unwrap()
        })
        .concat();
    let zstd = [first, second].map(|text| {
        // Without a checksum, not all damage can be noticed.
        let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
        zstd.include_checksum(true).unwrap();
        zstd.write_all(text).unwrap();
        zstd.finish().unwrap()
    });
    let bzip2 = [first, second].map(|text| {
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(text).unwrap();
        bzip2.finish().unwrap()
    });
    let xz = [first, second].map(|text| {
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(text).unwrap();
        xz.finish().unwrap()
    });
    vec![
        ("a.csv.gz", gzip),
        ("a.csv.zst", zstd.concat()),
        ("a.csv.bz2", bzip2.concat()),
        ("a.csv.xz", xz.concat()),
        (
            "deflated.zip",
            zipped(&[("a.csv", text)], zip::CompressionMethod::Deflated),
        ),
        (
            "stored.zip",
            zipped(&[("a.csv", text)], zip::CompressionMethod::Stored),
        ),
    ]
}

#[cfg(feature = "compressed")]
fn zipped(files: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    use std::io::Write;

    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, content) in files {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[cfg(feature = "compressed")]
#[test]
fn a_compressed_file_holds_the_same_rows() {
    let folder = Folder::new();
    let text = export(2_000);
    let whole = read_all(&[folder.write("whole.csv", &text)]);
    for (name, bytes) in compressed(text.as_bytes()) {
        // The content tells, not the name.
        for name in [name, "data"] {
            let path = folder.write(name, &bytes);
            assert_eq!(read_all(&[&path]), whole, "{name}");
            let mut source = open(&[&path]);
            let places = places(&mut source, 600);
            let progress = source.progress();
            assert_eq!(progress.total, Some(progress.done), "{name}");
            let size = bytes.len() as u64;
            assert!(
                progress.done > size - 200 && progress.done <= size,
                "{name}"
            );
            let mut source = open(&[path]);
            source.resume(&places[..2]).unwrap();
            assert_eq!(
                read_some(&mut source, usize::MAX).unwrap().1,
                whole[1_200..]
            );
            // The same text without the compression is the same stream.
            let mut source = open(&[folder.path("whole.csv")]);
            source.resume(&places[..1]).unwrap();
            assert_eq!(read_some(&mut source, usize::MAX).unwrap().1, whole[600..]);
        }
    }
}

#[cfg(feature = "compressed")]
#[test]
fn compressed_files_keep_the_contract() {
    use crate::testing::{Seeks, source_contract};

    let folder = Folder::new();
    let text = export(40);
    for (name, bytes) in compressed(text.as_bytes()) {
        let path = folder.write(name, bytes);
        source_contract(Seeks::Anywhere, || open(&[&path]));
    }
}

#[cfg(feature = "compressed")]
#[test]
fn a_damaged_or_cut_file_is_an_error_that_names_it() {
    let folder = Folder::new();
    let text = export(400);
    let whole = read_all(&[folder.write("whole.csv", &text)]);
    for (name, bytes) in compressed(text.as_bytes()) {
        for cut in [bytes.len() / 3, bytes.len() - 1] {
            let error = match outcome(&folder.write(name, &bytes[..cut])) {
                Err(error) => error.to_string(),
                // The end of the last bytes of a bzip2 or zstd file says nothing new.
                Ok(read) => panic!("{name} cut at {cut}: {} records", read.len()),
            };
            assert!(error.contains(name), "{error}");
        }
        for at in (4..bytes.len()).step_by(bytes.len() / 60) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            // What is not noticed is not part of the content: a time, a name.
            if let Ok(read) = outcome(&folder.write(name, &flipped)) {
                assert!(read == whole, "{name} with byte {at} flipped");
            }
        }
    }
}

#[cfg(feature = "compressed")]
#[test]
fn an_archive_is_read_like_a_folder() {
    let folder = Folder::new();
    let texts = cut(&export(60), 12);
    let names: Vec<String> = (0..12).map(|n| format!("out/part-{n}.csv")).collect();
    let mut files: Vec<(&str, &[u8])> = names
        .iter()
        .zip(&texts)
        .map(|(name, text)| (name.as_str(), text.as_bytes()))
        .collect();
    files.extend([
        ("__MACOSX/._part-0.csv", &b"?"[..]),
        ("readme.md", b"?"),
        ("out/.hidden.csv", b"?"),
    ]);
    // In no order: that of the names counts.
    files.reverse();
    let path = folder.write("a.zip", zipped(&files, zip::CompressionMethod::Deflated));
    let whole = read_all(&[folder.write("whole.csv", export(60))]);
    assert_eq!(content(&read_all(&[&path])), content(&whole));
    let name = open(&[path]).part_name(10).unwrap();
    assert!(name.ends_with("a.zip[out/part-10.csv]"), "{name}");
    let none = folder.write("none.zip", zipped(&[], zip::CompressionMethod::Stored));
    // An empty archive has no member, and not even the usual first bytes.
    refused(&none);
}

#[cfg(feature = "compressed")]
#[test]
fn formats_that_are_not_read_are_named() {
    use std::io::Write;

    let folder = Folder::new();
    let mut tar = vec![b'x'; 600];
    tar[257..262].copy_from_slice(b"ustar");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    for bytes in [tar, gzip.finish().unwrap()] {
        let error = refused(&folder.write("a.tar", bytes));
        assert!(error.contains("a tar archive: unpack it first"), "{error}");
    }
    let locked = {
        use zip::unstable::write::FileOptionsExt;
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .with_deprecated_encryption(b"secret");
        zip.start_file("a.csv", options.unwrap()).unwrap();
        zip.write_all(b"x").unwrap();
        zip.finish().unwrap().into_inner()
    };
    let error = refused(&folder.write("locked.zip", locked));
    assert!(error.contains("a.csv has a password"), "{error}");
    for (bytes, said) in [
        (&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], "Excel"),
        (b"ORC\x01\x02", "ORC"),
        (b"[{\"Invoice\": 1}]\n", "JSON"),
        (b"<html>", "HTML"),
    ] {
        let error = refused(&folder.write("a.csv", bytes));
        assert!(error.contains(said), "{error}");
    }
}

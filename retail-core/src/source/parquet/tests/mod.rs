mod others;

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray,
    FixedLenByteArrayType, FloatType, Int32Type, Int64Type, Int96, Int96Type,
};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use rand::Rng;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::ParquetText;

type Group<'a, 'b> = SerializedRowGroupWriter<'a, &'b mut Vec<u8>>;

/// A file of these columns, with one row group for each function that writes one.
fn file(
    columns: &str,
    properties: WriterProperties,
    groups: &[&dyn Fn(&mut Group<'_, '_>)],
) -> Vec<u8> {
    let schema = parse_message_type(&format!("message export {{ {columns} }}")).unwrap();
    let mut out = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut out, Arc::new(schema), Arc::new(properties)).unwrap();
    for write in groups {
        let mut group = writer.next_row_group().unwrap();
        write(&mut group);
        group.close().unwrap();
    }
    writer.close().unwrap();
    out
}

fn column<T: DataType>(group: &mut Group<'_, '_>, values: &[T::T], levels: Option<&[i16]>) {
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<T>()
        .write_batch(values, levels, None)
        .unwrap();
    column.close().unwrap();
}

fn plain() -> WriterProperties {
    WriterProperties::builder().build()
}

fn texts(values: &[&str]) -> Vec<ByteArray> {
    values.iter().map(|text| ByteArray::from(*text)).collect()
}

fn text(bytes: Vec<u8>) -> std::io::Result<String> {
    let mut text = String::new();
    ParquetText::new(Bytes::from(bytes))?.read_to_string(&mut text)?;
    Ok(text)
}

/// The text of a file with one column, whose values these are, and none where the level is 0.
fn fields<T: DataType>(of_type: &str, values: &[T::T], levels: &[i16]) -> Vec<String> {
    let bytes = file(
        &format!("OPTIONAL {of_type};"),
        plain(),
        &[&|group| column::<T>(group, values, Some(levels))],
    );
    let text = text(bytes).unwrap();
    text.lines().skip(1).map(ToOwned::to_owned).collect()
}

#[test]
fn numbers_of_all_widths_are_written_as_they_are() {
    assert_eq!(
        fields::<Int32Type>("INT32 x", &[6, -1], &[1, 0, 1]),
        ["6", "", "-1"]
    );
    assert_eq!(
        fields::<Int32Type>("INT32 x (INTEGER(8,true))", &[-6], &[1]),
        ["-6"]
    );
    assert_eq!(
        fields::<Int32Type>("INT32 x (INTEGER(32,false))", &[-1], &[1]),
        ["4294967295"]
    );
    assert_eq!(
        fields::<Int64Type>("INT64 x (INTEGER(64,false))", &[-1], &[1]),
        ["18446744073709551615"]
    );
    assert_eq!(
        fields::<Int64Type>("INT64 x", &[i64::MIN], &[1]),
        ["-9223372036854775808"]
    );
    assert_eq!(
        fields::<DoubleType>("DOUBLE x", &[17_850.0, 2.55, 1e-7, f64::NAN], &[1; 4]),
        ["17850", "2.55", "0.0000001", "NaN"]
    );
    assert_eq!(
        fields::<FloatType>("FLOAT x", &[2.55, 17_850.0], &[1; 2]),
        ["2.55", "17850"]
    );
    assert_eq!(
        fields::<BoolType>("BOOLEAN x", &[true, false], &[1; 2]),
        ["true", "false"]
    );
}

#[test]
fn decimals_have_their_point_and_no_zeros_behind() {
    assert_eq!(
        fields::<Int32Type>("INT32 x (DECIMAL(9,3))", &[2_550, -5, 4_000, 0], &[1; 4]),
        ["2.55", "-0.005", "4", "0"]
    );
    assert_eq!(
        fields::<Int64Type>("INT64 x (DECIMAL(18,0))", &[17_850], &[1]),
        ["17850"]
    );
    let fixed = |value: i128| FixedLenByteArray::from(value.to_be_bytes().to_vec());
    assert_eq!(
        fields::<FixedLenByteArrayType>(
            "FIXED_LEN_BYTE_ARRAY(16) x (DECIMAL(38,2))",
            &[fixed(255), fixed(-255), fixed(i128::MAX)],
            &[1; 3]
        ),
        ["2.55", "-2.55", "1701411834604692317316873037158841057.27"]
    );
    let bytes = |bytes: &[u8]| ByteArray::from(bytes);
    let wide = [&[0xff; 20][..], &[0x01]].concat();
    assert_eq!(
        fields::<ByteArrayType>(
            "BYTE_ARRAY x (DECIMAL(50,2))",
            &[bytes(&[0xff]), bytes(&[0, 0xff]), bytes(&[]), bytes(&wide)],
            &[1; 4]
        ),
        ["-0.01", "2.55", "0", "-2.55"]
    );
    let too_wide = [&[0x01][..], &[0; 16]].concat();
    let bytes = file(
        "REQUIRED BYTE_ARRAY Price (DECIMAL(50,2));",
        plain(),
        &[&|group| column::<ByteArrayType>(group, &[bytes(&too_wide)], None)],
    );
    let said = text(bytes).unwrap_err().to_string();
    assert_eq!(
        said,
        "row group 1, column Price: a decimal number has more than 38 digits"
    );
}

#[test]
fn times_of_any_unit_are_dates_as_text_has_them() {
    let seconds = 1_291_191_960_i64;
    let written = "2010-12-01 08:26:00";
    for (of_type, factor) in [
        ("INT64 x (TIMESTAMP(MILLIS,false))", 1_000),
        ("INT64 x (TIMESTAMP(MICROS,false))", 1_000_000),
        ("INT64 x (TIMESTAMP(NANOS,false))", 1_000_000_000),
        ("INT64 x (TIMESTAMP(NANOS,true))", 1_000_000_000),
        ("INT64 x (TIMESTAMP_MILLIS)", 1_000),
        ("INT64 x (TIMESTAMP_MICROS)", 1_000_000),
    ] {
        let values = [seconds * factor, seconds * factor + 1];
        let fields = fields::<Int64Type>(of_type, &values, &[1, 0, 1]);
        let micros = 1_000_000 / factor;
        let later = match micros {
            0 => written.to_owned(),
            micros => format!("{written}.{micros:06}"),
        };
        assert_eq!(fields, [written, "", later.as_str()], "{of_type}");
    }
    assert_eq!(
        fields::<Int32Type>("INT32 x (DATE)", &[14_944, -1], &[1; 2]),
        ["2010-12-01 00:00:00", "1969-12-31 00:00:00"]
    );
    let mut legacy = Int96::new();
    let nanos = 30_360_000_000_000_u64;
    legacy.set_data(nanos as u32, (nanos >> 32) as u32, 2_440_588 + 14_944);
    assert_eq!(fields::<Int96Type>("INT96 x", &[legacy], &[1]), [written]);
}

#[test]
fn times_that_no_text_can_say_are_no_dates() {
    for (of_type, value, expected) in [
        (
            "INT64 x (TIMESTAMP(MILLIS,false))",
            i64::MAX,
            "9223372036854775807 ms since 1970",
        ),
        (
            "INT64 x (TIMESTAMP(MICROS,false))",
            253_402_300_800_000_000,
            "253402300800000000 µs since 1970",
        ),
    ] {
        assert_eq!(fields::<Int64Type>(of_type, &[value], &[1]), [expected]);
    }
    assert_eq!(
        fields::<Int32Type>("INT32 x (DATE)", &[i32::MAX], &[1]),
        ["2147483647 days since 1970"]
    );
}

#[test]
fn texts_and_names_are_quoted_if_they_have_to_be() {
    let values = texts(&["a,b", "say \"a\"", "", "two\nlines", "plain"]);
    let bytes = file(
        "OPTIONAL BYTE_ARRAY Description (STRING); REQUIRED BYTE_ARRAY raw;",
        plain(),
        &[&|group| {
            column::<ByteArrayType>(group, &values, Some(&[1, 1, 1, 0, 1, 1]));
            let latin1 = vec![ByteArray::from(&b"CAF\xc9"[..].to_vec()[..]); 6];
            column::<ByteArrayType>(group, &latin1, None);
        }],
    );
    let mut text = Vec::new();
    ParquetText::new(Bytes::from(bytes))
        .unwrap()
        .read_to_end(&mut text)
        .unwrap();
    let expected =
        b"Description,raw\n\"a,b\",CAF\xc9\n\"say \"\"a\"\"\",CAF\xc9\n,CAF\xc9\n,CAF\xc9\n\
        \"two\nlines\",CAF\xc9\nplain,CAF\xc9\n";
    assert_eq!(
        String::from_utf8_lossy(&text),
        String::from_utf8_lossy(expected)
    );
}

#[test]
fn columns_that_nobody_needs_are_left_out_and_needed_ones_are_named() {
    let columns = |name: &str| {
        format!("REQUIRED INT32 a; REQUIRED GROUP {name} {{ REQUIRED INT32 b; REPEATED INT32 c; }}")
    };
    let write: &dyn Fn(&mut Group<'_, '_>) = &|group| {
        column::<Int32Type>(group, &[1, 2], None);
        column::<Int32Type>(group, &[3, 4], None);
        let mut column = group.next_column().unwrap().unwrap();
        let typed = column.typed::<Int32Type>();
        typed
            .write_batch(&[5, 6, 7], Some(&[1, 1, 1]), Some(&[0, 1, 0]))
            .unwrap();
        column.close().unwrap();
    };
    let other = file(&columns("other"), plain(), &[write]);
    assert_eq!(text(other).unwrap(), "a\n1\n2\n");
    let needed = file(&columns("Country"), plain(), &[write]);
    assert_eq!(
        text(needed).unwrap_err().to_string(),
        "column Country: expected numbers, dates or texts, got a nested type; write it again as one \
         of these"
    );
    let time = file(
        "REQUIRED INT32 InvoiceDate (TIME(MILLIS,true));",
        plain(),
        &[&|group| column::<Int32Type>(group, &[1], None)],
    );
    let said = text(time).unwrap_err().to_string();
    assert!(said.starts_with("column InvoiceDate: expected"), "{said}");
    let nothing = file("REQUIRED INT32 x (TIME(MILLIS,true));", plain(), &[]);
    let said = text(nothing).unwrap_err().to_string();
    assert_eq!(
        said,
        "expected columns of numbers, dates or texts, got none"
    );
}

/// A file of many row groups and pages, with dictionaries and without.
fn export(properties: WriterProperties) -> Vec<u8> {
    let group: &dyn Fn(&mut Group<'_, '_>) = &|group| {
        let rows = 0..1_500;
        let invoices: Vec<ByteArray> = rows
            .clone()
            .map(|row| ByteArray::from(format!("{}", 536_365 + row).as_str()))
            .collect();
        column::<ByteArrayType>(group, &invoices, None);
        let prices: Vec<f64> = rows.clone().map(|row| f64::from(row % 10) / 4.0).collect();
        column::<DoubleType>(group, &prices, None);
        let levels: Vec<i16> = rows.clone().map(|row| i16::from(row % 3 > 0)).collect();
        let known = rows.filter(|row| row % 3 > 0);
        let customers: Vec<i64> = known.map(|row| 12_346 + i64::from(row)).collect();
        column::<Int64Type>(group, &customers, Some(&levels));
    };
    file(
        "REQUIRED BYTE_ARRAY Invoice (STRING); REQUIRED DOUBLE Price; OPTIONAL INT64 CustomerID;",
        properties,
        &[
            group,
            &|group| {
                column::<ByteArrayType>(group, &[], None);
                column::<DoubleType>(group, &[], None);
                column::<Int64Type>(group, &[], Some(&[]));
            },
            group,
        ],
    )
}

fn expected_export() -> String {
    let row = |row: u32| {
        let price = f64::from(row % 10) / 4.0;
        let customer = match row % 3 {
            0 => String::new(),
            _ => (12_346 + row).to_string(),
        };
        format!("{},{price},{customer}\n", 536_365 + row)
    };
    let rows: String = (0..1_500).map(row).collect();
    format!("Invoice,Price,CustomerID\n{rows}{rows}")
}

/// The ways in which others write files.
fn ways() -> Vec<WriterProperties> {
    let mut ways = Vec::new();
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ] {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let builder = WriterProperties::builder()
                .set_compression(compression)
                .set_writer_version(version)
                .set_dictionary_enabled(version == WriterVersion::PARQUET_1_0)
                .set_data_page_row_count_limit(400)
                .set_write_batch_size(100);
            ways.push(builder.build());
        }
    }
    ways
}

#[test]
fn every_compression_encoding_and_kind_of_page_gives_the_same_text() {
    let expected = expected_export();
    for properties in ways() {
        let said = format!("{properties:?}");
        assert!(text(export(properties)).unwrap() == expected, "{said}");
    }
}

#[test]
fn reading_in_small_pieces_gives_the_same_text() {
    let bytes = Bytes::from(export(plain()));
    let mut text = ParquetText::new(bytes).unwrap();
    let (mut all, mut piece) = (Vec::new(), [0; 7]);
    assert_eq!(text.read(&mut []).unwrap(), 0);
    loop {
        match text.read(&mut piece).unwrap() {
            0 => break,
            given => all.extend_from_slice(&piece[..given]),
        }
    }
    assert!(all == expected_export().into_bytes());
    assert_eq!(text.read(&mut piece).unwrap(), 0);
}

#[test]
fn an_error_stays() {
    let gzip = Compression::GZIP(GzipLevel::default());
    let mut bytes = export(WriterProperties::builder().set_compression(gzip).build());
    // The middle of a column of the last row group.
    let at = bytes.len() / 2 + bytes.len() / 4;
    for byte in &mut bytes[at..at + 40] {
        *byte ^= 0xff;
    }
    let mut text = ParquetText::new(Bytes::from(bytes)).unwrap();
    let mut all = Vec::new();
    let first = text.read_to_end(&mut all).unwrap_err();
    assert_eq!(first.kind(), ErrorKind::InvalidData);
    assert!(
        first.to_string().starts_with("row group 3, column "),
        "{first}"
    );
    let again = text.read_to_end(&mut all).unwrap_err();
    assert_eq!(again.to_string(), first.to_string());
    assert!(all.starts_with(b"Invoice,Price,CustomerID\n536365,0,\n"));
}

#[test]
fn bytes_changed_and_cut_at_random_end_in_an_error_or_other_text_never_in_a_panic() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(42);
    let expected = expected_export().len();
    for properties in ways() {
        let whole = export(properties);
        for _ in 0..100 {
            let mut bytes = whole.clone();
            for _ in 0..random.gen_range(1..4) {
                // Most numbers by which memory is reserved stand at the end.
                let from = if random.gen_bool(0.5) {
                    0
                } else {
                    bytes.len().saturating_sub(600)
                };
                let at = random.gen_range(from..bytes.len());
                bytes[at] ^= 1 << random.gen_range(0..8);
            }
            if random.gen_bool(0.2) {
                bytes.truncate(random.gen_range(0..whole.len()));
            }
            let Ok(mut text) = ParquetText::new(Bytes::from(bytes)) else {
                continue;
            };
            let mut all = Vec::new();
            let _ = text
                .by_ref()
                .take(100 * expected as u64)
                .read_to_end(&mut all);
        }
    }
}

#[test]
fn a_file_on_disk_gives_the_same_text() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&export(plain())).unwrap();
    let mut text = String::new();
    ParquetText::open(file)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert!(text == expected_export());
}

#[test]
fn what_is_no_parquet_file_says_so() {
    for bytes in [&b""[..], b"PAR1", b"Invoice,Price\n1,2\n", b"PAR1PAR1PAR1"] {
        let error = text(bytes.to_vec()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(
            error.to_string().starts_with("not a whole Parquet file: "),
            "{error}"
        );
    }
}

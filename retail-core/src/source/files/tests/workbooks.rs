//! Excel workbooks.

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};

use super::*;

/// Writes rows of a CSV to a sheet in the types that Excel gives them.
fn fill(sheet: &mut Worksheet, text: &str) {
    let date = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    for (row, record) in reader.records().enumerate() {
        let (row, record) = (row as u32, record.unwrap());
        for (column, field) in record.iter().enumerate() {
            let at = column as u16;
            if let Ok(time) = ExcelDateTime::parse_from_str(field)
                && column == 4
            {
                sheet.write_with_format(row, at, &time, &date).unwrap();
            } else if let Ok(number) = field.parse::<f64>()
                && row > 0
            {
                sheet.write(row, at, number).unwrap();
            } else if !field.is_empty() {
                sheet.write(row, at, field).unwrap();
            }
        }
    }
}

fn saved(mut workbook: Workbook) -> Vec<u8> {
    workbook.save_to_buffer().unwrap()
}

#[test]
fn all_sheets_are_read_in_order() {
    let folder = Folder::new();
    let params = SyntheticSource::params().rows(500).check().unwrap();
    let mut text = Vec::new();
    write_csv(&params, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let texts = cut(&text, 2);
    let mut workbook = Workbook::new();
    let notes = workbook.add_worksheet().set_name("Notes").unwrap();
    notes.write(0, 0, "Exported on Monday").unwrap();
    for (name, text) in ["Year 2009-2010", "Year 2010-2011"].iter().zip(&texts) {
        fill(workbook.add_worksheet().set_name(*name).unwrap(), text);
    }
    let bytes = saved(workbook);
    let path = folder.write("retail.xlsx", &bytes);
    let whole = read_all(&[folder.write("whole.csv", &text)]);
    let read = read_all(&[&path]);
    assert_eq!(content(&read), content(&whole));
    assert_eq!((read[0].0, read[0].1), (0, 2));
    assert_eq!((read[250].0, read[250].1), (1, 2));
    let name = open(&[&path]).part_name(1).unwrap();
    assert!(name.ends_with("retail.xlsx[Year 2010-2011]"), "{name}");
    // As the archive publishes it, and from every place.
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("retail.xlsx", options).unwrap();
    std::io::Write::write_all(&mut zip, &bytes).unwrap();
    let packed = folder.write("retail.zip", zip.finish().unwrap().into_inner());
    assert_eq!(read_all(&[packed]), read);
    let places = places(&mut open(&[&path]), 130);
    for (index, place) in places.iter().enumerate() {
        let mut source = open(&[&path]);
        source.resume(&places[..=index]).unwrap();
        let (_, rest) = read_some(&mut source, usize::MAX).unwrap();
        assert_eq!(rest, read[place.position.next_offset(0) as usize..]);
    }
}

#[test]
fn lines_are_the_rows_of_the_sheet() {
    let folder = Folder::new();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let header = HEADER.trim_end().split(',');
    // A table that begins in C3, with a note behind it.
    for (column, name) in header.enumerate() {
        sheet.write(2, column as u16 + 2, name).unwrap();
    }
    let date = Format::new().set_num_format("dd/mm/yyyy hh:mm");
    for row in [3, 4, 7, 8] {
        let time = ExcelDateTime::parse_from_str("2010-12-01 08:26:07").unwrap();
        sheet.write(row, 2, 536_365).unwrap();
        sheet.write(row, 3, "85123A").unwrap();
        sheet.write(row, 4, "a \"lamp\",\nin two lines").unwrap();
        sheet.write(row, 5, 6).unwrap();
        sheet.write_with_format(row, 6, &time, &date).unwrap();
        sheet.write(row, 7, 2.55).unwrap();
        sheet.write(row, 8, 17_850).unwrap();
    }
    sheet.write(7, 5, "six").unwrap();
    sheet.write(8, 12, "a note").unwrap();
    let read = read_all(&[folder.write("a.xlsx", saved(workbook))]);
    let lines: Vec<u64> = read.iter().map(|read| read.1).collect();
    assert_eq!(lines, [4, 5, 8, 9]);
    let record = read[1].3.as_ref().unwrap();
    assert_eq!(record.invoice, "536365");
    assert_eq!(record.description, "a \"lamp\",\nin two lines");
    assert_eq!(record.invoice_date.to_string(), "2010-12-01T08:26:07");
    assert_eq!(record.price.to_bits(), 2.55_f64.to_bits());
    assert_eq!(record.customer_id, Some(17_850));
    let six = read[2].3.as_ref().unwrap_err().to_string();
    assert!(
        six.starts_with("quantity: ") && six.contains("six"),
        "{six}"
    );
    let note = read[3].3.as_ref().unwrap_err();
    assert_eq!(note.key(), "wrong_column_count");
}

#[test]
fn every_minute_of_a_day_is_that_minute() {
    let folder = Folder::new();
    let minutes = (0..1_440).map(|minute| format!("{:02}:{:02}:00", minute / 60, minute % 60));
    let rows = minutes.map(|time| format!("1,A,B,1,2011-07-31 {time},1.5,7,UK\n"));
    let text = HEADER.to_owned() + &rows.collect::<String>();
    let mut workbook = Workbook::new();
    fill(workbook.add_worksheet(), &text);
    let csv = read_all(&[folder.write("a.csv", &text)]);
    assert_eq!(read_all(&[folder.write("a.xlsx", saved(workbook))]), csv);
}

#[test]
fn a_workbook_without_a_table_says_what_is_missing() {
    let folder = Folder::new();
    let mut workbook = Workbook::new();
    workbook.add_worksheet().write(0, 0, "Invoice").unwrap();
    let error = refused(&folder.write("a.xlsx", saved(workbook)));
    assert!(error.contains("a.xlsx[Sheet1]"), "{error}");
    assert!(error.contains("missing Quantity"), "{error}");
    let mut workbook = Workbook::new();
    workbook.add_worksheet();
    refused(&folder.write("b.xlsx", saved(workbook)));
}

#[test]
fn damage_is_an_error() {
    let folder = Folder::new();
    let mut workbook = Workbook::new();
    let params = SyntheticSource::params().rows(50).check().unwrap();
    let mut text = Vec::new();
    write_csv(&params, &mut text).unwrap();
    fill(
        workbook.add_worksheet(),
        std::str::from_utf8(&text).unwrap(),
    );
    let bytes = saved(workbook);
    let whole = read_all(&[folder.write("a.xlsx", &bytes)]);
    for at in (0..bytes.len()).step_by(7) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        for bytes in [&flipped[..], &bytes[..at]] {
            let path = folder.write("b.xlsx", bytes);
            let Ok(mut source) = FileSource::open(&[path], VirtualTime::default()) else {
                continue;
            };
            let Ok((_, read)) = read_some(&mut source, usize::MAX) else {
                continue;
            };
            // The checksums within the file cover its content.
            assert!(content(&read) == content(&whole), "byte {at}");
        }
    }
}

//! Forms of CSV that other programs and countries write.

use super::*;

/// What is read of the usual form.
fn usual() -> Vec<Read> {
    read_all(format!("{HEADER}\n{ROW}\n"))
}

#[test]
fn the_delimiter_is_found_from_the_header() {
    let text = format!("{HEADER}\n{ROW}\n");
    for (delimiter, character) in [
        (Delimiter::Comma, ","),
        (Delimiter::Semicolon, ";"),
        (Delimiter::Tab, "\t"),
        (Delimiter::Pipe, "|"),
    ] {
        for before in ["", "\u{feff}", "\n\r\n"] {
            let file = file(format!("{before}{}", text.replace(',', character)));
            let mut source = open(&file);
            assert_eq!(source.delimiter(), delimiter);
            let lines = before.matches('\n').count() as u64;
            let expected: Vec<Read> = usual()
                .into_iter()
                .map(|(offset, line, row)| (offset, line.map(|line| line + lines), row))
                .collect();
            assert_eq!(read_some(&mut source, 9).1, expected, "{delimiter}");
        }
        for name in [delimiter.name(), character] {
            assert_eq!(name.parse(), Ok(delimiter));
        }
    }
    assert!("colon".parse::<Delimiter>().is_err());
    // Quotes in the header, and other delimiters in fields.
    let names: Vec<String> = HEADER
        .split(',')
        .map(|name| format!("\"{name}\""))
        .collect();
    let row = "536365;85123A;\"T-LIGHT; HOLDER, A|B\";6;2010-12-01 08:26:00;2.55;17850.0;France";
    let read = read_all(format!("{}\n{row}\n", names.join(";")));
    let row = read[0].2.as_ref().unwrap();
    assert_eq!(row.description, "T-LIGHT; HOLDER, A|B");
}

#[test]
fn a_delimiter_that_is_given_wins() {
    let file = file(format!("{HEADER}\n{ROW}\n"));
    let options = CsvOptions {
        delimiter: Some(Delimiter::Tab),
        ..CsvOptions::default()
    };
    assert!(matches!(
        CsvSource::open(file.path(), options),
        Err(SourceError::Header { .. })
    ));
}

#[test]
fn with_semicolons_numbers_may_have_a_decimal_comma() {
    let header = HEADER.replace(',', ";");
    let with = |row: &str| read_all(format!("{header}\n{row}\n")).remove(0).2;
    let expected = usual().remove(0).2.unwrap();
    let row = "536365;85123A;T-LIGHT HOLDER;6,0;2010-12-01 08:26:00;2,55;17850,0;United Kingdom";
    assert_eq!(with(row), Ok(expected));
    // Which of two signs is the decimal one cannot be known.
    for price in ["1.234,56", "1,234,56", "1,234.56"] {
        let reason = with(&row.replace("2,55", price)).unwrap_err();
        assert!(
            reason.to_string().starts_with("price: "),
            "{price}: {reason}"
        );
    }
    // With commas between fields there is no decimal comma.
    let quoted = ROW.replace("2.55", "\"2,55\"");
    assert!(read_all(format!("{HEADER}\n{quoted}\n"))[0].2.is_err());
}

#[test]
fn columns_of_which_nothing_is_learned_may_be_missing() {
    let header = "Invoice,Quantity,InvoiceDate,Price,Customer ID";
    let row = "536365,6,2010-12-01 08:26:00,2.55,17850";
    let odd = "536365, 6 ,2010-12-01 08:26:00,2.55,17850";
    let full = usual().remove(0).2.unwrap();
    let expected = Transaction {
        stock_code: String::new(),
        description: String::new(),
        country: String::new(),
        ..full
    };
    for row in [row, odd] {
        let read = read_all(format!("{header}\n{row}\n"));
        assert_eq!(read[0].2, Ok(expected.clone()));
    }
}

#[test]
fn a_comma_at_the_end_of_a_line_is_not_a_column() {
    for (header, row) in [
        (HEADER.to_owned(), format!("{ROW},")),
        (format!("{HEADER},"), format!("{ROW},")),
        (format!("{HEADER},"), ROW.to_owned()),
        (HEADER.to_owned(), format!("{ROW}, ")),
    ] {
        for end in ["\n", "\r\n"] {
            let read = read_all(format!("{header}{end}{row}{end}"));
            assert_eq!(read, usual(), "{header} {row}");
        }
    }
    let spanning = ROW.replace("T-LIGHT HOLDER", "\"T-LIGHT\nHOLDER\"");
    let read = read_all(format!("{HEADER}\n{spanning},\n{ROW},x\n{ROW},,\n"));
    assert_eq!(read[0].2.as_ref().unwrap().description, "T-LIGHT\nHOLDER");
    for (_, _, wrong) in &read[1..] {
        assert!(matches!(wrong, Err(RejectReason::WrongColumnCount { .. })));
    }
    // The order of dates is found in such rows, too.
    let day_first = ROW.replace("2010-12-01", "13/12/2010");
    let file = file(format!("{HEADER}\n{day_first},\n"));
    assert_eq!(open(&file).dates().order, DateOrder::DayFirst);
}

#[test]
fn lines_that_end_with_carriage_returns_alone_are_named() {
    let error = refused(format!("{HEADER}\r{ROW}\r{ROW}\r"));
    assert!(matches!(error, SourceError::LineEnds { .. }), "{error}");
    assert!(error.to_string().contains("CR only"), "{error}");
}

use super::*;

#[test]
fn headers_of_both_exports_and_of_batch_files_are_read() {
    let expected = only(ROW).unwrap();
    for (header, row) in [
        (
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
            "536365,85123A,T-LIGHT HOLDER,6,12/1/2010 8:26,2.55,17850,United Kingdom",
        ),
        (
            "invoice,stock_code,description,quantity,invoice_date,price,customer_id,country,\
             timestamp",
            "536365,85123A,T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom,\
             1970-01-01T00:00:00.000000",
        ),
        (
            "Country, CUSTOMER ID ,unit price,extra,INVOICE_NO,stock code,Description,Quantity,\
             Invoice Date,",
            "United Kingdom,17850.0,2.55,?, 536365,85123A ,T-LIGHT HOLDER,6.0,\
             2010-12-01T08:26:00,",
        ),
    ] {
        let read = read_all(format!("{header}\n{row}\n"));
        assert_eq!(read, [(0, Some(2), Ok(expected.clone()))], "{header}");
    }
}

#[test]
fn a_missing_column_is_named() {
    let error = refused("Invoice,StockCode,Description,Quantity,When,Amount,Country\n1,2\n");
    let SourceError::Header { missing, got, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(
        missing[..],
        ["InvoiceDate", "Price|UnitPrice", "Customer ID|CustomerID"]
    );
    assert_eq!(
        got,
        "Invoice,StockCode,Description,Quantity,When,Amount,Country"
    );
}

#[test]
fn a_column_named_twice_is_refused() {
    for twice in ["unit_price", "PRICE"] {
        let error = refused(format!("{HEADER},{twice}\n"));
        assert!(
            matches!(&error, SourceError::DuplicateColumn { column, .. } if column == "Price|UnitPrice"),
            "{error}"
        );
    }
}

#[test]
fn what_is_not_csv_is_named() {
    for (content, named) in [
        (&b"\x1f\x8b\x08\0\0\0\0\0"[..], "got gzip data"),
        (b"PK\x03\x04\x14\0", "Excel workbook"),
        (b"\xff\xfeI\0n\0v\0", "UTF-16"),
        (b"BZh91AY&SY", "bzip2"),
        (b"\xfd7zXZ\0\0", "xz data"),
        (b"PAR1\x15\x04\rx", "Parquet"),
        (b"\xd0\xcf\x11\xe0\xa1", "Excel workbook"),
        (b" \n<!DOCTYPE html>", "HTML"),
        (b"[{\"Invoice\": 1}]", "JSON"),
        (b"\x7fELF\x02\0", "binary data"),
        (b"", "missing Invoice|InvoiceNo, Quantity"),
        (b"\n\n\r\n", "missing Invoice|InvoiceNo, Quantity"),
        (&[0; 4096], "binary data"),
        (&[b'"'; 100], "missing Invoice|InvoiceNo, Quantity"),
        (&[0; (1 << 20) + 2], "longer than 1 MiB"),
    ] {
        let error = refused(content);
        assert!(error.to_string().contains(named), "{error}");
        assert!(error.to_string().len() < 1_000);
        assert!(!error.to_string().contains('\0'));
    }
}

#[test]
fn what_is_not_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for path in [
        folder.path(),
        Path::new("/dev/null"),
        &folder.path().join("no"),
    ] {
        let opened = CsvSource::open(path, VirtualTime::default());
        assert!(matches!(opened, Err(SourceError::Io { path: named, .. }) if named == path));
    }
}

#[test]
fn a_header_alone_is_an_empty_stream() {
    assert_eq!(read_all(HEADER), []);
    assert_eq!(read_all(format!("{HEADER}\r\n\r\n")), []);
}

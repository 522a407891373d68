use std::io::{self, Cursor, Read, Seek, SeekFrom};

use retail_core::batch::encode_csv;
use retail_core::record::Transactions;
use retail_core::source::{
    CsvOptions, CsvSource, JsonDecoder, JsonEncoder, Position, Source, SourceError, VirtualTime,
};
use retail_core::time::{DateOrder, Timestamp};

use super::rows::{self, read_all};
use crate::Target;
use crate::input::choices;

/// CSV. However the bytes arrive, and wherever reading pauses or begins again, the records are the same; those
/// that are kept can be written, as CSV and as JSON, and read again.
///
/// The first byte chooses a header and an order of dates, the second one how many bytes arrive at a time.
pub const CSV: Target = Target {
    name: "csv",
    check,
    seeds,
};

const HEADERS: [&str; 6] = [
    "",
    "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n",
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n",
    "invoice,stock_code,description,quantity,invoice_date,price,customer_id,country,timestamp\n",
    "Invoice;Quantity;InvoiceDate;Price;Customer ID\n",
    "Quantity\tPrice\tInvoice\tInvoiceDate\tCustomer ID\tColour\tDescription\n",
];

const ORDERS: [Option<DateOrder>; 4] = [
    None,
    Some(DateOrder::MonthFirst),
    Some(DateOrder::DayFirst),
    Some(DateOrder::YearFirst),
];

fn check(data: &[u8]) -> bool {
    let Some(([form, most], text)) = choices(data) else {
        return false;
    };
    let header = HEADERS[usize::from(form) % HEADERS.len()].as_bytes();
    let options = CsvOptions {
        dates: ORDERS[usize::from(form) / HEADERS.len() % ORDERS.len()],
        ..CsvOptions::default()
    };
    let text = [header, text].concat();
    let opened = open(Cursor::new(&text), options);
    let chunked = Chunks {
        inner: Cursor::new(&text),
        most: 1 + usize::from(most),
    };
    let all = match (opened, open(chunked, options)) {
        (Ok(mut whole), Ok(mut chunked)) => {
            let all = read_all(&mut whole, usize::MAX);
            assert_eq!(read_all(&mut chunked, 1), all, "in chunks, with pauses");
            begins_again_anywhere(&text, options, &all);
            all
        }
        // What else it may be is told from the bytes that arrive first.
        (Err(_), Err(_)) => return false,
        (whole, chunked) => panic!("{:?}, in chunks {:?}", whole.err(), chunked.err()),
    };
    let kept = all.kept();
    is_read_again_from_csv(&kept);
    are_read_again_from_json(&kept);
    !kept.is_empty()
}

fn open<R: Read + Seek>(reader: R, options: CsvOptions) -> Result<CsvSource<R>, SourceError> {
    CsvSource::from_reader(reader, "fuzz.csv", options)
}

fn begins_again_anywhere(text: &[u8], options: CsvOptions, all: &rows::Read) {
    let middle = all.rows.len() / 2;
    let mut source = open(Cursor::new(text), options).expect("as before");
    match source.seek(&Position::from([(0, middle as u64)])) {
        Ok(()) => {
            let rest = read_all(&mut source, usize::MAX);
            assert_eq!(rest.rows, all.rows[middle..], "from {middle}");
            assert_eq!(rest.error, all.error);
        }
        Err(error) => assert_eq!(Some(error.to_string()), all.error),
    }
}

pub(super) fn is_read_again_from_csv(kept: &Transactions) {
    let mut written = Vec::new();
    encode_csv(kept, &mut written);
    let options = CsvOptions {
        dates: Some(DateOrder::YearFirst),
        time: VirtualTime::default(),
        delimiter: None,
    };
    let mut source = open(Cursor::new(&written), options).expect("a header");
    let again = read_all(&mut source, usize::MAX);
    assert_eq!(again.error, None);
    for (_, record) in &again.rows {
        assert!(
            record.is_ok(),
            "{record:?} of {}",
            String::from_utf8_lossy(&written)
        );
    }
    let again = again.kept();
    assert!(
        again.iter().eq(kept.iter()),
        "{}",
        String::from_utf8_lossy(&written)
    );
}

pub(super) fn are_read_again_from_json(kept: &Transactions) {
    let (mut encoder, mut decoder) = (JsonEncoder::new(), JsonDecoder::new());
    let mut value = Vec::new();
    for row in kept.iter() {
        value.clear();
        encoder.encode(&row, &mut value);
        let text = String::from_utf8_lossy(&value);
        assert_eq!(decoder.decode(&value, Timestamp::MIN), Ok(row), "{text}");
    }
}

/// Bytes that arrive a few at a time.
struct Chunks<R> {
    inner: R,
    most: usize,
}

impl<R: Read> Read for Chunks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.most);
        self.inner.read(&mut buffer[..most])
    }
}

impl<R: Seek> Seek for Chunks<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let texts: [(u8, &str); 6] = [
        (
            0,
            "InvoiceNo,Quantity,InvoiceDate,UnitPrice,CustomerID\n1,2,2010-12-01 08:26:00,3.5,17850.0\n",
        ),
        (
            1,
            "536365,85123A,\"T-LIGHT \"\"HOLDER\"\", WHITE\",6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n\
             C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,14527.0,France\n\
             536414,22139,,56,2010-12-01T11:52:00,0,,\"EIRE\nand more\"\n",
        ),
        (
            2,
            "536365,71053,\"LANTERN\nOF METAL\",6,12/1/2010 8:26,3.39,17850,Norway\r\n\
             536366,22633,\"UNION JACK,6,12/13/2010 8:28,1.85,17850,Norway\r\n",
        ),
        (
            3,
            "1,2,Caf\u{e9},4,2010-12-01 08:26:00,2.5,7,France,2024-01-01T00:00:00.010000\n",
        ),
        (4, "1;2;2010-12-01 08:26;3,25;9\n"),
        (17, "7\t.5\tA1\t31/01/2011 00:00\t1\tred\t\"a\tb\"\n"),
    ];
    let seeds = texts.map(|(form, text)| [&[form, 6][..], text.as_bytes()].concat());
    let mut seeds = seeds.to_vec();
    seeds.push(b"\x01\x00536365,1,\xe9t\xe9,6,2010-12-01 08:26:00,2.55,17850,\xa3\n".to_vec());
    seeds
}

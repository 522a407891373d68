use super::*;
use crate::time::DateOrder;

fn row(date: &str) -> String {
    format!("536365,85123A,HOLDER,6,{date},2.55,17850,United Kingdom\n")
}

fn months<P: AsRef<Path>>(paths: &[P]) -> Vec<String> {
    let read = read_all(paths);
    let records = read.iter().map(|read| read.3.as_ref().unwrap());
    records
        .map(|record| record.invoice_date.to_string()[..10].to_owned())
        .collect()
}

#[test]
fn what_one_file_leaves_open_another_one_tells() {
    let folder = Folder::new();
    let open_question = folder.write("1.csv", format!("{HEADER}{}", row("12/03/2011 09:00")));
    let proof = folder.write("2.csv", format!("{HEADER}{}", row("13/03/2011 09:00")));
    let iso = folder.write("0.csv", format!("{HEADER}{}", row("2011-03-11 09:00")));
    assert_eq!(months(&[&open_question]), ["2011-12-03"], "assumed");
    assert_eq!(
        months(&[open_question.clone(), proof.clone()]),
        ["2011-03-12", "2011-03-13"]
    );
    assert_eq!(
        months(&[iso.clone(), proof, open_question.clone()]),
        ["2011-03-11", "2011-03-13", "2011-03-12"]
    );
    // Years that come first say nothing about the others.
    assert_eq!(months(&[iso, open_question]), ["2011-03-11", "2011-12-03"]);
}

fn json(date: &str) -> String {
    format!(
        "{{\"Invoice\":\"1\",\"StockCode\":\"A\",\"Quantity\":2,\"InvoiceDate\":{date},\"Price\":2.5}}\n"
    )
}

#[test]
fn json_lines_have_one_order_of_dates_too() {
    let folder = Folder::new();
    let dates = ["\"12/03/2011 09:00\"", "\"13/03/2011 09:00\"", "1299834000"];
    let text: String = dates.map(json).concat();
    let path = folder.write("sales.jsonl", &text);
    assert_eq!(months(&[&path]), ["2011-03-12", "2011-03-13", "2011-03-11"]);
    let mut source = FileSource::open(
        &[path],
        crate::source::CsvOptions {
            dates: Some(DateOrder::MonthFirst),
            ..Default::default()
        },
    )
    .unwrap();
    let error = read_some(&mut source, usize::MAX).unwrap_err();
    let SourceError::DateOrder { line, text, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!((*line, text.as_str()), (2, "13/03/2011 09:00"));
}

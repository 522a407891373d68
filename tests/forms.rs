//! Exports of other programs and countries: how dates and fields are written is found, and the same
//! rows give the same models.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{engine, sample, summary, synthetic_csv};

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A form of dates, made from year, month, day and time of day.
type Form = fn(&str, &str, &str, &str) -> String;

/// The same export with its dates in another form.
fn rewritten(input: &Path, form: Form) -> PathBuf {
    let text = fs::read_to_string(input).unwrap();
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        // The only thing of this shape in a line: `,2010-12-01 08:26:00,`.
        let found = line.match_indices(',').find(|(at, _)| {
            let date = line.as_bytes().get(at + 1..at + 21);
            date.is_some_and(|d| d[4] == b'-' && d[7] == b'-' && d[13] == b':' && d[19] == b',')
        });
        match found {
            Some((at, _)) => {
                let date = &line[at + 1..at + 20];
                out += &line[..=at];
                out += &form(&date[..4], &date[5..7], &date[8..10], &date[11..]);
                out += &line[at + 20..];
            }
            None => out += line,
        }
    }
    let file = input.with_file_name("rewritten.csv");
    fs::write(&file, out).unwrap();
    file
}

/// What a run on the file comes to, apart from the time that it takes, and the models that it leaves.
fn outcome(input: &Path, data: &Path, more: &[&str]) -> (serde_json::Value, Vec<String>) {
    let mut args = vec!["--once", "--input", path(input), "--data-dir", path(data)];
    args.extend(more);
    let mut summary = summary(&args);
    summary["seconds"].take();
    let models = summary["models"].as_array_mut().unwrap();
    let mut artefacts = Vec::new();
    for model in models {
        model["seconds"].take();
        let name = model["name"].as_str().unwrap();
        let file = data.join("models").join(name).join("revision_1.json");
        artefacts.push(fs::read_to_string(file).unwrap());
    }
    (summary, artefacts)
}

fn input(dir: &Path) -> PathBuf {
    match sample() {
        Some(sample) => {
            let copy = dir.join("sample.csv");
            let text = fs::read_to_string(sample).unwrap();
            let lines: Vec<&str> = text.split_inclusive('\n').take(60_000).collect();
            fs::write(&copy, lines.concat()).unwrap();
            copy
        }
        None => synthetic_csv(dir, 60_000),
    }
}

#[test]
fn every_form_of_the_same_dates_gives_the_same_models() {
    let dir = tempfile::tempdir().unwrap();
    let input = input(dir.path());
    let expected = outcome(&input, &dir.path().join("iso"), &[]);
    let forms: [(&str, Form); 6] = [
        ("d/m/Y", |y, m, d, t| format!("{d}/{m}/{y} {t}")),
        ("m/d/Y", |y, m, d, t| format!("{m}/{d}/{y} {t}")),
        ("d.m.y", |y, m, d, t| format!("{d}.{m}.{} {t}", &y[2..])),
        ("d-m-Y", |y, m, d, t| format!("{d}-{m}-{y} {t}")),
        ("T and zone", |y, m, d, t| {
            format!("{y}-{m}-{d}T{t}.000+00:00")
        }),
        ("AM and PM", |y, m, d, t| {
            let hour: u32 = t[..2].parse().unwrap();
            let half = if hour < 12 { "AM" } else { "PM" };
            format!("{m}/{d}/{y} {}{} {half}", (hour + 11) % 12 + 1, &t[2..])
        }),
    ];
    for (name, form) in forms {
        let other = rewritten(&input, form);
        let data = dir.path().join("other");
        assert!(outcome(&other, &data, &[]) == expected, "{name}");
        fs::remove_dir_all(&data).unwrap();
    }
}

/// The same export with other delimiters, and quotes around fields that have one.
fn delimited(input: &Path, delimiter: char, line_end: &str) -> PathBuf {
    let text = fs::read_to_string(input).unwrap();
    let mut out = String::with_capacity(text.len());
    let mut is_quoted = false;
    for character in text.chars() {
        match character {
            '"' => {
                is_quoted = !is_quoted;
                out.push('"');
            }
            ',' if !is_quoted => out.push(delimiter),
            '\n' if !is_quoted => out += line_end,
            other => out.push(other),
        }
    }
    let file = input.with_file_name("delimited.csv");
    fs::write(&file, out).unwrap();
    file
}

#[test]
fn every_delimiter_and_line_end_gives_the_same_models() {
    let dir = tempfile::tempdir().unwrap();
    let input = synthetic_csv(dir.path(), 30_000);
    let expected = outcome(&input, &dir.path().join("commas"), &[]);
    for (delimiter, line_end, more) in [
        (';', "\n", &[][..]),
        ('\t', "\r\n", &[]),
        ('|', "\n", &["--delimiter", "pipe"]),
        (',', "\n\n", &[]),
    ] {
        let other = delimited(&input, delimiter, line_end);
        let data = dir.path().join("other");
        let (summary, models) = outcome(&other, &data, more);
        assert!(models == expected.1, "{delimiter:?} {line_end:?}");
        // The one price with a decimal comma is read with semicolons only, but its customer is unknown.
        for key in ["rows_read", "rows_kept"] {
            assert_eq!(summary[key], expected.0[key], "{delimiter:?} {line_end:?}");
        }
        fs::remove_dir_all(&data).unwrap();
    }
}

#[test]
fn what_was_found_is_said_and_what_is_assumed_is_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sales.csv");
    let say = |dates: &[&str], more: &[&str]| {
        let mut text =
            "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
                .to_owned();
        for date in dates {
            text += &format!("1,2,LANTERN,3,{date},2.55,17850,France\n");
        }
        fs::write(&file, text).unwrap();
        let data = dir.path().join("data");
        let _ = fs::remove_dir_all(&data);
        let mut args = vec!["--once", "--input", path(&file), "--data-dir", path(&data)];
        args.extend(more);
        let output = engine(&args);
        let batch = fs::read_to_string(data.join("batches/batch_1.csv")).unwrap_or_default();
        let log = String::from_utf8(output.stderr).unwrap();
        (output.status.success(), log, batch)
    };

    let (ok, log, batch) = say(&["12/03/2011 09:00", "13/03/2011 09:00"], &[]);
    assert!(ok, "{log}");
    assert!(
        log.contains("sales.csv: dates are read day first, as line 3 proves"),
        "{log}"
    );
    assert!(batch.contains("2011-03-12 09:00:00"), "{batch}");

    let (ok, log, batch) = say(&["12/03/2011 09:00"], &[]);
    assert!(ok, "{log}");
    assert!(
        log.contains("sales.csv: dates can be read month first or day first"),
        "{log}"
    );
    assert!(batch.contains("2011-12-03 09:00:00"), "{batch}");

    for format in ["dmy", "%d/%m/%Y %H:%M"] {
        let (ok, log, batch) = say(&["12/03/2011 09:00"], &["--date-format", format]);
        assert!(ok && !log.contains("WARN"), "{log}");
        assert!(batch.contains("2011-03-12 09:00:00"), "{batch}");
    }

    let (ok, log, _) = say(&["1/13/2011", "13/1/2011"], &[]);
    assert!(!ok);
    assert!(
        log.contains("sales.csv: line 3: the date 13/1/2011 is not read month first"),
        "{log}"
    );
    assert!(log.contains("--date-format"), "{log}");

    let (ok, log, _) = say(&["1/13/2011"], &["--date-format", "mmdd"]);
    assert!(!ok);
    assert!(
        log.contains("stream.date_format") && log.contains("got \"mmdd\""),
        "{log}"
    );
}

use std::io::Write;
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;
use crate::clean::{self, RejectCounts, RejectReason};
use crate::record::Transaction;
use crate::source::{CsvSource, Incoming, VirtualTime};
use crate::testing::owned;
use crate::time::Timestamp;

type Read = (u64, Result<Transaction, RejectReason>);

fn read_some(source: &mut dyn Source, most: usize) -> (ReadStatus, Vec<Read>) {
    let mut read = Vec::new();
    let status = source.read(&mut |origin: Origin, record: &Incoming<'_>| {
        read.push((origin.offset, owned(record)));
        if read.len() == most {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    (status.unwrap(), read)
}

fn read_all(source: &mut dyn Source) -> Vec<Read> {
    let (status, read) = read_some(source, usize::MAX);
    assert_eq!(status, ReadStatus::End);
    read
}

fn synthetic(params: SyntheticParams) -> SyntheticSource {
    SyntheticSource::new(params.check().unwrap())
}

fn small() -> SyntheticParams {
    SyntheticSource::params()
        .rows(3_000)
        .customers(40)
        .products(60)
        .dirty(0.05)
}

fn at(offset: u64) -> Position {
    Position::from([(0, offset)])
}

#[test]
fn every_parameter_has_its_error() {
    let refused = |params: SyntheticParams| match params.check() {
        Err(SourceError::Parameter { parameter, got, .. }) => Some((parameter, got)),
        _ => None,
    };
    let of = |parameter, got: &str| Some((parameter, got.to_owned()));
    let params = SyntheticSource::params;
    assert_eq!(refused(params()), None);
    assert_eq!(refused(params().rows(0)), of("rows", "0"));
    assert_eq!(refused(params().customers(0)), of("customers", "0"));
    assert_eq!(refused(params().products(50_001)), of("products", "50001"));
    assert_eq!(refused(params().dirty(f64::NAN)), of("dirty", "NaN"));
    assert_eq!(refused(params().dirty(1.01)), of("dirty", "1.01"));
    assert_eq!(
        refused(params().first_day(Timestamp::MAX)).map(|(parameter, _)| parameter),
        Some("first_day")
    );
}

#[test]
fn the_same_parameters_give_the_same_rows() {
    assert_eq!(
        read_all(&mut synthetic(small())),
        read_all(&mut synthetic(small()))
    );
    assert_ne!(
        read_all(&mut synthetic(small())),
        read_all(&mut synthetic(small().seed(43)))
    );
}

/// Guards against a generator that changes between processes, releases or dependency versions
/// without the version in its identity changing too.
#[test]
fn the_rows_of_a_seed_are_pinned() {
    let mut file = Vec::new();
    write_csv(&small().check().unwrap(), &mut file).unwrap();
    assert_eq!(crc32fast::hash(&file), 901_907_041);
}

#[test]
fn fewer_rows_are_the_first_of_more() {
    let fewer = synthetic(small().rows(100));
    let mut more = synthetic(small());
    assert!(more.continues(&fewer.id()).unwrap());
    assert_eq!(read_all(&mut more)[..100], read_all(&mut { fewer }));
    assert!(!synthetic(small().seed(1)).continues(&more.id()).unwrap());
}

#[test]
fn dirt_leaves_the_other_rows_as_they_are() {
    let clean = read_all(&mut synthetic(small().dirty(0.0)));
    let dirty = read_all(&mut synthetic(small().dirty(0.2)));
    let spoilt = dirty.iter().filter(|(_, record)| record.is_err()).count();
    assert!((400..800).contains(&spoilt), "{spoilt}");
    for (was, is) in clean.iter().zip(&dirty) {
        assert!(was == is || is.1.is_err());
    }
    let all = read_all(&mut synthetic(small().dirty(1.0)));
    assert!(all.iter().all(|(_, record)| record.is_err()));
}

#[test]
fn a_position_beyond_the_last_row_is_refused() {
    let mut source = synthetic(small().rows(10));
    source.seek(&at(10)).unwrap();
    assert_eq!(read_all(&mut source), []);
    assert!(matches!(
        source.seek(&at(11)),
        Err(SourceError::PositionBeyondEnd {
            expected: 11,
            got: 10
        })
    ));
}

#[test]
fn the_file_gives_the_records_and_rejections_of_the_source() {
    let time = VirtualTime::new(Timestamp::from_micros(5), 7.0).unwrap();
    let params = SyntheticSource::params()
        .rows(30_000)
        .dirty(0.02)
        .virtual_time(time);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write_csv(&params.clone().check().unwrap(), &mut file).unwrap();
    file.flush().unwrap();
    let from_file = read_all(&mut CsvSource::open(file.path(), time).unwrap());
    let from_source = read_all(&mut synthetic(params));
    assert_eq!(from_file.len(), from_source.len());
    for (in_file, in_source) in from_file.iter().zip(&from_source) {
        assert_eq!(in_file, in_source);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn seeking_equals_reading_through(jumps in proptest::collection::vec(0_u64..3_000, 1..6)) {
        let mut source = synthetic(small());
        let all = read_all(&mut source);
        for jump in jumps {
            source.seek(&at(jump)).unwrap();
            prop_assert_eq!(source.progress().done, jump);
            let (_, read) = read_some(&mut source, 25);
            let from = jump as usize;
            prop_assert_eq!(&read[..], &all[from..all.len().min(from + 25)]);
        }
    }
}

/// The kept rows, and how many were dropped for which reason.
fn kept(rows: u64) -> (Vec<Transaction>, RejectCounts) {
    let mut counts = RejectCounts::default();
    let mut kept = Vec::new();
    for (_, record) in read_all(&mut synthetic(SyntheticSource::params().rows(rows))) {
        match record.and_then(|row| clean::check(&row.as_ref()).map(|()| row)) {
            Ok(row) => kept.push(row),
            Err(reason) => counts.add(&reason),
        }
    }
    (kept, counts)
}

fn share(rows: &[Transaction], of: impl Fn(&Transaction) -> bool) -> f64 {
    rows.iter().filter(|row| of(row)).count() as f64 / rows.len() as f64
}

/// The targets are those of the real data, December 2010 to August 2011.
#[test]
fn rows_have_the_shape_of_the_real_data() {
    let (rows, counts) = kept(300_000);
    let of_all = |key: &str| {
        let count = counts.iter().find(|(known, _)| *known == key).unwrap().1;
        count as f64 / 300_000.0
    };
    let near = |what: &str, got: f64, target: f64, tolerance: f64| {
        assert!(
            (got - target).abs() <= tolerance,
            "{what}: {got}, not {target}"
        );
    };
    near("missing customer", of_all("missing_customer"), 0.275, 0.04);
    near("cancelled", of_all("cancelled"), 0.018, 0.005);
    near("unparsable", of_all("unparsable_field"), 0.0008, 0.0003);
    near("columns", of_all("wrong_column_count"), 0.0002, 0.0001);
    for rare in ["adjustment", "non_positive_quantity", "non_positive_price"] {
        assert!((1e-6..1e-3).contains(&of_all(rare)), "{rare}");
    }

    near("one piece", share(&rows, |r| r.quantity <= 1), 0.171, 0.04);
    near(
        "low",
        share(&rows, |r| (2..=5).contains(&r.quantity)),
        0.310,
        0.05,
    );
    near(
        "high",
        share(&rows, |r| (6..=20).contains(&r.quantity)),
        0.376,
        0.05,
    );
    near("bulk", share(&rows, |r| r.quantity > 20), 0.143, 0.04);
    near("dozens", share(&rows, |r| r.quantity == 12), 0.155, 0.05);
    near(
        "home",
        share(&rows, |r| r.country == "United Kingdom"),
        0.885,
        0.04,
    );

    let mut prices: Vec<f64> = rows.iter().map(|row| row.price).collect();
    prices.sort_by(f64::total_cmp);
    let quantile = |q: f64| prices[(q * prices.len() as f64) as usize];
    near("first quartile", quantile(0.25), 1.25, 0.3);
    near("median price", quantile(0.5), 1.95, 0.4);
    near("third quartile", quantile(0.75), 3.75, 0.6);

    let hour = |row: &Transaction| row.invoice_date.civil().hour;
    near(
        "noon",
        share(&rows, |r| (10..=15).contains(&hour(r))),
        0.77,
        0.05,
    );
    assert!(rows.iter().all(|row| (6..=20).contains(&hour(row))));
    // 1970-01-03 was a Saturday.
    let days = |row: &Transaction| row.invoice_date.as_micros() / 86_400_000_000;
    assert!(rows.iter().all(|row| days(row) % 7 != 2));
}

#[test]
fn event_time_never_decreases_and_rows_of_an_invoice_agree() {
    let (rows, _) = kept(50_000);
    for pair in rows.windows(2) {
        assert!(pair[0].invoice_date <= pair[1].invoice_date);
        assert!(pair[0].timestamp < pair[1].timestamp);
        if pair[0].invoice == pair[1].invoice {
            assert_eq!(pair[0].invoice_date, pair[1].invoice_date);
            assert_eq!(pair[0].customer_id, pair[1].customer_id);
            assert_eq!(pair[0].country, pair[1].country);
        }
    }
}

#[test]
fn november_is_busier_than_february() {
    let (rows, _) = kept(520_000);
    let month = |month| share(&rows, |row| row.invoice_date.civil().month == month);
    assert!(month(11) > 1.7 * month(2));
}

#[test]
fn customers_come_back_and_some_spend_far_more_than_others() {
    let (rows, _) = kept(300_000);
    let mut spends = BTreeMap::<u64, (f64, i64, u64)>::new();
    for row in &rows {
        let (spend, units, lines) = spends.entry(row.customer_id.unwrap()).or_default();
        *spend += row.price * row.quantity as f64;
        *units += row.quantity;
        *lines += 1;
    }
    assert!((2_800..=4_300).contains(&spends.len()), "{}", spends.len());
    let mut spends: Vec<_> = spends.into_values().collect();
    spends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (usual, high) = spends.split_at(spends.len() * 3 / 4);
    let units_per_line = |group: &[(f64, i64, u64)]| {
        group.iter().map(|c| c.1).sum::<i64>() as f64
            / group.iter().map(|c| c.2).sum::<u64>() as f64
    };
    // What makes a high-value customer recognisable from a single row.
    assert!(units_per_line(high) > 1.5 * units_per_line(usual));
    let total = |group: &[(f64, i64, u64)]| group.iter().map(|c| c.0).sum::<f64>();
    let of_high = total(high) / total(&spends);
    assert!((0.65..0.9).contains(&of_high), "{of_high}");
}

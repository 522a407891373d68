//! Going back to a place that was read, if what lies before it is still there.

use super::*;
use crate::source::{Mark, Place};

/// Reads a file in pieces of so many records, and gives the place after each.
fn places(source: &mut CsvSource, piece: usize) -> Vec<Place> {
    let mut places = Vec::new();
    let mut read = 0;
    loop {
        let (status, some) = read_some(source, piece);
        read += some.len() as u64;
        let position = at(read);
        let mark = source.mark(&position).unwrap();
        places.push(Place { position, mark });
        if status == ReadStatus::End {
            return places;
        }
    }
}

fn mark(place: &Place) -> &Mark {
    place.mark.as_ref().unwrap()
}

fn from(content: impl AsRef<[u8]>, places: &[Place]) -> Result<Vec<Read>, SourceError> {
    let file = file(content);
    let mut source = open(&file);
    source.resume(places)?;
    Ok(read_some(&mut source, usize::MAX).1)
}

#[test]
fn the_records_behind_a_place_follow_there() {
    let file = stream::messy();
    let text = std::fs::read(file.path()).unwrap();
    let all = read_some(&mut open(&file), usize::MAX).1;
    for piece in [1, 2, 3, 7, 50, 1_000] {
        let places = places(&mut open(&file), piece);
        for (index, place) in places.iter().enumerate() {
            let read = place.position.next_offset(0) as usize;
            let rest = from(&text, &places[..=index]).unwrap();
            assert_eq!(rest, all[read..], "pieces of {piece}, after {read}");
        }
    }
    assert_eq!(from(&text, &[]).unwrap(), all);
}

#[test]
fn a_batch_can_end_before_the_record_that_was_pushed_last() {
    let file = stream::messy();
    let text = std::fs::read(file.path()).unwrap();
    let all = read_some(&mut open(&file), usize::MAX).1;
    let mut source = open(&file);
    for read in 1..all.len() as u64 {
        read_some(&mut source, 1);
        let position = at(read - 1);
        let mark = source.mark(&position).unwrap();
        assert!(mark.is_some(), "{read}");
        let rest = from(&text, &[Place { position, mark }]).unwrap();
        assert_eq!(rest, all[read as usize - 1..], "{read}");
        // The place behind it can be marked as well, and comes later.
        let behind = source.mark(&at(read)).unwrap();
        let place = Place {
            position: at(read),
            mark: behind,
        };
        assert_eq!(from(&text, &[place]).unwrap(), all[read as usize..]);
    }
    assert_eq!(source.mark(&at(3)).unwrap(), None, "it was passed long ago");
}

#[test]
fn the_first_stretch_that_has_changed_is_named() {
    let text = format!("{HEADER}\n{}", format!("{ROW}\n").repeat(30));
    let places = places(&mut open(&file(&text)), 10);
    assert_eq!(places.len(), 4);
    let lines_of = |changed: &[u8]| match from(changed, &places) {
        Err(SourceError::Changed { first, last, .. }) => Some((first, last)),
        Ok(_) => None,
        Err(other) => panic!("{other}"),
    };
    let ends: Vec<u64> = places.iter().map(|place| mark(place).bytes).collect();
    for byte in (0..text.len()).step_by(7) {
        let mut changed = text.clone().into_bytes();
        changed[byte] = if changed[byte] == b'5' { b'6' } else { b'5' };
        // A header that names other columns is an error of its own.
        if byte < HEADER.len() {
            continue;
        }
        let stretch = ends.partition_point(|&end| end <= byte as u64);
        let expected = [(1, 11), (12, 21), (22, 31)][stretch];
        assert_eq!(lines_of(&changed), Some(expected), "byte {byte}");
    }
    let said = from(text.replace("17850", "17851"), &places).unwrap_err();
    let said = said.to_string();
    assert!(
        said.contains("lines 1 to 11 are not those") && said.contains("--fresh"),
        "{said}"
    );
    // What was cut off has changed, too; what was added has not been read yet.
    assert_eq!(
        lines_of(&text.as_bytes()[..text.len() - 20]),
        Some((22, 31))
    );
    assert_eq!(from(format!("{text}{ROW}\n"), &places).unwrap().len(), 1);
}

#[test]
fn a_last_record_without_a_line_end_is_provisional() {
    let whole = format!("{HEADER}\n{ROW}\n{ROW}");
    for last in ["", ROW, "536365,8", "536365,\"8", "\"", "x"] {
        let text = format!("{HEADER}\n{ROW}\n{last}");
        for piece in [1, 2, 9] {
            let places = places(&mut open(&file(&text)), piece);
            let end = mark(places.last().unwrap());
            assert_eq!(end.provisional, !last.is_empty(), "{last} {piece}");
            let terminated = format!("{text}\n");
            let places = self::places(&mut open(&file(&terminated)), piece);
            assert!(!mark(places.last().unwrap()).provisional, "{last} {piece}");
        }
    }
    // Gone back to all the same, it must not have been written on with.
    let places = places(&mut open(&file(&whole)), 9);
    assert_eq!(from(&whole, &places).unwrap().len(), 0);
    assert_eq!(
        from(format!("{whole}\r\n{ROW}\n"), &places).unwrap().len(),
        1
    );
    let error = from(format!("{whole}s\n{ROW}\n"), &places).unwrap_err();
    assert!(matches!(error, SourceError::Changed { .. }), "{error}");
}

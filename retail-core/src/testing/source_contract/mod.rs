mod reading;
#[cfg(test)]
mod tests;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use self::reading::{Reading, Taken};
use crate::source::{Place, Position, Source, SourceId};

/// Where and when a source can [`seek`](Source::seek).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeks {
    /// To any position, at any time.
    Anywhere,
    /// To any position, once, before it is read: the documented exception of a source whose records
    /// are handed out by others.
    Once,
}

/// Checks that the sources which `make` makes, all of the same stream, keep the contract of
/// [`Source`]. The stream has an end, and at least three records; a few dozen are better.
///
/// - Every source gives the same records, with growing offsets and lines in each partition.
/// - After the sink has asked to stop, nothing is pushed and the status is `Paused`. Wherever and
///   however often it asks, no record is lost or repeated.
/// - From each [`Position`] after a record the records behind it follow, in a new source and, unless
///   `seeks` exempts it, in one that has been read. A position behind the end is an error.
/// - If the source has [marks](Source::mark), it [resumes](Source::resume) from them in the same way.
/// - The id does not change, and a source continues its own stream and no other.
/// - Progress does not go back, and is not more than its total.
/// - The end is final. A source that stays idle for seconds has none.
/// - [`Source::saved`] may be called at any time, and does not change what is read.
/// - If the sink wants no text, only texts other than the invoice may be missing.
///
/// ```
/// use retail_core::source::MemorySource;
/// use retail_core::testing::{Seeks, source_contract, transactions};
///
/// source_contract(Seeks::Anywhere, || MemorySource::new(transactions(7, 40)));
/// ```
///
/// # Panics
/// If the contract is broken. The message says how.
pub fn source_contract<S: Source>(seeks: Seeks, mut make: impl FnMut() -> S) {
    let all = whole(&mut make);
    assert!(
        all.len() > 2,
        "the suite needs at least three records, got {}",
        all.len()
    );
    identity(&mut make);
    pauses(&all, &mut make);
    texts(&all, &mut make);
    saving(&all, &mut make);
    positions(&all, &mut make);
    marks(&all, &mut make);
    if seeks == Seeks::Anywhere {
        jumps(&all, make());
    }
    beyond(&all, &mut make);
}

/// The position after so many records.
fn after(taken: &[Taken], records: usize) -> Position {
    let mut position = Position::default();
    for one in taken.iter().take(records) {
        position.advance(&one.origin);
    }
    position
}

/// A new source that goes to this position.
fn from<S: Source>(mut source: S, position: &Position, place: &str) -> Reading<S> {
    if let Err(error) = source.seek(position) {
        panic!("{place}: cannot seek to {position:?}: {error}");
    }
    Reading::new(source, place)
}

fn beginning<S: Source>(source: S, place: &str) -> Reading<S> {
    from(source, &Position::default(), place)
}

fn assert_same(got: &[Taken], expected: &[Taken], place: &str) {
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_eq!(got, expected, "{place}: record {index} differs");
    }
    assert_eq!(got.len(), expected.len(), "{place}: the number of records");
}

fn whole<S: Source>(make: &mut impl FnMut() -> S) -> Vec<Taken> {
    let place = "read at once";
    let mut first = beginning(make(), place);
    let all = first.read_to_end(|_| false);
    for _ in 0..2 {
        first.stays_at_end();
    }
    assert_same(
        &beginning(make(), place).read_to_end(|_| false),
        &all,
        "read again by another source",
    );
    all
}

fn identity<S: Source>(make: &mut impl FnMut() -> S) {
    let (one, other) = (make(), make());
    let id = one.id();
    assert_eq!(other.id(), id, "two sources of one stream have two ids");
    let continues = |id: &SourceId| match other.continues(id) {
        Ok(continues) => continues,
        Err(error) => panic!("cannot tell whether {id} is continued: {error}"),
    };
    assert!(continues(&id), "a source does not continue its own stream");
    let mut stranger = id;
    stranger.0.insert("another".to_owned(), "stream".to_owned());
    assert!(!continues(&stranger), "a source continues another stream");
}

fn pauses<S: Source>(all: &[Taken], make: &mut impl FnMut() -> S) {
    let place = "paused after every record";
    assert_same(&beginning(make(), place).read_to_end(|_| true), all, place);
    let place = "paused at random";
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let read = beginning(make(), place).read_to_end(|_| rng.gen_bool(0.3));
    assert_same(&read, all, place);
}

fn texts<S: Source>(all: &[Taken], make: &mut impl FnMut() -> S) {
    let place = "read without texts";
    let mut read = beginning(make(), place)
        .without_text()
        .read_to_end(|taken| taken % 7 == 3);
    for (got, expected) in read.iter_mut().zip(all) {
        if let (Ok(got), Ok(expected)) = (&mut got.record, &expected.record) {
            for (text, whole) in [
                (&mut got.stock_code, &expected.stock_code),
                (&mut got.description, &expected.description),
                (&mut got.country, &expected.country),
            ] {
                if text.is_empty() {
                    text.clone_from(whole);
                }
            }
        }
    }
    assert_same(&read, all, place);
}

fn saving<S: Source>(all: &[Taken], make: &mut impl FnMut() -> S) {
    let place = "told what is saved";
    let mut reading = beginning(make(), place);
    reading.tell(&Position::default());
    let mut read = Vec::new();
    while let Some(more) = reading.until(|taken| taken % 5 == 4) {
        read.extend(more);
        // An earlier position, too: what is saved is known late.
        for records in [read.len(), read.len(), read.len() / 2] {
            reading.tell(&after(&read, records));
        }
    }
    reading.tell(&after(&read, read.len()));
    reading.stays_at_end();
    assert_same(&read, all, place);
}

fn positions<S: Source>(all: &[Taken], make: &mut impl FnMut() -> S) {
    for records in [0, 1, all.len() / 3, all.len() - 1, all.len()] {
        let place = format!("resumed after {records} records");
        let mut reading = from(make(), &after(all, records), &place);
        assert_same(&reading.read_to_end(|_| false), &all[records..], &place);
    }
}

fn marks<S: Source>(all: &[Taken], make: &mut impl FnMut() -> S) {
    let mut reading = beginning(make(), "marked");
    let (mut places, mut read) = (Vec::new(), 0);
    while let Some(more) = reading.until(|taken| taken % 7 == 6) {
        read += more.len();
        let position = after(all, read);
        let mark = reading.mark(&position);
        places.push(Place { position, mark });
        let place = format!("resumed after {read} records");
        let mut source = make();
        if let Err(error) = source.resume(&places) {
            panic!("{place}: {error}");
        }
        let rest = Reading::new(source, &place).read_to_end(|_| false);
        assert_same(&rest, &all[read..], &place);
    }
}

fn jumps(all: &[Taken], source: impl Source) {
    let mut reading = Reading::new(source, "sought");
    let end = all.len();
    for to in [end / 2, 1, end - 1, 0, end, end / 3, 0] {
        let place = format!("sought record {to} in between");
        reading.seek(&after(all, to), &place);
        let few = (end - to).min(3);
        if let Some(read) = reading.until(|taken| taken + 1 == few) {
            assert_same(&read, &all[to..to + few], &place);
        } else {
            assert_eq!(few, 0, "{place}: the source ended");
        }
    }
    reading.seek(&after(all, end / 2), "sought in between");
    let rest = reading.read_to_end(|_| false);
    assert_same(&rest, &all[end / 2..], "read on where it was sought");
}

fn beyond<S: Source>(all: &[Taken], make: &mut impl FnMut() -> S) {
    let mut position = after(all, all.len());
    let partitions: Vec<_> = position.iter().collect();
    for (partition, next) in partitions {
        position.set(partition, next + 1);
    }
    let mut source = make();
    let refused = source.seek(&position).is_err()
        || Reading::new(source, "sought behind the end").fails_before_end();
    assert!(refused, "a position behind the end is accepted");
}

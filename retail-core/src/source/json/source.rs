use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};

use super::lines::{Found, Lines};
use super::{JsonDecoder, general};
use crate::clean::{Field, RejectReason};
use crate::source::dates::Survey;
use crate::source::marks::{Part, all_marked, changed, last_position};
use crate::source::{
    CsvOptions, Dates, Incoming, Mark, Origin, Place, Position, Progress, ReadStatus, Sink, Source,
    SourceError, SourceId, VirtualTime,
};
use crate::time::DateOrder;

/// Reads a text with a JSON object on each line, as [`JsonDecoder`] reads them. Blank lines are
/// skipped; a line of more than 1 MiB is rejected.
pub(in crate::source) struct JsonLines<R> {
    /// For errors.
    path: PathBuf,
    /// In bytes, if it is known.
    size: Option<u64>,
    time: VirtualTime,
    dates: Dates,
    decoder: JsonDecoder,
    lines: Lines<R>,
    part: Part,
    /// Records of the stream before the next one.
    offset: u64,
    /// Where the last record pushed began, and its line.
    latest: (u64, u64),
}

impl<R: Read + Seek> JsonLines<R> {
    /// Reads one of several texts of a stream. Its size is known or not.
    pub(in crate::source) fn of_part(
        reader: R,
        size: Option<u64>,
        path: &Path,
        options: CsvOptions,
        part: Part,
    ) -> Result<Self, SourceError> {
        let mut lines = Lines::new(reader, &part);
        let dates = match options.dates {
            Some(order) => Dates::given(order),
            None => {
                let found = find_dates(&mut lines);
                let found = found.map_err(|source| SourceError::Io {
                    path: path.to_owned(),
                    source,
                })?;
                lines.rewind(&part);
                found
            }
        };
        Ok(Self {
            path: path.to_owned(),
            size,
            time: options.time,
            decoder: JsonDecoder::with_dates(dates.order),
            dates,
            lines,
            offset: part.first,
            part,
            latest: (0, 1),
        })
    }

    /// In which order dates are read, and how that is known.
    pub(in crate::source) fn dates(&self) -> &Dates {
        &self.dates
    }

    /// Records of the stream before the next one.
    pub(in crate::source) fn next_offset(&self) -> u64 {
        self.offset
    }

    /// The CRC-32 of the whole text and those before it. Reading cannot go on afterwards.
    pub(in crate::source) fn sum_all(&mut self) -> Result<crc32fast::Hasher, SourceError> {
        self.lines.input.sum_all().map_err(self.failed())
    }

    fn failed(&self) -> impl Fn(io::Error) -> SourceError {
        |source| SourceError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

/// What is known of the dates after looking at as many lines as it takes.
fn find_dates<R: Read + Seek>(lines: &mut Lines<R>) -> io::Result<Dates> {
    let mut survey = Survey::default();
    loop {
        match lines.find() {
            Ok(Found::End) => return Ok(survey.finish()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(survey.finish()),
            Err(error) => return Err(error),
            Ok(Found::TooLong) => lines.passes = true,
            Ok(Found::Line(line)) => {
                let text = general::date_text(lines.text(line));
                let found = text.and_then(|text| survey.look(lines.line, text.as_bytes()));
                if let Some(dates) = found {
                    return Ok(dates);
                }
                lines.pass(line);
            }
        }
    }
}

/// Whether the date of a record that cannot be read is one, only in another order.
#[cold]
fn check_date(
    reason: &RejectReason,
    order: DateOrder,
    line: u64,
    path: &Path,
) -> Result<(), SourceError> {
    let RejectReason::UnparsableField {
        field: Field::InvoiceDate,
        got,
        ..
    } = reason
    else {
        return Ok(());
    };
    let is_another = [DateOrder::MonthFirst, DateOrder::DayFirst]
        .into_iter()
        .any(|other| other != order && other.read(got.as_bytes()).is_ok());
    if !is_another {
        return Ok(());
    }
    Err(SourceError::DateOrder {
        path: path.to_owned(),
        line,
        text: got.trim().to_owned(),
        order,
    })
}

impl<R: Read + Seek + Send> Source for JsonLines<R> {
    /// The order of dates, and the virtual time, which decides the stamps of records without one.
    fn id(&self) -> SourceId {
        SourceId(BTreeMap::from(
            [
                ("kind", "json".to_owned()),
                ("dates", self.dates.order.name().to_owned()),
                ("rate", self.time.rate().to_string()),
                ("start", self.time.start().to_string()),
            ]
            .map(|(key, value)| (key.to_owned(), value)),
        ))
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        let wanted = position.next_offset(0);
        if wanted < self.offset {
            self.lines.rewind(&self.part);
            self.offset = self.part.first;
        }
        while self.offset < wanted {
            let found = match self.lines.find() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => Found::End,
                found => found.map_err(self.failed())?,
            };
            match found {
                Found::Line(line) => self.lines.pass(line),
                Found::TooLong => self.lines.passes = true,
                Found::End => {
                    return Err(SourceError::PositionBeyondEnd {
                        expected: wanted,
                        got: self.offset,
                    });
                }
            }
            self.offset += 1;
        }
        Ok(())
    }

    fn mark(&mut self, position: &Position) -> Result<Option<Mark>, SourceError> {
        let wanted = position.next_offset(0);
        let lines = &mut self.lines;
        if wanted == self.offset {
            match lines.finish_passing() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                done => done.map_err(self.failed())?,
            }
            let lines = &mut self.lines;
            let provisional = lines.unterminated;
            let mark = lines.input.mark(&self.part, lines.bytes_read(), lines.line);
            return Ok(Some(Mark {
                provisional,
                ..mark
            }));
        }
        let (byte, line) = self.latest;
        let is_latest = wanted + 1 == self.offset;
        Ok(is_latest.then(|| lines.input.mark(&self.part, byte, line)))
    }

    fn resume(&mut self, places: &[Place]) -> Result<(), SourceError> {
        let Some((marks, place)) = all_marked(places) else {
            return self.seek(&last_position(places));
        };
        let same = self.lines.input.check(&self.part, &marks);
        let start = same
            .map_err(self.failed())?
            .map_err(|number| changed(&self.path, &marks, number))?;
        self.lines.start_at(start);
        self.offset = place.position.next_offset(0);
        Ok(())
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        loop {
            let found = match self.lines.find() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(ReadStatus::Idle),
                found => found.map_err(self.failed())?,
            };
            let number = self.lines.line;
            let latest = (self.lines.bytes_read(), number);
            let record: Incoming<'_> = match found {
                Found::End => return Ok(ReadStatus::End),
                Found::Line(line) => {
                    let stamp = self.time.stamp(self.offset);
                    self.decoder.decode(self.lines.text(line), stamp)
                }
                Found::TooLong => {
                    let begin = self.lines.begin_of_next();
                    let expected = "a line of at most 1 MiB";
                    Err(RejectReason::unparsable(Field::Record, expected, begin))
                }
            };
            if let Err(reason) = &record {
                check_date(reason, self.dates.order, number, &self.path)?;
            }
            let origin = Origin {
                partition: 0,
                part: self.part.number,
                offset: self.offset,
                line: Some(number),
            };
            let flow = sink.push(origin, &record).flow;
            self.offset += 1;
            self.latest = latest;
            match found {
                Found::Line(line) => self.lines.pass(line),
                _ => self.lines.passes = true,
            }
            if flow.is_break() {
                return Ok(ReadStatus::Paused);
            }
        }
    }

    /// In bytes.
    fn progress(&self) -> Progress {
        let done = self.lines.bytes_read();
        Progress {
            done,
            total: self.size.map(|size| size.max(done)),
            unit: "bytes",
        }
    }
}

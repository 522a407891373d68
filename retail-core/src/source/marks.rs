//! Marks of a text: what was read of it, in a form that can be compared later.

use std::io::{self, ErrorKind, Read, Seek};
use std::path::Path;

use crc32fast::Hasher;

use super::input::Input;
use super::{Mark, Place, Position, SourceError};

/// Where a text stands in a stream of several.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    /// Its number, counted from 0.
    pub(super) number: u32,
    /// The records of the stream before it.
    pub(super) first: u64,
    /// The sum of the texts before it.
    pub(super) before: Hasher,
}

impl Part {
    /// Whether both stand in the same place of a stream.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let sum = |part: &Self| part.before.clone().finalize();
        (self.number, self.first) == (other.number, other.first) && sum(self) == sum(other)
    }
}

/// A place from which a text is read.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) byte: u64,
    pub(super) line: u64,
    /// Of the bytes before it, and of the texts before.
    pub(super) sum: Hasher,
}

impl<R: Read + Seek> Input<R> {
    /// The mark of a place that is in memory: a byte of the text, and its line.
    pub(super) fn mark(&mut self, part: &Part, byte: u64, line: u64) -> Mark {
        let before = byte.saturating_sub(self.base()) as usize;
        Mark {
            bytes: byte,
            line,
            crc32: shown(self.sum(before)),
            provisional: false,
            part: part.number,
            first: part.first,
        }
    }

    /// The last of these marks, if what lies before each of them is what it was made of; otherwise the
    /// number of the first that differs. What is in memory is forgotten.
    pub(super) fn check(
        &mut self,
        part: &Part,
        marks: &[&Mark],
    ) -> io::Result<Result<Start, usize>> {
        let mut start = Start {
            byte: 0,
            line: 1,
            sum: part.before.clone(),
        };
        self.jump(0, start.sum.clone());
        for (number, mark) in marks.iter().enumerate() {
            while self.base() + (self.bytes().len() as u64) < mark.bytes {
                if !self.has_more(self.bytes().len())? {
                    return Ok(Err(number));
                }
            }
            // A mark before the bytes in memory is not in order: something is wrong with it.
            let Some(before) = mark.bytes.checked_sub(self.base()) else {
                return Ok(Err(number));
            };
            // A line that had no end may have been written on with.
            if mark.provisional && self.goes_on_at(before as usize)? {
                return Ok(Err(number));
            }
            let sum = self.sum(before as usize);
            if shown(sum.clone()) != mark.crc32 {
                return Ok(Err(number));
            }
            start = Start {
                byte: mark.bytes,
                line: mark.line,
                sum,
            };
        }
        Ok(Ok(start))
    }

    /// Whether a byte in memory, or the next one behind, is there and ends no line.
    fn goes_on_at(&mut self, byte: usize) -> io::Result<bool> {
        while self.bytes().len() <= byte && self.has_more(0)? {}
        let next = self.bytes().get(byte);
        Ok(next.is_some_and(|next| !b"\r\n".contains(next)))
    }

    /// Forgets the first `used` bytes and reads more; false if there is no more, or not yet.
    fn has_more(&mut self, used: usize) -> io::Result<bool> {
        if self.ended() {
            return Ok(false);
        }
        match self.read_on(used) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            done => done.map(|()| true),
        }
    }
}

fn shown(sum: Hasher) -> String {
    format!("{:08x}", sum.finalize())
}

/// The marks of these places and the last place, if there is one and all have marks.
pub(super) fn all_marked(places: &[Place]) -> Option<(Vec<&Mark>, &Place)> {
    let marks: Option<Vec<&Mark>> = places.iter().map(|place| place.mark.as_ref()).collect();
    marks.zip(places.last())
}

/// The position of the last of these places, or the beginning.
pub(super) fn last_position(places: &[Place]) -> Position {
    places
        .last()
        .map_or_else(Position::default, |place| place.position.clone())
}

/// The error for the mark with this number, whose bytes are not there any more.
pub(super) fn changed(path: &Path, marks: &[&Mark], number: usize) -> SourceError {
    let before = number.checked_sub(1).and_then(|before| marks.get(before));
    let last = marks.get(number);
    SourceError::Changed {
        path: path.to_owned(),
        first: before.map_or(1, |mark| mark.line),
        last: last.map_or(1, |mark| mark.line.saturating_sub(1)),
    }
}

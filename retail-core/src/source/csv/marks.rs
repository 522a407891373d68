use std::io::{self, ErrorKind, Read, Seek};

use super::records::Records;
use crate::source::Mark;

impl<R: Read + Seek> Records<R> {
    /// Where the record began that was read last, and its line, given where it is in memory if
    /// [`Records::lines`] has found it.
    pub(super) fn latest(&self, line: Option<(usize, u64)>) -> (u64, u64) {
        line.map_or(self.latest, |(start, line)| {
            (self.input.base() + start as u64, line)
        })
    }

    /// The mark of a place that is in memory: where a record began, and its line.
    pub(super) fn mark(&mut self, (byte, line): (u64, u64)) -> Mark {
        self.input.mark(&self.part, byte, line)
    }

    /// The mark of the place of the next record; `None` while nobody can tell where that begins.
    pub(super) fn mark_next(&mut self) -> io::Result<Option<Mark>> {
        while self.skip {
            match self.skip_line() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                done => done?,
            }
        }
        let next = (self.bytes_read(), self.cursor.line);
        let provisional = self.unterminated;
        Ok(Some(Mark {
            provisional,
            ..self.mark(next)
        }))
    }

    /// Goes to the last of these marks, if the bytes before each of them are those it was made of.
    /// Otherwise returns the first that differs.
    pub(super) fn resume_at(&mut self, marks: &[&Mark]) -> io::Result<Result<(), usize>> {
        let start = self.input.check(&self.part, marks)?;
        Ok(start.map(|start| self.start_at(start)))
    }
}

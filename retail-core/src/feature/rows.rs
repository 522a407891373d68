use std::ops::Range;
use std::sync::Arc;

use super::Frame;

/// A set of row numbers: half-open ranges, ascending, neither touching nor overlapping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowSet(Vec<Range<u64>>);

impl RowSet {
    /// No rows.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends a row number. One at or below the last is ignored.
    pub fn push(&mut self, row: u64) {
        match self.0.last_mut() {
            Some(last) if row == last.end => last.end += 1,
            Some(last) if row < last.end => {}
            _ => self.0.push(row..row + 1),
        }
    }

    /// Appends rows that follow the last one.
    fn extend(&mut self, rows: Range<u64>) {
        match self.0.last_mut() {
            Some(last) if last.end == rows.start => last.end = rows.end,
            _ if rows.is_empty() => {}
            _ => self.0.push(rows),
        }
    }

    /// The ranges.
    #[must_use]
    pub fn ranges(&self) -> &[Range<u64>] {
        &self.0
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a row of `range` is among them.
    #[must_use]
    pub fn overlaps(&self, range: Range<u64>) -> bool {
        let next = self.0.partition_point(|own| own.end <= range.start);
        !range.is_empty() && self.0.get(next).is_some_and(|own| own.start < range.end)
    }

    /// The rows from the first to the last one of these, gaps included.
    #[must_use]
    pub fn span(&self) -> Range<u64> {
        match (self.0.first(), self.0.last()) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => 0..0,
        }
    }
}

impl From<Range<u64>> for RowSet {
    fn from(range: Range<u64>) -> Self {
        if range.is_empty() {
            Self::new()
        } else {
            Self(vec![range])
        }
    }
}

impl FromIterator<u64> for RowSet {
    /// Any order, repeats allowed.
    fn from_iter<I: IntoIterator<Item = u64>>(rows: I) -> Self {
        let mut rows: Vec<u64> = rows.into_iter().collect();
        rows.sort_unstable();
        let mut set = Self::new();
        for row in rows {
            set.push(row);
        }
        set
    }
}

/// A run of consecutive rows of one frame.
#[derive(Debug, Clone)]
pub struct Segment {
    /// The frame.
    pub frame: Arc<Frame>,
    /// The rows, counted within the frame.
    pub range: Range<usize>,
}

/// Selected rows of a stream, in stream order, possibly across many frames.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    segments: Vec<Segment>,
    len: usize,
}

impl Rows {
    /// The rows of `set` among `frames`, which follow each other without a gap. Rows that no frame
    /// has, and [forgotten](Frame::forgotten) ones, are left out.
    #[must_use]
    pub fn select(frames: &[Arc<Frame>], set: &RowSet) -> Self {
        let mut rows = Self::default();
        for wanted in set.ranges() {
            let first = frames.partition_point(|frame| frame.end_row() <= wanted.start);
            for frame in &frames[first..] {
                let start = wanted.start.max(frame.first_row());
                let end = wanted.end.min(frame.end_row());
                if start >= end || frame.is_forgotten() {
                    if frame.first_row() >= wanted.end {
                        break;
                    }
                    continue;
                }
                let base = frame.first_row();
                rows.push(Segment {
                    frame: Arc::clone(frame),
                    range: (start - base) as usize..(end - base) as usize,
                });
            }
        }
        rows
    }

    /// All rows of these frames, except [forgotten](Frame::forgotten) ones.
    #[must_use]
    pub fn all(frames: &[Arc<Frame>]) -> Self {
        let mut rows = Self::default();
        for frame in frames.iter().filter(|frame| !frame.is_forgotten()) {
            rows.push(Segment {
                frame: Arc::clone(frame),
                range: 0..frame.len(),
            });
        }
        rows
    }

    fn push(&mut self, segment: Segment) {
        self.len += segment.range.len();
        self.segments.push(segment);
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The runs of rows, in stream order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The numbers of these rows as a set.
    #[must_use]
    pub fn set(&self) -> RowSet {
        let mut set = RowSet::new();
        for segment in &self.segments {
            let base = segment.frame.first_row();
            set.extend(base + segment.range.start as u64..base + segment.range.end as u64);
        }
        set
    }

    /// The numbers that these rows have in the stream.
    pub fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.segments.iter().flat_map(|segment| {
            let base = segment.frame.first_row();
            segment.range.clone().map(move |row| base + row as u64)
        })
    }

    /// The first `at` rows and the others.
    #[must_use]
    pub fn split_at(&self, at: usize) -> (Self, Self) {
        let mut first = Self::default();
        let mut second = Self::default();
        for segment in &self.segments {
            let room = at.saturating_sub(first.len).min(segment.range.len());
            let middle = segment.range.start + room;
            for (part, range) in [
                (&mut first, segment.range.start..middle),
                (&mut second, middle..segment.range.end),
            ] {
                if !range.is_empty() {
                    part.push(Segment {
                        frame: Arc::clone(&segment.frame),
                        range,
                    });
                }
            }
        }
        (first, second)
    }
}

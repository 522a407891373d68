use std::collections::VecDeque;

/// Things that come at the end and go at the beginning, numbered from the first that there ever was.
#[derive(Debug)]
pub(super) struct Ring<T> {
    /// The number of the first that is there.
    pub(super) begin: u64,
    kept: VecDeque<T>,
}

impl<T> Default for Ring<T> {
    fn default() -> Self {
        Self {
            begin: 0,
            kept: VecDeque::new(),
        }
    }
}

impl<T> Ring<T> {
    /// The number of the next to come.
    pub(super) fn end(&self) -> u64 {
        self.begin + self.kept.len() as u64
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(super) fn push(&mut self, one: T) {
        self.kept.push_back(one);
    }

    pub(super) fn extend(&mut self, more: impl Iterator<Item = T>) {
        self.kept.extend(more);
    }

    /// The first that is there, which then is not.
    pub(super) fn pop(&mut self) -> Option<T> {
        let first = self.kept.pop_front()?;
        self.begin += 1;
        Some(first)
    }

    /// Lets the first so many go.
    pub(super) fn forget(&mut self, many: usize) {
        let many = many.min(self.kept.len());
        self.kept.drain(..many);
        self.begin += many as u64;
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.kept.front()
    }

    pub(super) fn get(&self, number: u64) -> Option<&T> {
        self.kept.get(self.place(number)?)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let place = self.place(number)?;
        self.kept.get_mut(place)
    }

    fn place(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.begin)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_with_what_they_were_given_to() {
        let mut ring = Ring::default();
        ring.extend(0..10_u64);
        assert_eq!(
            (ring.pop(), ring.front(), ring.begin),
            (Some(0), Some(&1), 1)
        );
        ring.forget(4);
        ring.push(10);
        assert_eq!((ring.begin, ring.end(), ring.len()), (5, 11, 6));
        for number in 0..12 {
            let there = (5..11).contains(&number).then_some(number);
            assert_eq!(ring.get(number).copied(), there);
            assert_eq!(ring.get_mut(number).copied(), there);
        }
        ring.forget(100);
        assert_eq!((ring.begin, ring.len(), ring.pop()), (11, 0, None));
    }
}

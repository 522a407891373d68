use crate::train::ValueSketch;

/// The distinct values of a column, numbered in the order of their first appearance: a hash table
/// with linear probing, at most half full.
pub(super) struct Distinct {
    slots: Vec<Slot>,
    shift: u32,
    values: Vec<f64>,
    counts: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Slot {
    bits: u64,
    number: u16,
    used: bool,
}

/// The distinct values that a [`Distinct`] can number.
pub(super) const CAPACITY: usize = ValueSketch::CAPACITY;

impl Distinct {
    pub(super) fn new() -> Self {
        let bits = 10;
        Self {
            slots: vec![Slot::EMPTY; 1 << bits],
            shift: u64::BITS - bits,
            values: Vec::new(),
            counts: Vec::new(),
        }
    }

    /// The number of `value`, which is finite and not −0; `None` for one value too many.
    #[inline]
    pub(super) fn number(&mut self, value: f64) -> Option<u16> {
        let bits = value.to_bits();
        let mut at = self.place(bits);
        loop {
            let slot = self.slots[at];
            if slot.used && slot.bits == bits {
                self.counts[usize::from(slot.number)] += 1;
                return Some(slot.number);
            }
            if !slot.used {
                return self.insert(value, at);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// The values and how often each has been asked for, by number.
    pub(super) fn into_values(self) -> (Vec<f64>, Vec<u32>) {
        (self.values, self.counts)
    }

    #[inline]
    fn place(&self, bits: u64) -> usize {
        // Fibonacci hashing; whole numbers differ in their high bits only, hence the fold.
        ((bits ^ (bits >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    #[cold]
    fn insert(&mut self, value: f64, at: usize) -> Option<u16> {
        if self.values.len() == CAPACITY {
            return None;
        }
        let number = self.values.len() as u16;
        self.slots[at] = Slot {
            bits: value.to_bits(),
            number,
            used: true,
        };
        self.values.push(value);
        self.counts.push(1);
        if self.values.len() * 2 > self.slots.len() {
            self.grow();
        }
        Some(number)
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        self.shift -= 1;
        self.slots = vec![Slot::EMPTY; old.len() * 2];
        for slot in old.into_iter().filter(|slot| slot.used) {
            let mut at = self.place(slot.bits);
            while self.slots[at].used {
                at = (at + 1) & (self.slots.len() - 1);
            }
            self.slots[at] = slot;
        }
    }
}

impl Slot {
    const EMPTY: Self = Self {
        bits: 0,
        number: 0,
        used: false,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_as_they_appear_and_counted() {
        let mut distinct = Distinct::new();
        let numbers: Vec<_> = [3.0, 0.0, 3.0, -1.5, 0.0, 3.0]
            .map(|value| distinct.number(value))
            .to_vec();
        assert_eq!(numbers, [0, 1, 0, 2, 1, 0].map(Some));
        let (values, counts) = distinct.into_values();
        assert_eq!(values, [3.0, 0.0, -1.5]);
        assert_eq!(counts, [3, 2, 1]);
    }

    #[test]
    fn the_table_grows_up_to_its_capacity() {
        let mut distinct = Distinct::new();
        for round in 0..2 {
            for value in 0..CAPACITY {
                let number = distinct.number(value as f64 / 8.0);
                assert_eq!(number.map(usize::from), Some(value), "round {round}");
            }
        }
        assert_eq!(distinct.number(-1.0), None);
        assert!(distinct.into_values().1.iter().all(|&count| count == 2));
    }
}

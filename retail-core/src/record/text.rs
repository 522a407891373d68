/// A column of strings in one buffer: no allocation per value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextColumn {
    bytes: String,
    ends: Vec<usize>,
}

impl Default for TextColumn {
    fn default() -> Self {
        Self::new()
    }
}

impl TextColumn {
    /// An empty column.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: String::new(),
            ends: Vec::new(),
        }
    }

    /// An empty column with room for what `other` holds.
    pub(super) fn with_room_for(other: &Self) -> Self {
        Self {
            bytes: String::with_capacity(other.bytes.len()),
            ends: Vec::with_capacity(other.ends.len()),
        }
    }

    /// The number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether the column has no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Appends a value.
    #[inline]
    pub fn push(&mut self, value: &str) {
        self.bytes.push_str(value);
        self.ends.push(self.bytes.len());
    }

    /// The value at `index`, or `None` past the end.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1],
        };
        self.bytes.get(start..end)
    }

    /// All values, one after another.
    pub(crate) fn all(&self) -> &str {
        &self.bytes
    }
}

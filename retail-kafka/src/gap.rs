use std::fmt;

/// Records of a partition that nobody has saved, as far as this consumer and its group know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The partition.
    pub partition: u32,
    /// The first offset.
    pub from: u64,
    /// The offset behind the last one.
    pub to: u64,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.to.saturating_sub(1);
        match self.from < last {
            true => write!(
                f,
                "partition {}, offsets {} to {last}",
                self.partition, self.from
            ),
            false => write!(f, "partition {}, offset {}", self.partition, self.from),
        }
    }
}

/// Gaps, one after the other. Topics may have thousands of partitions; not all of them are listed.
pub(crate) struct List<'a>(pub(crate) &'a [Gap]);

const LISTED: usize = 12;

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, gap) in self.0.iter().take(LISTED).enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{gap}")?;
        }
        match self.0.len().saturating_sub(LISTED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more partitions"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_named_by_partition_and_offsets() {
        let gap = |partition, from, to| Gap {
            partition,
            from,
            to,
        };
        let gaps = [gap(1, 200, 500), gap(7, 3, 4)];
        assert_eq!(
            List(&gaps).to_string(),
            "partition 1, offsets 200 to 499; partition 7, offset 3"
        );
        let many: Vec<Gap> = (0..20).map(|partition| gap(partition, 0, 2)).collect();
        assert!(
            List(&many)
                .to_string()
                .ends_with("partition 11, offsets 0 to 1; and 8 more partitions")
        );
    }
}

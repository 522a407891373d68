//! The parts of an input.

/// Between the parts of an input that are texts.
pub(crate) const SEPARATOR: u8 = 0x1e;

/// The first `N` bytes of an input, which choose among forms, and the rest.
pub(crate) fn choices<const N: usize>(data: &[u8]) -> Option<([u8; N], &[u8])> {
    let (first, rest) = data.split_first_chunk()?;
    Some((*first, rest))
}

/// Parts of an input; those that are not there are empty.
pub(crate) fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut parts = data.splitn(N, |&byte| byte == SEPARATOR);
    [(); N].map(|()| parts.next().unwrap_or_default())
}

/// An input of these parts.
pub(crate) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.join(&SEPARATOR)
}

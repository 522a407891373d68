//! Lines of JSON, each of which ends with the checksum of what comes before it in the line.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::checksum;

const KEY: &str = ",\"line_crc32\":\"";
const END: &str = "\"}";
const DIGITS: usize = 8;

/// Appends a value, which has the form of an object with at least one key, as a line.
pub(crate) fn encode(value: &impl Serialize, out: &mut Vec<u8>) {
    // What is listed has string keys and finite numbers only, so serialising it cannot fail.
    let mut object = serde_json::to_vec(value).unwrap_or_default();
    object.pop();
    out.extend_from_slice(&object);
    out.extend_from_slice(KEY.as_bytes());
    out.extend_from_slice(checksum(&object).as_bytes());
    out.extend_from_slice(END.as_bytes());
    out.push(b'\n');
}

/// The object in a line, if the line is as it was written; what is wrong with it otherwise.
pub(crate) fn open(line: &[u8]) -> Result<Vec<u8>, String> {
    let Some(line) = line.strip_suffix(b"\n") else {
        return Err("cut short".to_owned());
    };
    let parts = line.strip_suffix(END.as_bytes()).and_then(|line| {
        let (rest, sum) = line.split_at_checked(line.len().checked_sub(DIGITS)?)?;
        Some((rest.strip_suffix(KEY.as_bytes())?, sum))
    });
    let Some((object, sum)) = parts else {
        return Err("expected a checksum at its end".to_owned());
    };
    let expected = checksum(object);
    if sum != expected.as_bytes() {
        let got = String::from_utf8_lossy(sum);
        return Err(format!("its checksum is {expected}, and it says {got}"));
    }
    Ok([object, b"}"].concat())
}

/// The value of an object.
pub(crate) fn parse<T: DeserializeOwned>(object: &[u8]) -> Result<T, String> {
    serde_json::from_slice(object).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_any_bit_changed_or_any_byte_missing_is_noticed() {
        let mut line = Vec::new();
        encode(
            &[("batch", 7)]
                .into_iter()
                .collect::<std::collections::BTreeMap<_, _>>(),
            &mut line,
        );
        let read = |line: &[u8]| open(line).and_then(|object| parse::<serde_json::Value>(&object));
        assert_eq!(read(&line).unwrap(), serde_json::json!({ "batch": 7 }));
        for at in 0..line.len() {
            for bit in 0..8 {
                let mut changed = line.clone();
                changed[at] ^= 1 << bit;
                assert!(open(&changed).is_err(), "bit {bit} of byte {at}");
            }
            let mut shorter = line.clone();
            shorter.remove(at);
            assert!(open(&shorter).is_err(), "without byte {at}");
        }
        assert!(open(b"").is_err() && open(b"\n").is_err());
    }
}

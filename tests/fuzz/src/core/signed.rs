//! The checksums that decoders look at first.

/// As the engine writes them.
pub(crate) fn checksum(bytes: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(bytes))
}

/// Lines, each of which ends with its checksum if it is an object of JSON with a key.
pub(crate) fn lines(text: &[u8]) -> Vec<u8> {
    let mut signed = Vec::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_suffix(b"}\n") {
            Some(object) if object.starts_with(b"{\"") => {
                signed.extend_from_slice(object);
                let sum = checksum(object);
                signed.extend_from_slice(format!(",\"line_crc32\":\"{sum}\"}}\n").as_bytes());
            }
            _ => signed.extend_from_slice(line),
        }
    }
    signed
}

/// Such lines without their checksums.
pub(crate) fn without_checksums(text: &[u8]) -> Vec<u8> {
    const KEY: &[u8] = b",\"line_crc32\":\"";
    let mut plain = Vec::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        match line.windows(KEY.len()).position(|window| window == KEY) {
            Some(at) => {
                plain.extend_from_slice(&line[..at]);
                plain.extend_from_slice(b"}\n");
            }
            None => plain.extend_from_slice(line),
        }
    }
    plain
}

/// An artefact with this body.
pub(crate) fn artefact(body: &[u8]) -> Vec<u8> {
    let header = serde_json::json!({
        "bytes": body.len(),
        "crc32": checksum(body),
        "format_version": 1,
        "magic": "retail-model",
    });
    let mut bytes = format!("{header}\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// The body of an artefact.
pub(crate) fn body(artefact: &[u8]) -> Vec<u8> {
    let line = artefact.iter().position(|&byte| byte == b'\n');
    artefact[line.map_or(0, |line| line + 1)..].to_vec()
}

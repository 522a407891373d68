//! A case: a request byte by byte, and what the RFCs want.

use crate::support::SALE;

/// A request, the section that has the rule, and the statuses of all answers until the connection ends.
pub(super) struct Case {
    pub(super) rule: &'static str,
    pub(super) what: &'static str,
    pub(super) request: String,
    pub(super) statuses: &'static [u16],
    /// What the RFC recommends instead.
    pub(super) recommended: Option<u16>,
}

impl Case {
    pub(super) fn though_recommended_is(self, status: u16) -> Self {
        Self {
            recommended: Some(status),
            ..self
        }
    }
}

pub(super) fn case(
    rule: &'static str,
    what: &'static str,
    request: impl Into<String>,
    statuses: &'static [u16],
) -> Case {
    Case {
        rule,
        what,
        request: request.into(),
        statuses,
        recommended: None,
    }
}

/// `GET /health` with these lines beside `Host`.
pub(super) fn get(lines: &str) -> String {
    format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n")
}

/// A prediction with these lines and this body.
pub(super) fn post(lines: &str, body: &str) -> String {
    format!("POST /predict/total_amount/v1 HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n{body}")
}

/// `SALE` as two chunks, the first of which is announced so.
pub(super) fn chunks(first: &str, end: &str) -> String {
    let (a, b) = SALE.split_at(16);
    format!("{first}\r\n{a}\r\n{:x}\r\n{b}\r\n{end}", b.len())
}

pub(super) fn lengths() -> (String, usize) {
    (format!("Content-Length: {}\r\n", SALE.len()), SALE.len())
}

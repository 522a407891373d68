/// A form of data that clients send where JSON is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherForm {
    /// `quantity=10&price=25.5`
    Form,
    /// `{…}{…}`, or one on each line.
    SeveralValues,
    /// `{'quantity': 10}`, `True`, `None`
    Python,
}

impl OtherForm {
    pub(super) const EXPECTED: &str = "one value of JSON";

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Form => "a form",
            Self::SeveralValues => "several values, one after another",
            Self::Python => "text as Python prints it",
        }
    }

    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Form => "send {\"quantity\": 10, …}",
            Self::SeveralValues => "put the rows into one array: [{…}, {…}]",
            Self::Python => "send what json.dumps(…) gives, or pass json=… instead of data=…",
        }
    }
}

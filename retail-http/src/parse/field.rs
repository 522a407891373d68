use retail_core::feature::{FeatureSpec, SaleField};

/// A key of a row that a model can make use of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field<'f> {
    /// A feature of the model. It must be a number, if it is given.
    Feature(&'f FeatureSpec),
    /// A field of the sale from which features are computed. Whether it is used, and so whether it
    /// has to be well-formed, is only known once the whole row has been read.
    Sale(SaleField),
    /// Another key, whose value may be of any type.
    Key(&'static str),
}

impl<'f> Field<'f> {
    /// The field of a sale that has this name.
    pub(crate) fn sale_field(self) -> Option<SaleField> {
        match self {
            Self::Sale(field) => Some(field),
            named => SaleField::of_name(named.name()),
        }
    }

    pub(crate) fn name(self) -> &'f str {
        match self {
            Self::Feature(spec) => &spec.name,
            Self::Sale(field) => field.name(),
            Self::Key(name) => name,
        }
    }
}

/// What a row holds under one key.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Cell {
    #[default]
    Empty,
    Number(f64),
    Text(String),
    /// A value of another type, in words.
    Other(&'static str),
    /// More than one value.
    Twice,
}

impl Cell {
    /// The value as an error message shows it.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Empty => "nothing".to_owned(),
            Self::Number(number) => format!("the number {number}"),
            Self::Text(text) => quoted(text),
            Self::Other(words) => (*words).to_owned(),
            Self::Twice => "more than one".to_owned(),
        }
    }
}

/// A string as an error message shows it, cut if it is long.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("the string {:?}…", text.get(..end).unwrap_or_default()),
        None => format!("the string {text:?}"),
    }
}

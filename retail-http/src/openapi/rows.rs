//! Schemas of rows.

use std::collections::BTreeMap;

use retail_core::feature::{Column, FeatureSpec, SaleField, StandardFeature};
use serde_json::{Map, Value, json};

/// Dates that are read for certain. Others are, too: a pattern of them all would tell nobody anything.
const DATE: &str = r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$";

/// What a date gives, if they are left out.
const CALENDAR: [StandardFeature; 3] = [
    StandardFeature::Month,
    StandardFeature::Day,
    StandardFeature::Hour,
];

/// The rows that models with these columns take. One that all models share is taken as the first has it.
pub(super) fn row(columns: &[Column<'_>]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut calendar = Vec::new();
    let has = |name: &String| columns.iter().any(|column| column.spec().name == *name);
    for column in columns {
        let spec = column.spec();
        if properties.contains_key(&spec.name) {
            continue;
        }
        let factors = spec.product_of.as_ref();
        let is_calendar = CALENDAR.iter().any(|feature| feature.name() == spec.name);
        let computed = factors.is_some() || is_calendar || column.is_custom();
        properties.insert(spec.name.clone(), number(column, computed));
        if is_calendar {
            calendar.push(spec.name.clone());
        } else if factors.is_none() && !column.is_custom() {
            required.push(spec.name.clone());
        }
        let factors = factors.into_iter().flatten();
        required.extend(factors.filter(|name| !has(name)).cloned());
    }
    required.sort_unstable();
    required.dedup();
    if columns.iter().any(Column::is_custom) {
        add_texts(&mut properties);
    }
    let mut row = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "examples": [example(columns)],
    });
    if let (false, Some(row)) = (calendar.is_empty(), row.as_object_mut()) {
        add_dates(row, &calendar, columns);
    }
    row
}

/// Either all fields of the calendar are there, or a date from which they are computed.
fn add_dates(row: &mut Map<String, Value>, calendar: &[String], columns: &[Column<'_>]) {
    let parts: Map<String, Value> = columns
        .iter()
        .filter(|column| calendar.contains(&column.spec().name))
        .map(|column| (column.spec().name.clone(), number(column, false)))
        .collect();
    let date = json!({
        "description": "Date and time of the sale, for example `2010-12-01 08:26:00` or `12/1/2010 8:26`. \
                        What it gives may be left out, and has to agree with it if it is there.",
        "examples": ["2011-06-11 14:30:00"],
    });
    if let Some(properties) = row.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("invoice_date".to_owned(), date);
    }
    row.insert(
        "anyOf".to_owned(),
        json!([
            { "title": "Calendar", "required": calendar, "properties": parts },
            {
                "title": "Date",
                "required": ["invoice_date"],
                "properties": { "invoice_date": { "type": "string", "pattern": DATE } },
            },
        ]),
    );
}

/// What features of users may be computed from. Whether it is looked at is up to them.
fn add_texts(properties: &mut Map<String, Value>) {
    for field in SaleField::ALL {
        let name = field.name();
        if !properties.contains_key(name) {
            let words = format!("The {name} of the sale, from which features may be computed.");
            properties.insert(name.to_owned(), json!({ "description": words }));
        }
    }
}

/// The value of a feature. One that is computed if it is left out may be null, too.
fn number(column: &Column<'_>, computed: bool) -> Value {
    let FeatureSpec {
        unit,
        min,
        max,
        whole,
        product_of,
        ..
    } = column.spec();
    let kind = if *whole { "integer" } else { "number" };
    let kind = match computed {
        true => json!([kind, "null"]),
        false => json!(kind),
    };
    let mut words = unit.clone();
    if let Some([one, other]) = product_of {
        words = format!("{unit}: {one} × {other}, computed if it is left out");
    } else if column.is_custom() {
        words = format!("{unit}; computed if it is left out");
    }
    json!({ "type": kind, "minimum": bound(*min), "maximum": bound(*max), "description": words })
}

/// Whole numbers without a point.
fn bound(value: f64) -> Value {
    match value.fract() == 0.0 && value.abs() < 1e15 {
        true => json!(value as i64),
        false => json!(value),
    }
}

/// A row that is accepted: a known sale, and the least legal values of what it does not have.
pub(super) fn example(columns: &[Column<'_>]) -> Value {
    let mut row = BTreeMap::new();
    for FeatureSpec { name, min, max, .. } in columns.iter().map(Column::spec) {
        let value = match name.as_str() {
            "quantity" => 10.0,
            "price" => 25.5,
            "month" => 6.0,
            "day" => 11.0,
            "hour" => 14.0,
            _ => *min,
        };
        row.insert(name.as_str(), value.clamp(*min, *max));
    }
    for FeatureSpec {
        name, product_of, ..
    } in columns.iter().map(Column::spec)
    {
        let factors = product_of.as_ref().map(|[one, other]| {
            let factor = |name: &str| row.get(name).copied();
            Some(factor(one)? * factor(other)?)
        });
        match factors {
            None => {}
            Some(Some(product)) => drop(row.insert(name, product)),
            Some(None) => drop(row.remove(name.as_str())),
        }
    }
    let row = row.into_iter();
    row.map(|(name, value)| (name.to_owned(), bound(value)))
        .collect()
}

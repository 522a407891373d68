//! As much of JSON Schema as the OpenAPI document uses.

use serde_json::Value;

/// Keywords that say nothing of what is valid, or that nothing here breaks.
const ANNOTATIONS: [&str; 9] = [
    "contentMediaType",
    "contentSchema",
    "description",
    "example",
    "examples",
    "format",
    "pattern",
    "propertyNames",
    "title",
];

/// The schemas of a document.
pub(crate) struct Schemas<'d>(pub(crate) &'d Value);

impl<'d> Schemas<'d> {
    fn resolved<'s>(&self, schema: &'s Value) -> &'s Value
    where
        'd: 's,
    {
        match schema.get("$ref").and_then(Value::as_str) {
            None => schema,
            Some(path) => self.0.pointer(path.trim_start_matches('#')).unwrap(),
        }
    }

    /// Panics with what is wrong about the value.
    pub(crate) fn check(&self, schema: &Value, value: &Value, at: &str) {
        if let Err(error) = self.fault(schema, value, at) {
            panic!("{error}\n{value:#}");
        }
    }

    pub(crate) fn fault(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let schema = self.resolved(schema).as_object().unwrap();
        let wrong = |what: String| Err(format!("{at}: {what}"));
        for (keyword, rule) in schema {
            let holds = match (keyword.as_str(), value) {
                ("$ref", _) => true,
                ("type", _) => match rule {
                    Value::Array(kinds) => kinds.iter().any(|kind| is_of(kind, value)),
                    kind => is_of(kind, value),
                },
                ("enum", _) => rule.as_array().unwrap().contains(value),
                ("minimum", Value::Number(_)) => value.as_f64() >= rule.as_f64(),
                ("maximum", Value::Number(_)) => value.as_f64() <= rule.as_f64(),
                ("exclusiveMinimum", Value::Number(_)) => value.as_f64() > rule.as_f64(),
                ("exclusiveMaximum", Value::Number(_)) => value.as_f64() < rule.as_f64(),
                ("minItems", Value::Array(items)) => items.len() as u64 >= rule.as_u64().unwrap(),
                ("maxItems", Value::Array(items)) => items.len() as u64 <= rule.as_u64().unwrap(),
                ("required", Value::Object(object)) => {
                    let mut keys = rule.as_array().unwrap().iter();
                    if let Some(key) = keys.find(|key| !object.contains_key(key.as_str().unwrap()))
                    {
                        return wrong(format!("{key} is missing"));
                    }
                    true
                }
                ("uniqueItems", Value::Array(items)) => {
                    let is_first = |(at, item)| !items[..at].contains(item);
                    *rule == Value::Bool(false) || items.iter().enumerate().all(is_first)
                }
                ("items", Value::Array(items)) => {
                    for (index, item) in items.iter().enumerate() {
                        self.fault(rule, item, &format!("{at}/{index}"))?;
                    }
                    true
                }
                ("properties", Value::Object(object)) => {
                    for (key, value) in object {
                        if let Some(rule) = rule.get(key) {
                            self.fault(rule, value, &format!("{at}/{key}"))?;
                        }
                    }
                    true
                }
                ("additionalProperties", Value::Object(object)) => {
                    let known = schema.get("properties");
                    for (key, value) in object {
                        if known.is_none_or(|known| known.get(key).is_none()) {
                            if *rule == Value::Bool(false) {
                                return wrong(format!("{key} is not described"));
                            }
                            self.fault(rule, value, &format!("{at}/{key}"))?;
                        }
                    }
                    true
                }
                ("allOf" | "anyOf" | "oneOf", _) => {
                    let all = rule.as_array().unwrap();
                    let faults = all
                        .iter()
                        .filter_map(|one| self.fault(one, value, at).err());
                    let faults: Vec<String> = faults.collect();
                    let fits = all.len() - faults.len();
                    let holds = match keyword.as_str() {
                        "allOf" => faults.is_empty(),
                        "anyOf" => fits > 0,
                        _ => fits == 1,
                    };
                    if !holds {
                        return wrong(format!("{keyword}: {fits} fit; {}", faults.join("; ")));
                    }
                    true
                }
                (
                    "minimum"
                    | "maximum"
                    | "exclusiveMinimum"
                    | "exclusiveMaximum"
                    | "minItems"
                    | "maxItems"
                    | "uniqueItems"
                    | "required"
                    | "items"
                    | "properties"
                    | "additionalProperties",
                    _,
                ) => true,
                (other, _) if ANNOTATIONS.contains(&other) => true,
                (other, _) => panic!("{at}: {other} is not known here"),
            };
            if !holds {
                return wrong(format!("{value} breaks {keyword}: {rule}"));
            }
        }
        Ok(())
    }

    /// Panics if there is a key in the value that the schema does not name.
    pub(crate) fn describes(&self, schema: &Value, value: &Value, at: &str) {
        match value {
            Value::Array(items) => {
                let mut of_items = Vec::new();
                self.find(schema, "items", None, &mut of_items);
                for item in items.iter().filter(|_| !of_items.is_empty()) {
                    let fits = of_items
                        .iter()
                        .find(|rule| self.fault(rule, item, at).is_ok());
                    self.describes(fits.unwrap(), item, at);
                }
            }
            Value::Object(object) => {
                for (key, value) in object {
                    let at = format!("{at}/{key}");
                    let mut found = Vec::new();
                    self.find(schema, "properties", Some(key), &mut found);
                    if found.is_empty() {
                        self.find(schema, "additionalProperties", None, &mut found);
                    }
                    let fits = found
                        .iter()
                        .find(|rule| self.fault(rule, value, &at).is_ok());
                    let rule = fits.unwrap_or_else(|| panic!("{at} is not described"));
                    if !is_free(rule) {
                        self.describes(rule, value, &at);
                    }
                }
            }
            _ => {}
        }
    }

    /// What a keyword says, of a key if there is one, here and in all parts of the schema.
    fn find<'s>(
        &self,
        schema: &'s Value,
        keyword: &str,
        key: Option<&str>,
        found: &mut Vec<&'s Value>,
    ) where
        'd: 's,
    {
        let schema = self.resolved(schema);
        let rule = schema.get(keyword);
        found.extend(rule.and_then(|rule| key.map_or(Some(rule), |key| rule.get(key))));
        for parts in ["allOf", "anyOf", "oneOf"] {
            for part in schema
                .get(parts)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                self.find(part, keyword, key, found);
            }
        }
    }
}

/// Whether a schema lets everything pass.
fn is_free(schema: &Value) -> bool {
    let mut keywords = schema.as_object().unwrap().keys();
    keywords.all(|keyword| ANNOTATIONS.contains(&keyword.as_str()))
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}

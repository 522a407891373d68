//! Who is to answer besides a model, as a client asks for it.

use std::sync::Arc;

use axum::http::HeaderName;
use retail_core::feature::RangeError;
use retail_core::registry::{Alias, ChangeError, ContenderRef, Registry, SlotName};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::description::{ByAlias, ByNumber};
use super::fields::{aliases, kind, whole};
use crate::error::{AdminError, ApiError, one_of};
use crate::keyed::{Keyed, objects};
use crate::paths::{version_of, version_text};
use crate::traffic::{Contender, Plan, Shadow, Split};

/// The most shadows of one model.
const MOST_SHADOWS: usize = 5;

/// Who is to answer besides the model.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TrafficRequest)]
pub(super) struct Planned {
    #[serde(default, deserialize_with = "given_object")]
    #[schema(nullable = false)]
    split: Option<PlannedSplit>,
    /// Whose answers are compared and never sent.
    #[serde(default, deserialize_with = "objects")]
    #[schema(max_items = 5, value_type = HashSet<WhoShape>)]
    shadows: Vec<Named>,
}

/// Who takes a share of the requests.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SplitRequest)]
struct PlannedSplit {
    #[serde(deserialize_with = "object")]
    #[schema(value_type = WhoShape)]
    to: Named,
    /// The share of keys.
    #[schema(minimum = 0, maximum = 1)]
    share: f64,
    /// The header that has the key.
    #[schema(pattern = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", example = "x-customer-id")]
    header: String,
}

/// Somebody, by one of these.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    #[serde(default, deserialize_with = "given")]
    revision: Option<Value>,
    #[serde(default, deserialize_with = "given")]
    alias: Option<String>,
    #[serde(default, deserialize_with = "given")]
    version: Option<String>,
}

fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(json: D) -> Result<T, D::Error> {
    Keyed::deserialize(json).map(|Keyed(object)| object)
}

fn given_object<'de, D, T>(json: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    object(json).map(Some)
}

/// Something that may be left out, but is not null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(json: D) -> Result<Option<T>, D::Error> {
    T::deserialize(json).map(Some)
}

/// A revision of the model, or another version of its target.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Contender)]
#[expect(dead_code, reason = "it is read for its schema only")]
enum WhoShape {
    Number(ByNumber),
    Alias(ByAlias),
    Version(ByVersion),
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VersionByName)]
struct ByVersion {
    #[schema(pattern = "^v[1-9][0-9]*$", example = "v2")]
    version: String,
}

impl Planned {
    /// Finds everybody; those that cannot answer are refused.
    pub(super) fn plan(
        self,
        registry: &Registry,
        slot: &Arc<SlotName>,
    ) -> Result<Result<Plan, ApiError>, ChangeError> {
        if self.shadows.len() > MOST_SHADOWS {
            let (expected, got) = (format!("at most {MOST_SHADOWS}"), self.shadows.len());
            return Ok(Err(wrong("shadows", expected, got.to_string())));
        }
        let split = match self.split {
            None => None,
            Some(split) => match split.split(registry, slot)? {
                Ok(split) => Some(split),
                Err(error) => return Ok(Err(error)),
            },
        };
        let mut shadows: Vec<Shadow> = Vec::with_capacity(self.shadows.len());
        for named in &self.shadows {
            match named.find("shadows", registry, slot)? {
                // They are told apart by their names.
                Ok(shadow) if shadows.iter().any(|other| other.of.who == shadow.who) => {
                    let got = format!("{} twice", shadow.who);
                    return Ok(Err(wrong("shadows", "each of them once".to_owned(), got)));
                }
                Ok(shadow) if sees_the_same(registry, slot, &shadow) => {
                    shadows.push(Shadow::new(shadow));
                }
                Ok(shadow) => {
                    let who = shadow.who.to_string();
                    let model = slot.name.clone();
                    return Ok(Err(ApiError::Admin(AdminError::OtherFeatures {
                        who,
                        model,
                    })));
                }
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(Plan::new(split, shadows)))
    }
}

/// Whether a shadow can answer what the model is asked. If either is not trained yet, nobody knows.
fn sees_the_same(registry: &Registry, slot: &SlotName, shadow: &Contender) -> bool {
    let (Some(asked), Ok((_, shadow))) = (registry.get(&slot.name), shadow.answering(registry))
    else {
        return true;
    };
    let (asked, shadow) = (&asked.artefact.info, &shadow.artefact.info);
    asked.features == shadow.features && asked.task == shadow.task
}

impl PlannedSplit {
    fn split(
        self,
        registry: &Registry,
        slot: &Arc<SlotName>,
    ) -> Result<Result<Split, ApiError>, ChangeError> {
        let Self { to, share, header } = self;
        if !(0.0..=1.0).contains(&share) {
            return Ok(Err(ApiError::OutOfRange {
                row: None,
                error: RangeError {
                    feature: "share".to_owned(),
                    expected: "a number from 0 to 1".to_owned(),
                    got: share,
                },
            }));
        }
        let Ok(name) = header.parse::<HeaderName>() else {
            let expected = "the name of a header".to_owned();
            return Ok(Err(wrong("header", expected, format!("{header:?}"))));
        };
        Ok(to
            .find("to", registry, slot)?
            .map(|to| Split::new(to, share, name)))
    }
}

impl Named {
    fn find(
        &self,
        field: &str,
        registry: &Registry,
        slot: &Arc<SlotName>,
    ) -> Result<Result<Contender, ApiError>, ChangeError> {
        let who = match (&self.revision, &self.alias, &self.version) {
            (Some(number), None, None) => match whole(number) {
                Some(revision @ 1..) => ContenderRef::Revision(revision),
                _ => {
                    let expected = "a whole number from 1".to_owned();
                    return Ok(Err(wrong("revision", expected, kind(number))));
                }
            },
            (None, Some(alias), None) => match alias.parse::<Alias>() {
                Ok(alias) => ContenderRef::Alias(alias),
                Err(_) => return Ok(Err(wrong("alias", aliases(), format!("{alias:?}")))),
            },
            (None, None, Some(version)) => match version_of(version) {
                Some(version) => ContenderRef::Version(version),
                None => return Ok(Err(unknown_version(registry, slot, version))),
            },
            several => {
                let got = match several {
                    (None, None, None) => "nothing",
                    _ => "several of them",
                };
                let expected = "a revision, an alias or a version".to_owned();
                return Ok(Err(wrong(field, expected, got.to_owned())));
            }
        };
        let found = Contender::find(registry, slot, who)?;
        Ok(found.ok_or_else(|| {
            let version = self.version.as_deref().unwrap_or_default();
            unknown_version(registry, slot, version)
        }))
    }
}

fn unknown_version(registry: &Registry, slot: &SlotName, version: &str) -> ApiError {
    let slots = registry.iter().map(|(slot, _)| slot);
    let of_target = slots.filter(|other| other.target == slot.target);
    let mut known: Vec<u32> = of_target.map(|slot| slot.version).collect();
    known.sort_unstable();
    let known: Vec<String> = known.into_iter().map(version_text).collect();
    ApiError::UnknownVersion {
        version: version.to_owned(),
        known: one_of(&known),
    }
}

fn wrong(field: &str, expected: String, got: String) -> ApiError {
    ApiError::WrongType {
        field: Some(field.to_owned()),
        row: None,
        expected,
        got,
    }
}

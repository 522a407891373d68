//! The document, completed by the models that are served.

use std::sync::Arc;

use retail_core::feature::Column;
use retail_core::label::Task;
use retail_core::registry::{Served, SlotName};
use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;

use super::{answers, events, operations, rows, truths};
use crate::state::AppState;

/// The models of one target.
pub(super) struct Target<'r> {
    pub(super) name: &'r str,
    /// What the names of its schemas begin with.
    pub(super) title: String,
    /// In order, and at least one.
    pub(super) versions: Vec<u32>,
    slot: &'r SlotName,
    trained: Vec<&'r Served>,
}

impl<'r> Target<'r> {
    fn all(slots: &'r [(Arc<SlotName>, Option<Arc<Served>>)]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let mut slots: Vec<_> = slots.iter().collect();
        slots.sort_by(|(a, _), (b, _)| (&a.target, a.version).cmp(&(&b.target, b.version)));
        for (slot, served) in slots {
            if all.last().is_none_or(|last| last.name != slot.target) {
                let title = title(&slot.target, all.len());
                all.push(Self {
                    name: &slot.target,
                    title,
                    versions: Vec::new(),
                    slot,
                    trained: Vec::new(),
                });
            }
            if let Some(target) = all.last_mut() {
                target.versions.push(slot.version);
                target.trained.extend(served.as_deref());
            }
        }
        all
    }

    /// The kinds of its models; they are of one kind unless somebody wants them not to be.
    pub(super) fn tasks(&self) -> Vec<&'r Task> {
        let mut tasks: Vec<&Task> = Vec::new();
        for served in &self.trained {
            let task = &served.artefact.info.task;
            if !tasks.contains(&task) {
                tasks.push(task);
            }
        }
        tasks
    }

    /// The versions of those that are trained.
    pub(super) fn trained_versions(&self) -> Vec<u32> {
        let infos = self.trained.iter().map(|served| &served.artefact.info);
        infos.map(|info| info.version).collect()
    }

    /// An answer to this row.
    pub(super) fn example(&self, row: &Value) -> Value {
        answers::example(self.slot, self.tasks().first().copied(), row)
    }

    /// The columns of its models; those of one come after those of another.
    fn columns(&self, state: &'r AppState) -> Vec<Column<'r>> {
        let trained = self.trained.iter();
        let schemas = trained.map(|served| &served.artefact.info.features);
        schemas
            .flat_map(|schema| state.extractors.columns(schema))
            .collect()
    }
}

/// `total_amount` as `TotalAmount`. Other names than such are numbered, so that no two are the same.
fn title(target: &str, index: usize) -> String {
    let words = target.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let is_usual = !words.is_empty()
        && words.join("_") == target
        && target
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let mut title = String::new();
    for word in words {
        let (first, rest) = word.split_at_checked(1).unwrap_or_default();
        title.push_str(&first.to_ascii_uppercase());
        title.push_str(rest);
    }
    match is_usual {
        true => title,
        false => format!("{title}_{index}"),
    }
}

/// Replaces what the document says of any model by what is true of those that are served now: targets,
/// versions, features, their ranges, and the forms of answers.
///
/// # Errors
/// What serde says of a document that cannot be written.
pub(crate) fn complete(document: OpenApi, state: &AppState) -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(document)?;
    operations::add_request_ids(&mut document);
    let slots: Vec<_> = state.registry.iter().collect();
    operations::name_slots(&mut document, slots.iter().map(|(slot, _)| &*slot.name));
    let events = events::show(&mut document);
    let targets = Target::all(&slots);
    if targets.is_empty() {
        add(&mut document, events);
        return Ok(document);
    }
    let all: Vec<Column<'_>> = targets
        .iter()
        .flat_map(|target| target.columns(state))
        .collect();
    let mut schemas = events;
    schemas.insert("RowForAll".to_owned(), rows::row(&all));
    schemas.insert("Comparison".to_owned(), answers::comparison(&targets));
    let with_rows = targets.into_iter().map(|target| {
        let columns = target.columns(state);
        let (tasks, title) = (target.tasks(), &target.title);
        schemas.insert(format!("{title}Row"), rows::row(&columns));
        let answer = answers::answer(target.name, &tasks, &columns);
        schemas.insert(format!("{title}Answer"), answer);
        (target, rows::example(&columns))
    });
    let targets: Vec<_> = with_rows.collect();
    operations::split_predict(&mut document, &targets, state.limits);
    operations::name_models(&mut document, &targets);
    let truths = truths::show(&mut document, &schemas, &targets, state.limits);
    schemas.extend(truths);
    operations::show_comparison(&mut document, &targets, &rows::example(&all));
    // A product is a tensor of those models only that have it, and the others refuse it.
    let given = all
        .into_iter()
        .filter(|column| column.spec().product_of.is_none());
    operations::show_tensors(&mut document, &rows::example(&given.collect::<Vec<_>>()));
    add(&mut document, schemas);
    Ok(document)
}

fn add(document: &mut Value, schemas: Map<String, Value>) {
    if let Some(Value::Object(known)) = document.pointer_mut("/components/schemas") {
        known.extend(schemas);
    }
}

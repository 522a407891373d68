//! The end of a run: a line of JSON for programs, and tables for people.

use std::io::IsTerminal;

use clap::ValueEnum;
use retail_core::engine::{ModelOutcome, ModelReport, RunReport};
use retail_core::evaluate::Metrics;
use retail_core::registry::{HoldOutResult, Registry};
use retail_examples::{Outcome, aligned, print, shown};

/// How the summary of a run looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// One line of JSON.
    Json,
    /// Tables of the models and of what was rejected.
    Table,
}

/// Prints what has become of a stream and of the models: as it is asked for, or as a table if standard
/// output is a terminal.
pub(crate) fn show(report: &RunReport, models: &Registry, output: Option<Output>) -> Outcome<()> {
    let usual = match std::io::stdout().is_terminal() {
        true => Output::Table,
        false => Output::Json,
    };
    match output.unwrap_or(usual) {
        Output::Json => print(serde_json::to_string(report)?),
        Output::Table => print(tables(report, models)),
    }
}

const MODELS: [&str; 8] = [
    "model", "target", "version", "rows", "measure", "score", "baseline", "seconds",
];

const MEANING: &str = "score: on the last 20 % of the rows, by a model of those before; rmse is better if lower, \
     accuracy if higher\nbaseline: the same for a prediction that is always the mean, or the \
     commonest class, of those before";

fn tables(report: &RunReport, models: &Registry) -> String {
    let batches = match report.batches {
        1 => "1 batch".to_owned(),
        several => format!("{several} batches"),
    };
    let head = format!(
        "{} records read, {} kept in {batches}; {:.2} s",
        report.rows_read, report.rows_kept, report.seconds
    );
    let mut rows = vec![MODELS.map(str::to_owned).to_vec()];
    rows.extend(report.models.iter().map(|model| row(model, models)));
    let rejected = report.rejected.iter().filter(|(_, count)| *count > 0);
    let mut reasons = vec![vec!["rejected for".to_owned(), "records".to_owned()]];
    reasons.extend(rejected.map(|(reason, count)| vec![reason.to_owned(), count.to_string()]));
    let reasons = match reasons.len() {
        1 => "nothing was rejected".to_owned(),
        _ => aligned(&reasons),
    };
    format!("{head}\n\n{}\n\n{MEANING}\n\n{reasons}", aligned(&rows))
}

/// A model's line. If there is no score, the reason takes its place.
fn row(model: &ModelReport, models: &Registry) -> Vec<String> {
    let slot = models.iter().find(|(slot, _)| slot.name == model.name);
    let (target, version) = slot.map_or_else(Default::default, |(slot, _)| {
        (slot.target.clone(), format!("v{}", slot.version))
    });
    let mut row = vec![
        model.name.clone(),
        target,
        version,
        model.status.rows.to_string(),
    ];
    match &model.status.outcome {
        ModelOutcome::Trained {
            holdout: HoldOutResult::Measured(metrics),
            baseline,
        } => {
            let (measure, score) = metrics.score();
            let baseline = baseline.as_ref().map(|baseline| shown(score_of(baseline)));
            row.extend([
                measure.to_owned(),
                shown(score),
                baseline.unwrap_or_default(),
                format!("{:.3}", model.status.seconds),
            ]);
        }
        ModelOutcome::Trained {
            holdout: HoldOutResult::NotMeasured { not_trained },
            ..
        } => row.push(format!("trained, not measured: {not_trained}")),
        ModelOutcome::NotTrained { message, .. } => row.push(format!("not trained: {message}")),
    }
    row
}

fn score_of(metrics: &Metrics) -> f64 {
    metrics.score().1
}

//! Schemas of how good models are, or why there are none.
#![expect(dead_code, reason = "these types are read for their schemas only")]

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::openapi::schema::AnyOf;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Why a window gave no model. Reasons have further keys of their own.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotTrainedReason {
    /// The kind of reason, for example `no_rows`.
    reason: String,
    /// What there was, and what would have been needed.
    #[serde(flatten)]
    more: BTreeMap<String, serde_json::Value>,
}

/// Metrics on the last 20 % of the slice, or why there are none.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = HoldOut)]
pub(crate) enum HoldOutShape {
    NotMeasured { not_trained: NotTrainedReason },
    Measured(MetricsShape),
}

/// How good predictions are, by the measures of their kind of target.
#[derive(Serialize)]
pub(crate) struct MetricsShape;

impl PartialSchema for MetricsShape {
    fn schema() -> RefOr<Schema> {
        // Not one of them: all that several classes have is there for two as well.
        let any = AnyOf::builder()
            .item(Ref::from_schema_name("RegressionMetrics"))
            .item(Ref::from_schema_name("MulticlassMetrics"))
            .item(Ref::from_schema_name("BinaryMetrics"));
        Schema::AnyOf(any.build()).into()
    }
}

impl ToSchema for MetricsShape {
    fn name() -> Cow<'static, str> {
        "Metrics".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend([
            ("RegressionMetrics".to_owned(), RegressionShape::schema()),
            ("MulticlassMetrics".to_owned(), MulticlassShape::schema()),
            ("BinaryMetrics".to_owned(), BinaryShape::schema()),
        ]);
    }
}

/// Measures of a regression.
#[derive(ToSchema)]
struct RegressionShape {
    /// Root of the mean squared error, in target units.
    rmse: f64,
    /// Mean absolute error, in target units.
    mae: f64,
    /// Coefficient of determination; null below two rows.
    #[schema(required = true)]
    r2: Option<f64>,
    /// Rows measured.
    rows: u64,
}

/// Measures of a classification into several classes.
#[derive(ToSchema)]
struct MulticlassShape {
    /// Share of rows whose class is predicted.
    accuracy: f64,
    /// Mean over classes of F1.
    macro_f1: f64,
    log_loss: f64,
    /// Rows by true class (outer) and predicted class (inner).
    confusion: Vec<Vec<u64>>,
    /// Rows measured.
    rows: u64,
}

/// Measures of a yes or no.
#[derive(ToSchema)]
struct BinaryShape {
    /// Share of rows whose class is predicted.
    accuracy: f64,
    /// Mean over classes of F1.
    macro_f1: f64,
    /// Area under the receiver operating characteristic; null if all rows are of one class.
    #[schema(required = true)]
    auc: Option<f64>,
    log_loss: f64,
    /// Mean squared error of the probability.
    brier: f64,
    /// Rows by true class (outer) and predicted class (inner): no, yes.
    confusion: Vec<Vec<u64>>,
    /// Share of rows that are yes in truth.
    positive_share: f64,
    /// Rows measured.
    rows: u64,
}

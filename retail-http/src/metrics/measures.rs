use retail_core::evaluate::Metrics;

/// A measure of how good predictions are.
pub(super) struct Measure {
    /// What the names of its families end in.
    pub(super) name: &'static str,
    /// What it is, before the rows that it is of.
    pub(super) help: &'static str,
    read: fn(&Metrics) -> Option<f64>,
}

pub(super) const MEASURES: [Measure; 8] = [
    Measure {
        name: "rmse",
        help: "Root of the mean squared error, in target units,",
        read: |metrics| match metrics {
            Metrics::Regression(metrics) => Some(metrics.rmse),
            _ => None,
        },
    },
    Measure {
        name: "mae",
        help: "Mean absolute error, in target units,",
        read: |metrics| match metrics {
            Metrics::Regression(metrics) => Some(metrics.mae),
            _ => None,
        },
    },
    Measure {
        name: "r2",
        help: "Coefficient of determination",
        read: |metrics| match metrics {
            Metrics::Regression(metrics) => metrics.r2,
            _ => None,
        },
    },
    Measure {
        name: "accuracy",
        help: "Share of rows whose class is predicted",
        read: |metrics| match metrics {
            Metrics::Multiclass(metrics) => Some(metrics.accuracy),
            Metrics::Binary(metrics) => Some(metrics.accuracy),
            _ => None,
        },
    },
    Measure {
        name: "macro_f1",
        help: "Mean F1 of the classes",
        read: |metrics| match metrics {
            Metrics::Multiclass(metrics) => Some(metrics.macro_f1),
            Metrics::Binary(metrics) => Some(metrics.macro_f1),
            _ => None,
        },
    },
    Measure {
        name: "log_loss",
        help: "Mean logarithmic loss",
        read: |metrics| match metrics {
            Metrics::Multiclass(metrics) => Some(metrics.log_loss),
            Metrics::Binary(metrics) => Some(metrics.log_loss),
            _ => None,
        },
    },
    Measure {
        name: "auc",
        help: "Area under the receiver operating characteristic",
        read: |metrics| match metrics {
            Metrics::Binary(metrics) => metrics.auc,
            _ => None,
        },
    },
    Measure {
        name: "brier",
        help: "Brier score",
        read: |metrics| match metrics {
            Metrics::Binary(metrics) => Some(metrics.brier),
            _ => None,
        },
    },
];

impl Measure {
    /// What it says of predictions. A number that is beyond `f64` is left out.
    pub(super) fn of(&self, metrics: &Metrics) -> Option<f64> {
        (self.read)(metrics).filter(|value| value.is_finite())
    }
}

// What the API's names are called on the page. A name that is not here is written out as it is.

/** `quantity_category` as “Quantity category”. */
export function plain(name) {
  const text = String(name).replaceAll(/[_-]/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const REASONS = {
  wrong_column_count: "Wrong number of columns",
  unparsable_field: "Unreadable field",
  overlap: "Was in an earlier file",
  cancelled: "Cancelled",
  adjustment: "Accounting adjustment",
  missing_customer: "No customer number",
  non_positive_quantity: "Quantity not above zero",
  non_positive_price: "Price not above zero",
};

export const reason = (name) => REASONS[name] ?? plain(name);

/** `kind` says how the number is written, `better` in which direction it is good. */
const METRICS = {
  mae: { name: "Average error", kind: "number", better: "lower" },
  rmse: { name: "Error, large ones weigh more (RMSE)", brief: "RMSE", kind: "number", better: "lower" },
  r2: { name: "Variation explained (R²)", brief: "R²", kind: "number", better: "higher" },
  accuracy: { name: "Right answers", kind: "share", better: "higher" },
  macro_f1: {
    name: "Right answers, all classes weighing the same (F1)",
    brief: "F1",
    kind: "number",
    better: "higher",
  },
  auc: { name: "Puts yes above no (AUC)", brief: "AUC", kind: "number", better: "higher" },
  log_loss: { name: "Surprise (log loss)", brief: "Log loss", kind: "number", better: "lower" },
  brier: { name: "Error of probabilities (Brier)", brief: "Brier", kind: "number", better: "lower" },
};

export function metric(key) {
  const known = METRICS[key] ?? { name: plain(key), kind: "number" };
  return { brief: known.name, ...known };
}

/** The metrics of a model, the most telling first; counts and shares of the data are none. */
export function metricKeys(values) {
  const order = Object.keys(METRICS);
  const isMetric = (key) => typeof values?.[key] === "number" && !["rows", "positive_share"].includes(key);
  const rank = (key) => (order.includes(key) ? order.indexOf(key) : order.length);
  return Object.keys(values ?? {})
    .filter(isMetric)
    .sort((a, b) => rank(a) - rank(b));
}

const KINDS = { regression: "a number", binary: "yes or no", multiclass: "one of several classes" };
export const kind = (task) => KINDS[task?.kind] ?? "";

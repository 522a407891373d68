// The models that are served, and the last trainings.

import { clockAhead } from "./api.js";
import { byId, element, show, table, whenChanged } from "./dom.js";
import * as format from "./format.js";
import * as words from "./words.js";

export function showModels({ models, status }) {
  show(byId("models"), models !== null);
  if (models) listModels({ models, trained: status?.models ?? {} });
}

const listModels = whenChanged(({ models, trained }) => {
  if (!models.length) {
    byId("models-table").replaceChildren(element("p", { class: "empty" }, "There are no models."));
    return;
  }
  const groups = [...Map.groupBy(models, ({ target }) => target)].map(([target, versions]) => {
    const task = versions.find((model) => model.task)?.task;
    const title = element("span", {}, words.plain(target), " ", element("small", {}, words.kind(task)));
    return { title, rows: versions.map((model) => rowOf(model, trained[model.name])) };
  });
  const headers = [
    "Version",
    "State",
    "Learned from",
    "On sales held back",
    "On the stream, before learning",
    "Training took",
  ];
  byId("models-table").replaceChildren(table("Models by what they predict", headers, groups));
});

function rowOf(model, training) {
  const name = lines(element("b", {}, model.version), model.name);
  if (!model.trained) {
    const why = model.reason ?? training?.message ?? "no training yet";
    return [
      name,
      lines(state("waiting", "Not trained"), why),
      format.NOTHING,
      format.NOTHING,
      format.NOTHING,
      took(training),
    ];
  }
  const failed = training?.status === "not_trained";
  const now = failed
    ? lines(state("warn", "Serving an earlier revision"), training.message)
    : lines(state("good", "Serving"), `revision ${model.revision} · ${words.plain(model.trainer)}`);
  const { rows, window } = model.slice;
  return [
    name,
    now,
    lines(`${format.count(rows)} sales`, window),
    metrics(model.holdout, "too few sales"),
    metrics(training?.prequential?.recent, "not measured yet"),
    took(training),
  ];
}

const lines = (first, second) =>
  element("span", { class: "lines" }, element("span", {}, first), element("small", {}, second));

const state = (kind, text) => element("span", { class: "state", data: { kind } }, text);

const took = (training) => (training ? `${format.seconds(training.seconds)}` : format.NOTHING);

/** The most telling number, and the others below it. */
function metrics(values, otherwise) {
  const [first, ...others] = words.metricKeys(values).map((key) => {
    const { brief, kind } = words.metric(key);
    return { brief, text: format.ofKind(kind, values[key]) };
  });
  if (!first) return element("small", {}, otherwise);
  const rest = others.map(({ brief, text }) => `${brief} ${text}`).join(" · ");
  return lines(element("span", {}, element("b", {}, first.text), ` ${first.brief.toLowerCase()}`), rest);
}

/** How many trainings are listed. */
const LISTED = 12;

export function showTrainings({ history: { trainings } }) {
  show(byId("trainings"), trainings.length > 0);
  listTrainings(trainings.slice(-LISTED).reverse());
  for (const time of byId("trainings").querySelectorAll("time")) {
    const text = format.ago(Date.now() + clockAhead - format.timeOf(time.dateTime.replace("Z", "")));
    if (time.textContent !== text) time.textContent = text;
  }
}

const listTrainings = whenChanged((trainings) => {
  const rows = trainings.map((training) => [
    element("time", { datetime: `${training.at}Z`, title: `${training.at}Z` }),
    training.model,
    outcome(training),
    `${format.count(training.rows)} sales`,
    format.seconds(training.seconds),
  ]);
  byId("trainings-table").replaceChildren(
    table(
      "The newest trainings, newest first",
      ["When", "Model", "Outcome", "Learned from", "Took"],
      [{ rows }],
    ),
  );
});

function outcome({ status, message, changed, revision }) {
  if (status !== "trained") return lines(state("waiting", "Not trained"), message);
  return changed ? state("good", `New revision ${revision}`) : state("same", "Nothing new");
}

// The form that asks all models about one sale. Its fields are the features that the models name; the
// API checks them, and what it says stands at the field that it names.

import { byId, element, setText, show, whenChanged } from "./dom.js";
import { showAnswers } from "./answers.js";
import * as format from "./format.js";
import { compare } from "./predict.js";
import * as words from "./words.js";

const now = new Date();
/** What a field holds at first; others begin empty. */
const FIRST = {
  quantity: 6,
  price: 2.55,
  month: now.getMonth() + 1,
  day: now.getDate(),
  hour: now.getHours(),
};

let all = [];
let models = [];
const inputs = new Map();

export function showForm(state) {
  all = state.models ?? [];
  models = all.filter((model) => model.trained);
  show(byId("try"), models.length > 0);
  if (models.length) build(fieldsOf(models));
}

/** The features of all models, each once; those that the server computes from others are marked. */
function fieldsOf(models) {
  const all = new Map();
  for (const feature of models.flatMap((model) => model.features)) {
    if (!all.has(feature.name)) all.set(feature.name, feature);
  }
  return [...all.values()];
}

const build = whenChanged((features) => {
  const before = new Map([...inputs].map(([name, { input }]) => [name, input.value]));
  inputs.clear();
  const asked = features.filter((feature) => !feature.product_of);
  const computed = features.filter((feature) => feature.product_of);
  const fields = asked.map((feature) => fieldOf(feature, before.get(feature.name)));
  const notes = computed.map(
    ({ name, product_of: of }) =>
      `${words.plain(name)} is ${of.map((one) => words.plain(one).toLowerCase()).join(" × ")}.`,
  );
  const form = element(
    "form",
    { novalidate: true, autocomplete: "off", onsubmit: submit },
    element("div", { class: "fields" }, fields),
    element(
      "div",
      { class: "send" },
      element("button", { type: "submit", id: "predict" }, "Predict"),
      element("p", { id: "asked", class: "hint", role: "status" }, notes.join(" ")),
    ),
    element("p", { id: "form-error", class: "error", role: "alert", hidden: true }),
  );
  byId("try-form").replaceChildren(form);
});

function rangeOf({ min, max, whole }) {
  const write = (value) => (whole ? format.count(value) : String(value));
  return max >= 1e6 ? `from ${write(min)}` : `${write(min)} to ${write(max)}`;
}

function fieldOf(feature, before) {
  const { name, unit } = feature;
  const id = `field-${name}`;
  const error = element("span", { id: `${id}-error`, class: "error", hidden: true });
  const hint = element(
    "span",
    { id: `${id}-hint`, class: "hint" },
    [unit, rangeOf(feature)].filter(Boolean).join(", "),
  );
  const input = element("input", {
    id,
    name,
    type: "text",
    inputmode: feature.whole ? "numeric" : "decimal",
    value: before ?? FIRST[name] ?? "",
    "aria-describedby": `${hint.id} ${error.id}`,
    oninput: () => clear(name),
  });
  inputs.set(name, { input, error });
  return element(
    "div",
    { class: "field" },
    element("label", { for: id }, words.plain(name)),
    input,
    hint,
    error,
  );
}

function clear(name) {
  const { input, error } = inputs.get(name);
  input.removeAttribute("aria-invalid");
  show(error, false);
}

/** What the fields hold. What is no number goes as it is, so that the API says what it expects. */
function sale() {
  const filled = [...inputs]
    .map(([name, { input }]) => [name, input.value.trim()])
    .filter(([, text]) => text !== "");
  return Object.fromEntries(
    filled.map(([name, text]) => [name, Number.isFinite(Number(text)) ? Number(text) : text]),
  );
}

let asking = 0;

async function submit(event) {
  event.preventDefault();
  for (const name of inputs.keys()) clear(name);
  show(byId("form-error"), false);
  const mine = ++asking;
  byId("predict").setAttribute("aria-busy", "true");
  try {
    const predictions = await compare(sale());
    if (mine !== asking) return;
    showAnswers(predictions, [...new Set(all.map(({ target }) => target))]);
    const answers = Object.values(predictions).flatMap((versions) => Object.values(versions));
    const given = answers.filter((answer) => !answer.error).length;
    setText(byId("asked"), `${given} of ${answers.length} models have answered.`);
  } catch (problem) {
    if (mine === asking) complain(problem);
  } finally {
    byId("predict")?.removeAttribute("aria-busy");
  }
}

function complain(problem) {
  const named = inputs.get(problem.field);
  if (!named) {
    const text = problem.status ? problem.message : "The server does not answer. Please try again.";
    setText(byId("form-error"), text);
    show(byId("form-error"), true);
    return;
  }
  const { expected, got, message } = problem;
  setText(named.error, expected ? `Expected ${expected}, got ${got ?? "something else"}.` : message);
  show(named.error, true);
  named.input.setAttribute("aria-invalid", "true");
  named.input.focus();
}

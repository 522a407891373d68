// The answers of all versions, side by side.

import { byId, element } from "./dom.js";
import { explanation } from "./explanation.js";
import * as format from "./format.js";
import * as words from "./words.js";

/** `targets` is the order in which they are shown. */
export function showAnswers(predictions, targets) {
  const cards = targets
    .filter((target) => predictions[target])
    .map((target) =>
      element(
        "article",
        { class: "answers" },
        element("h3", {}, words.plain(target)),
        element(
          "ul",
          {},
          Object.entries(predictions[target]).map(([version, answer]) =>
            element("li", {}, answerOf(version, answer)),
          ),
        ),
      ),
    );
  byId("try-answers").replaceChildren(element("div", { class: "plots" }, cards));
}

/** A number that is shown rounded, with all its digits for machines and on hovering. */
const exact = (value, text) => element("data", { value, title: String(value) }, text);

function answerOf(version, answer) {
  const head = element(
    "span",
    { class: "version" },
    element("b", {}, version),
    answer.revision ? ` revision ${answer.revision}` : "",
  );
  if (answer.error) return [head, element("p", { class: "hint" }, answer.error.message)];
  return [head, ...said(answer), explanation(answer)];
}

function said(answer) {
  if (typeof answer.prediction === "number") {
    const { interval } = answer;
    const range = interval
      ? `between ${format.amount(interval.lower)} and ${format.amount(interval.upper)} with ${format.percent(interval.level, 0)} probability`
      : "";
    return [
      element("p", { class: "said" }, exact(answer.prediction, format.amount(answer.prediction))),
      element("p", { class: "hint" }, range),
    ];
  }
  if (answer.probabilities) {
    const bars = Object.entries(answer.probabilities).map(([name, share]) =>
      bar(name, share, name === answer.predicted_category),
    );
    return [
      element("p", { class: "said" }, answer.predicted_category),
      element("div", { class: "shares" }, bars),
    ];
  }
  if (typeof answer.probability === "number") {
    const yes = Object.entries(answer).find(
      ([key, value]) => key.startsWith("is_") && typeof value === "boolean",
    )?.[1];
    return [
      element("p", { class: "said" }, yes ? "Yes" : "No"),
      element("div", { class: "shares" }, bar("Yes", answer.probability, yes)),
    ];
  }
  return [];
}

function bar(name, share, chosen) {
  const made = element(
    "div",
    { class: chosen ? "share chosen" : "share" },
    element("span", {}, name),
    element("i", { "aria-hidden": "true" }),
    exact(share, format.percent(share)),
  );
  made.style.setProperty("--share", share);
  return made;
}

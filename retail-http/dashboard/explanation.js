// What each feature has added to an answer, as bars to both sides of zero, if the server explains.

import { element } from "./dom.js";
import * as format from "./format.js";
import * as words from "./words.js";

const UNITS = {
  value: "added to the prediction",
  log_odds: "more or less likely (log-odds)",
  probability: "added to the probability",
};

/** The explanation of an answer; nothing if there is none, or none that is understood. */
export function explanation({ explanation: given, predicted_category: category }) {
  // Several classes have an explanation each: that of the class which was predicted is shown.
  const { base, contributions } = given?.classes?.[category] ?? given ?? {};
  const entries = Object.entries(contributions ?? {}).filter(([, value]) => typeof value === "number");
  if (!entries.length) return null;
  const [times, unit] = given.scale === "probability" ? [100, " %"] : [1, ""];
  // What is shown as nothing has no sign.
  const isNothing = (value) => Math.abs(value * times) < 0.0005;
  const write = (value) => (isNothing(value) ? "0" : format.measure(value * times)) + unit;
  const signed = (value) => (value > 0 && !isNothing(value) ? "+" : "") + write(value);
  const most = Math.max(...entries.map(([, value]) => Math.abs(value))) || 1;
  const rows = entries
    .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .map(([name, value]) => {
      const bar = element("i", { class: value < 0 ? "less" : "more", "aria-hidden": "true" });
      const row = element(
        "tr",
        {},
        element("th", { scope: "row" }, words.plain(name)),
        element("td", {}, bar),
        element("td", { class: "number" }, signed(value)),
      );
      row.style.setProperty("--share", Math.abs(value) / most);
      return row;
    });
  const caption = [`Why: ${UNITS[given.scale] ?? "what each field adds"}`];
  if (typeof base === "number") caption.push(`, starting from ${write(base)}`);
  return element(
    "table",
    { class: "why" },
    element("caption", {}, caption.join("")),
    element("tbody", {}, rows),
  );
}

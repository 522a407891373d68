// Plots of batches and of how well models predict them.

import { byId, element, show } from "./dom.js";
import * as format from "./format.js";
import { Plot, smooth } from "./plots.js";
import * as words from "./words.js";

/** Single batches vary much: lines are means over this many. */
const SMOOTHED = 10;

let revenue = null;
/** What each part has drawn: what has not changed stays, and so does what the pointer shows of it. */
const drawn = {};

export function showRevenue({ history }) {
  if (drawn.revenue === history) return;
  drawn.revenue = history;
  const { batches } = history;
  revenue ??= new Plot(byId("revenue-plot"), { bars: true, zero: true });
  const days = new Map(batches.map(({ batch, watermark }) => [batch, format.timeOf(watermark)]));
  const label = (batch) => {
    const sold = days.get(batch);
    return Number.isNaN(sold) ? `Batch ${batch}` : `Batch ${batch}, up to ${format.day(sold)}`;
  };
  const series = [{ name: "Sales", values: batches.map(({ revenue }) => revenue ?? null) }];
  const numbers = batches.map(({ batch }) => batch);
  revenue.update("Sales per batch", numbers, series, { write: format.amount, axis: format.short, label });
}

/** A plot for each target, by its name. */
const plots = new Map();

function plotOf(target, task) {
  if (!plots.has(target)) {
    const id = `metric-${plots.size}`;
    const chosen = element("select", { id, onchange: () => plots.get(target).update() });
    const title = element("h3", {}, words.plain(target), " ", element("small", {}, words.kind(task)));
    const choice = element(
      "div",
      { class: "choice" },
      element("label", { for: id, class: "unseen" }, `Measure of ${words.plain(target)}`),
      chosen,
      element("span", { class: "better" }),
    );
    const figure = element("article", { class: "plot" }, element("header", {}, title, choice));
    byId("quality-plots").append(figure);
    plots.set(target, { chosen, choice, plot: new Plot(figure), update: () => {} });
  }
  return plots.get(target);
}

export function showQuality({ models, history }) {
  if (drawn.quality === history) return;
  drawn.quality = history;
  const { scores } = history;
  const scored = (models ?? []).filter(({ name }) => scores[name]?.length);
  show(byId("quality"), scored.length > 0);
  const targets = Map.groupBy(scored, ({ target }) => target);
  for (const [target, versions] of targets) {
    const shown = plotOf(target, versions[0].task);
    const last = scores[versions[0].name].at(-1);
    offer(shown, words.metricKeys(last.metrics));
    shown.update = () => draw(shown, target, versions, scores);
    shown.update();
  }
}

function offer({ chosen }, keys) {
  const offered = [...chosen.options].map(({ value }) => value);
  if (offered.join() === keys.join()) return;
  const before = chosen.value;
  const options = keys.map((value) => element("option", { value }, words.metric(value).name));
  chosen.replaceChildren(...options);
  if (keys.includes(before)) chosen.value = before;
}

function draw({ chosen, choice, plot }, target, versions, scores) {
  const key = chosen.value;
  const { name, kind, better } = words.metric(key);
  choice.lastElementChild.textContent = better ? `${better} is better` : "";
  const all = versions.flatMap((model) => scores[model.name].map(({ batch }) => batch));
  const batches = [...new Set(all)].sort((a, b) => a - b);
  const series = versions.map((model) => {
    const values = new Map(scores[model.name].map((score) => [score.batch, score.metrics[key]]));
    return {
      name: model.version,
      values: smooth(
        batches.map((batch) => values.get(batch) ?? null),
        SMOOTHED,
      ),
    };
  });
  const write = (value) => format.ofKind(kind, value);
  plot.update(`${words.plain(target)}: ${name}`, batches, series, {
    write,
    axis: kind === "share" ? (value) => `${format.tick(value * 100)} %` : format.tick,
  });
}

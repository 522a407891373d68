// Lines over batches, each with its last values in words and in a table.

import { element, setText, table } from "./dom.js";
import * as format from "./format.js";

const HEIGHT = 190;
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]];
/** Rows of the table that stands for a plot. */
const LISTED = 10;

const probe = element("span", { hidden: true });
document.body.append(probe);

/** A colour of the style sheet as the canvas takes it. */
function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

/** The mean of the newest `size` values up to each place; gaps stay gaps. */
export function smooth(values, size) {
  return values.map((value, at) => {
    if (value === null) return null;
    const near = values.slice(Math.max(0, at - size + 1), at + 1).filter((one) => one !== null);
    return near.reduce((sum, one) => sum + one, 0) / near.length;
  });
}

/** Room for a plot with its words, to which `update` gives numbers. */
export class Plot {
  constructor(host, { bars = false, zero = false } = {}) {
    this.options = { bars, zero };
    this.words = element("p", { class: "reading" });
    this.canvas = element("div", { class: "canvas", role: "img" });
    this.legend = element("p", { class: "legend" });
    this.listed = element("div", { class: "listed", tabindex: "0", role: "region" });
    this.details = element("details", {}, element("summary", {}, "Numbers"), this.listed);
    this.details.addEventListener("toggle", () => this.list());
    host.append(this.words, this.canvas, this.legend, this.details);
    new ResizeObserver(() => this.resize()).observe(this.canvas);
    document.addEventListener("themechange", () => this.draw());
  }

  /**
   * `batches` are numbers, `series` are `{ name, values }` with as many values or nulls, `write` writes
   * a value, `axis` one at the axis, and `label` a batch.
   */
  update(name, batches, series, { write, axis = write, label = (batch) => `Batch ${batch}` }) {
    const same = this.series?.length === series.length && this.name === name;
    Object.assign(this, { name, batches, series, write, axis, label });
    const names = series.map(({ name }) => name).join();
    if (series.length > 1 && names !== this.names) {
      this.values = series.map(() => element("b"));
      const items = series.map(({ name }, at) =>
        element(
          "span",
          { class: `key series-${at % 4}` },
          element("i", { "aria-hidden": "true" }),
          name,
          this.values[at],
        ),
      );
      this.legend.replaceChildren(...items);
    }
    this.names = names;
    this.say(batches.length - 1);
    this.list();
    this.canvas.setAttribute("aria-label", this.description());
    this.listed.setAttribute("aria-label", `Numbers of ${name}`);
    if (same && this.plot) this.plot.setData(this.data());
    else this.draw();
  }

  data() {
    return [this.batches, ...this.series.map(({ values }) => values)];
  }

  /** Shows the values at one place. */
  say(at) {
    if (at < 0) {
      setText(this.words, "No batch yet.");
      return;
    }
    const texts = this.series.map(({ values }) =>
      values[at] === null ? format.NOTHING : this.write(values[at]),
    );
    const label = this.label(this.batches[at]);
    setText(this.words, texts.length > 1 ? label : `${label}: ${texts[0]}`);
    this.values?.forEach((value, which) => setText(value, texts[which]));
  }

  description() {
    const parts = this.series.map(({ name, values }) => {
      const known = values.filter((value) => value !== null);
      if (!known.length) return `${name}: no values yet`;
      const [low, high] = [Math.min(...known), Math.max(...known)];
      return `${name}: last ${this.write(known.at(-1))}, lowest ${this.write(low)}, highest ${this.write(high)}`;
    });
    return `${this.name} over ${this.batches.length} batches. ${parts.join(". ")}.`;
  }

  list() {
    if (!this.details.open || !this.batches) return;
    const newest = this.batches
      .map((_, at) => at)
      .slice(-LISTED)
      .reverse();
    const rows = newest.map((at) => [
      this.label(this.batches[at]),
      ...this.series.map(({ values }) => (values[at] === null ? format.NOTHING : this.write(values[at]))),
    ]);
    const headers = ["Batch", ...this.series.map(({ name }) => name)];
    this.listed.replaceChildren(table(`${this.name}, the newest batches`, headers, [{ rows }]));
  }

  resize() {
    const width = this.canvas.clientWidth;
    if (!this.plot) this.draw();
    else if (width && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT });
  }

  draw() {
    this.plot?.destroy();
    this.plot = null;
    const width = this.canvas.clientWidth;
    if (!width || !this.batches?.length) return;
    const [text, grid] = [colour("--muted"), colour("--grid")];
    const axes = {
      stroke: text,
      font: "11px system-ui, sans-serif",
      grid: { stroke: grid, width: 1 },
      ticks: { stroke: grid, width: 1, size: 4 },
    };
    const lines = this.series.map(({ name }, at) => ({
      label: name,
      stroke: colour(`--series-${at % 4}`),
      width: this.options.bars ? 0 : 2,
      fill: this.options.bars ? colour("--series-0") : undefined,
      paths: this.options.bars ? uPlot.paths.bars({ size: [0.8, 40] }) : undefined,
      dash: DASHES[at % DASHES.length],
      points: { show: this.batches.length === 1 && !this.options.bars },
    }));
    const range = (_, low, high) => {
      if (low === null) return [0, 1];
      if (this.options.zero) return [Math.min(0, low * 1.05), high > 0 ? high * 1.05 : 1];
      const room = (high - low || Math.abs(high) || 1) * 0.1;
      return [low - room, high + room];
    };
    this.plot = new uPlot(
      {
        width,
        height: HEIGHT,
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
        scales: {
          x: { time: false, range: (_, low, high) => [low - 0.5, high + 0.5] },
          y: { range },
        },
        axes: [
          {
            ...axes,
            size: 28,
            space: 60,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
            values: (_, at) => at.map(format.count),
          },
          { ...axes, size: 56, space: 36, values: (_, at) => at.map((value) => this.axis(value)) },
        ],
        series: [{}, ...lines],
        hooks: {
          setCursor: [(plot) => this.say(plot.cursor.idx ?? this.batches.length - 1)],
        },
      },
      this.data(),
      this.canvas,
    );
  }
}

// The stream in numbers: tiles, progress, rejected records.

import { byId, element, setText, show, whenChanged } from "./dom.js";
import * as format from "./format.js";
import * as words from "./words.js";

/** Each tile: its name, its number, and a line below it. */
const TILES = [
  { id: "read", name: "Records read", value: ({ status }) => format.count(status.rows_read), note: () => "" },
  {
    id: "rate",
    name: "Speed",
    value: ({ status, rate }) =>
      isReading(status) && rate !== null ? format.count(Math.round(rate)) : format.NOTHING,
    note: ({ status }) => (isReading(status) ? "records a second" : "not reading"),
  },
  {
    id: "kept",
    name: "Sales kept",
    value: ({ status }) => format.count(status.rows_kept),
    note: ({ status }) => shareOf(status.rows_kept, status.rows_read),
  },
  {
    id: "rejected",
    name: "Rejected",
    value: ({ status }) => format.count(status.rows_read - status.rows_kept),
    note: ({ status }) => shareOf(status.rows_read - status.rows_kept, status.rows_read),
  },
  {
    id: "batches",
    name: "Batches saved",
    value: ({ status }) => format.count(status.batches),
    note: ({ status }) => {
      const last = status.newest_batches.at(-1);
      return last ? `last: ${format.count(last.rows)} sales` : "";
    },
  },
  {
    id: "time",
    name: "Stream time",
    value: ({ status }) => format.streamTime(status.stream_time),
    note: ({ status }) => {
      const sold = format.timeOf(status.newest_batches.at(-1)?.watermark);
      return Number.isNaN(sold) ? "" : `sales up to ${format.day(sold)}`;
    },
  },
  {
    id: "lag",
    name: "Waiting",
    optional: true,
    value: ({ status }) => format.count(lagOf(status.source)),
    note: () => "records not read yet",
  },
];

const shareOf = (part, whole) => (whole > 0 ? `${format.percent(part / whole)} of all` : "");

/** The lag that a source reports, over all its partitions; null if it reports none. */
export function lagOf(source) {
  if (typeof source !== "object" || source === null) return null;
  for (const [key, value] of Object.entries(source)) {
    if (key === "lag") {
      if (typeof value === "number") return value;
      const all = Object.values(value ?? {}).filter((one) => typeof one === "number");
      return all.reduce((sum, one) => sum + one, 0);
    }
    const within = lagOf(value);
    if (within !== null) return within;
  }
  return null;
}

/** Whether there is more to read; what has been read is still being learned for a while. */
export function isReading({ running, progress }) {
  return running && !(progress?.total > 0 && progress.done >= progress.total);
}

const made = new Map();

function tile({ id, name }) {
  if (!made.has(id)) {
    const [value, note] = [element("dd", { class: "value" }), element("dd", { class: "note" })];
    const box = element("div", { class: "tile", id: `tile-${id}` }, element("dt", {}, name), value, note);
    made.set(id, { box, value, note });
    byId("tiles").append(box);
  }
  return made.get(id);
}

export function showStream(state) {
  const { status } = state;
  // A server without an engine has a status too, of a stream that there never was.
  const has = status !== null && (status.running || status.batches > 0 || status.error !== null);
  show(byId("stream"), has);
  show(byId("flow"), has);
  if (!has) return;
  for (const described of TILES) {
    if (described.optional && lagOf(status.source) === null) continue;
    const { value, note } = tile(described);
    setText(value, described.value(state));
    setText(note, described.note(state));
  }
  showProgress(status);
  showRejected(status);
}

function showProgress({ progress, running }) {
  const { done, total, unit } = progress ?? {};
  // A source that is read to its end needs no bar.
  const known = running && total > 0;
  show(byId("progress"), known);
  if (!known) return;
  const share = Math.min(done / total, 1);
  byId("progress-bar").value = share * 100;
  const number = unit === "bytes" ? format.bytes : format.count;
  setText(
    byId("progress-text"),
    `${format.percent(share)} · ${number(done)} of ${number(total)}${unit === "bytes" ? "" : ` ${unit}`}`,
  );
}

function showRejected({ rejected, rows_read: read }) {
  const reasons = Object.entries(rejected).sort(([, a], [, b]) => b - a);
  listRejected(
    reasons.filter(([, rows]) => rows > 0),
    read,
  );
}

const listRejected = whenChanged((reasons, read) => {
  if (!reasons.length) {
    byId("rejected-list").replaceChildren(element("p", { class: "empty" }, "No record has been rejected."));
    return;
  }
  const most = reasons[0][1];
  const rows = reasons.map(([reason, rows]) => {
    const bar = element("span", { class: "bar", "aria-hidden": "true" });
    bar.style.setProperty("--share", rows / most);
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, words.reason(reason), bar),
      element("td", { class: "number" }, format.count(rows)),
      element("td", { class: "number" }, format.percent(rows / read)),
    );
  });
  const heads = ["Reason", "Records", "Of all"].map((text, at) =>
    element("th", { scope: "col", class: at ? "number" : null }, text),
  );
  byId("rejected-list").replaceChildren(
    element(
      "table",
      { class: "reasons" },
      element("caption", { class: "unseen" }, "Rejected records by reason"),
      element("thead", {}, element("tr", {}, heads)),
      element("tbody", {}, rows),
    ),
  );
});

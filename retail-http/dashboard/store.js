// What the page knows. It changes through the functions here, and those who asked are told.

/** The newest batches that are kept for plots, as many as the server keeps. */
const KEPT = 300;
/** The rate is taken over this many milliseconds. */
const RATE_WINDOW = 30_000;

export const state = {
  /** `/status/batches`, `/models` and `/health`; null before the first answer, or if they are left out. */
  status: null,
  models: null,
  health: null,
  history: { batches: [], scores: {}, trainings: [] },
  /** Records a second, read between polls; null while unknown. */
  rate: null,
  /** connecting, live or away. */
  connection: "connecting",
  /** When the server last answered, and when it will be asked again, by this machine's clock. */
  answeredAt: null,
  retryAt: null,
};

const listeners = [];

export function subscribe(listener) {
  listeners.push(listener);
}

function changed() {
  for (const listener of listeners) listener(state);
}

let samples = [];

function measureRate(status, now) {
  const rows = status.rows_read;
  if (samples.length && samples.at(-1).rows > rows) samples = [];
  samples.push({ now, rows });
  while (samples.length > 2 && now - samples[1].now >= RATE_WINDOW) samples.shift();
  const first = samples[0];
  const elapsed = (now - first.now) / 1000;
  return elapsed >= 1 ? (rows - first.rows) / elapsed : null;
}

/** Another stream, or the same one from the beginning. */
const isAnother = (status) => (status?.batches ?? 0) < (state.status?.batches ?? 0);

/** Takes the answers of one round. `history` has the batches that come `after` one. */
export function answered({ status, models, health, history, after, now }) {
  if (isAnother(status)) forget();
  const rate = status ? measureRate(status, now) : null;
  Object.assign(state, { status, models, health, rate, connection: "live", answeredAt: now, retryAt: null });
  if (history) merge(history, after);
  changed();
}

export function away(retryAt) {
  samples = [];
  Object.assign(state, { connection: "away", rate: null, retryAt });
  changed();
}

function forget() {
  samples = [];
  state.history = { batches: [], scores: {}, trainings: [] };
}

/** The batch after which there is something to ask for. Scores come some time after their batches. */
export function known(status) {
  if (isAnother(status)) return 0;
  const last = (list) => list.at(-1)?.batch ?? 0;
  const scored = Object.values(state.history.scores).map(last);
  return Math.min(last(state.history.batches), Math.max(0, ...scored));
}

function merge({ batches, scores, trainings }, after) {
  const joined = (old, added) =>
    (old ?? [])
      .filter(({ batch }) => batch <= after)
      .concat(added)
      .slice(-KEPT);
  const history = { batches: joined(state.history.batches, batches), scores: {}, trainings };
  for (const model of new Set([...Object.keys(state.history.scores), ...Object.keys(scores)])) {
    history.scores[model] = joined(state.history.scores[model], scores[model] ?? []);
  }
  state.history = history;
}

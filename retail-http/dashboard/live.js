// Keeps the store up to date: asks every two seconds, less often when nobody looks or nobody answers.
// Where the server pushes events, each of them leads to a look at once.

import { ApiProblem, address, get, isListed } from "./api.js";
import * as store from "./store.js";

const EVERY = 2_000;
const HIDDEN_EVERY = 60_000;
const LONGEST_RETRY = 30_000;
/** Events that come closer together than this lead to one look. */
const GATHERED = 250;

const STATUS = "/status/batches";
const MODELS = "/models";
const HISTORY = "/status/history";
const HEALTH = "/health";
const EVENTS = "/events";
const EVENT_NAMES = ["batch", "training", "swap", "metric", "reject", "lag"];

/** Paths that an embedder has left out. */
const missing = new Set();
let timer = null;
let looking = false;
let failures = 0;
let shown = null;
let events = null;

/** What a path answers; null if there is no such path here. */
async function ask(path, query = "") {
  if (missing.has(path) || !isListed(path)) return null;
  try {
    return await get(path + query);
  } catch (problem) {
    if (!(problem instanceof ApiProblem) || problem.status !== 404) throw problem;
    missing.add(path);
    return null;
  }
}

/** What changes when there is something new in the history. */
function mark(status) {
  const models = Object.values(status?.models ?? {});
  const trained = models.map((model) => [
    model.revision,
    model.rows,
    model.seconds,
    model.prequential?.batches,
  ]);
  return JSON.stringify([status?.batches, trained]);
}

async function look() {
  const [status, listed, health] = await Promise.all([ask(STATUS), ask(MODELS), ask(HEALTH)]);
  const marked = mark(status);
  const after = store.known(status);
  // All at once, so that nothing on the page moves because something else comes later.
  const history = status && marked !== shown ? await ask(HISTORY, `?after=${after}`) : null;
  store.answered({ status, models: listed && listed.models, health, history, after, now: Date.now() });
  shown = marked;
}

async function run() {
  if (looking) return;
  looking = true;
  clearTimeout(timer);
  let wait = document.hidden ? HIDDEN_EVERY : EVERY;
  try {
    await look();
    failures = 0;
    listen();
  } catch {
    failures += 1;
    wait = Math.min(EVERY * 2 ** (failures - 1), LONGEST_RETRY);
    store.away(Date.now() + wait);
  }
  looking = false;
  timer = setTimeout(run, wait);
}

/** Looks again soon. */
export function refresh(wait = 0) {
  if (looking || failures) return;
  clearTimeout(timer);
  timer = setTimeout(run, wait);
}

/** A connection for events, while somebody looks; browsers allow few of them. */
function listen() {
  if (events || document.hidden || missing.has(EVENTS) || !isListed(EVENTS)) return;
  events = new EventSource(address(EVENTS));
  let gathering = false;
  const gather = () => {
    if (gathering) return;
    gathering = true;
    setTimeout(() => {
      gathering = false;
      refresh();
    }, GATHERED);
  };
  for (const name of EVENT_NAMES) events.addEventListener(name, gather);
  events.addEventListener("error", () => {
    // Closed for good: there is no such path. Otherwise the browser tries again by itself.
    if (events?.readyState === EventSource.CLOSED) {
      missing.add(EVENTS);
      events = null;
    }
  });
}

export function start() {
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      events?.close();
      events = null;
    } else {
      failures = 0;
      refresh();
    }
  });
  window.addEventListener("online", () => {
    failures = 0;
    refresh();
  });
  run();
}

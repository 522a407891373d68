// Puts the page together: what the store knows goes to each part of it.

import { byId, setText, show } from "./dom.js";
import { showForm } from "./form.js";
import * as format from "./format.js";
import * as live from "./live.js";
import { showModels, showTrainings } from "./models.js";
import { showQuality, showRevenue } from "./quality.js";
import { state, subscribe } from "./store.js";
import { isReading, showStream } from "./stream.js";

function showState({ status, connection }) {
  const [kind, text] = stateOf(status, connection);
  const pill = byId("state");
  pill.dataset.kind = kind;
  setText(pill, text);
  pill.title = status?.error ?? "";
}

function stateOf(status, connection) {
  if (connection === "connecting") return ["idle", "Connecting"];
  if (connection === "away") return ["bad", "Server away"];
  if (!status) return ["idle", "No stream"];
  if (status.error) return ["bad", "Stopped by an error"];
  if (isReading(status)) return ["good", "Reading"];
  if (status.running) return ["good", "Training"];
  return ["idle", status.batches > 0 ? "All read" : "No stream"];
}

function showAway() {
  const { connection, retryAt, status } = state;
  const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
  const notice = byId("away");
  if (connection === "away") {
    setText(
      notice,
      `The server does not answer. The numbers below may be old. Trying again ${seconds ? `in ${seconds} s` : "now"}.`,
    );
  } else if (status?.error) {
    setText(notice, `The engine has stopped: ${status.error}`);
  }
  show(notice, connection === "away" || Boolean(status?.error));
}

/** Said aloud only when it changes. */
function showConnection() {
  const texts = { connecting: "", live: "Live", away: "Not connected" };
  const target = byId("connection");
  target.dataset.kind = state.connection;
  setText(target, texts[state.connection]);
  target.title = state.answeredAt ? `Last answer ${format.ago(Date.now() - state.answeredAt)}` : "";
}

function showVersion({ health }) {
  if (health)
    setText(
      byId("version"),
      `Engine ${health.engine_version} · ${health.models_trained} of ${health.models_total} models trained`,
    );
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function showTheme() {
  setText(byId("theme"), isDark() ? "Light theme" : "Dark theme");
  document.dispatchEvent(new Event("themechange"));
}

function changeTheme() {
  const chosen = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = chosen;
  try {
    localStorage.setItem("retail-theme", chosen);
  } catch {
    // It is only not remembered.
  }
  showTheme();
}

const PARTS = [
  showState,
  showAway,
  showConnection,
  showStream,
  showRevenue,
  showQuality,
  showModels,
  showForm,
  showTrainings,
  showVersion,
];
subscribe((state) => {
  // Shown first: a plot has to know how wide it is.
  byId("main").removeAttribute("aria-busy");
  for (const part of PARTS) part(state);
});
byId("theme").addEventListener("click", changeTheme);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
showTheme();
setInterval(() => {
  showAway();
  showConnection();
  showTrainings(state);
}, 1_000);
live.start();

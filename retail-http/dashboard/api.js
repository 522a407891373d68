// Talks to the API beside this page, wherever that is nested.

const ROOT = new URL("../", import.meta.url);
const PATIENCE = 10_000;

const listed = document.querySelector('meta[name="api-paths"]').content.split(" ");

/** Whether the server's version has this path at all. The embedder may still have left it out. */
export const isListed = (path) => listed.includes(path);

export const address = (path) => new URL(path.replace(/^\//, ""), ROOT);

/** An answer that is an error, with what the API says of it. */
export class ApiProblem extends Error {
  constructor(status, details) {
    super(details?.message ?? `The server answered with status ${status}.`);
    this.status = status;
    this.code = details?.code;
    this.field = details?.field;
    this.expected = details?.expected;
    this.got = details?.got;
  }
}

/** How much the server's clock is ahead of this machine's, in milliseconds, to about a second. */
export let clockAhead = 0;

async function answerOf(response) {
  const date = Date.parse(response.headers.get("date"));
  if (!Number.isNaN(date) && Math.abs(date - Date.now()) > 2_000) clockAhead = date - Date.now();
  const value = await response.json().catch(() => null);
  if (!response.ok) throw new ApiProblem(response.status, value?.error);
  return value;
}

/** @throws {ApiProblem} what the API says; {TypeError} if nobody answers. */
export async function get(path) {
  const response = await fetch(address(path), {
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE),
  });
  return answerOf(response);
}

/** @throws {ApiProblem} what the API says; {TypeError} if nobody answers. */
export async function post(path, body) {
  const response = await fetch(address(path), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE),
  });
  return answerOf(response);
}

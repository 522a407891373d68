// Numbers and times as people read them.

const cached = new Map();

/** Writes a number by these options, with the minus that is as wide as a digit. */
function written(value, options) {
  const key = JSON.stringify(options);
  if (!cached.has(key)) cached.set(key, new Intl.NumberFormat("en-GB", options));
  return cached.get(key).format(value).replace("-", "−");
}

export const NOTHING = "–";

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

const digits = (least, most = least) => ({ minimumFractionDigits: least, maximumFractionDigits: most });

/** 320,705 */
export const count = (value) => (isNumber(value) ? written(value, digits(0)) : NOTHING);

/** 21.3k, for axes. */
export const short = (value) => written(value, { notation: "compact", maximumFractionDigits: 1 });

/** With as many digits as it needs, for axes. */
export const tick = (value) => written(value, { maximumSignificantDigits: 5 });

/** With two decimals: amounts. */
export const amount = (value) => (isNumber(value) ? written(value, digits(2)) : NOTHING);

/** With about four digits that say something. */
export function measure(value) {
  if (!isNumber(value)) return NOTHING;
  const size = Math.abs(value);
  return written(value, digits(size >= 100 ? 1 : size >= 1 ? 2 : 3));
}

/** 84.2 %, and never 100 % or 0 % for what is only near it. */
export function percent(share, decimals = 1) {
  if (!isNumber(share)) return NOTHING;
  const write = (value) => `${written(value, digits(decimals))} %`;
  const least = 10 ** -decimals / 100;
  if (share > 0 && share < least) return `< ${write(least * 100)}`;
  if (share < 1 && share > 1 - least) return `> ${write(100 - least * 100)}`;
  return write(share * 100);
}

/** A number of the given kind, as `words.metric` says it. */
export const ofKind = (kind, value) => (kind === "share" ? percent(value) : measure(value));

export function seconds(value) {
  if (!isNumber(value)) return NOTHING;
  if (value < 0.001) return "< 1 ms";
  if (value < 1) return `${count(value * 1000)} ms`;
  return value < 60 ? `${written(value, digits(1))} s` : duration(value);
}

export function duration(value) {
  const whole = Math.round(value);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  if (hours >= 48) return `${count(Math.floor(hours / 24))} days`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

export function ago(milliseconds) {
  const passed = milliseconds / 1000;
  return passed < 2 ? "just now" : `${duration(passed)} ago`;
}

/** The API's times have no zone: they are taken as they are written. */
export const timeOf = (text) => (text ? Date.parse(`${text}Z`) : NaN);

const DAY = { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" };
const CLOCK = { timeZone: "UTC", hour: "2-digit", minute: "2-digit" };
const dayFormat = new Intl.DateTimeFormat("en-GB", DAY);
const timeFormat = new Intl.DateTimeFormat("en-GB", { ...DAY, ...CLOCK });

export const day = (time) => (isNumber(time) ? dayFormat.format(time) : NOTHING);
export const dayAndTime = (time) => (isNumber(time) ? timeFormat.format(time) : NOTHING);

/** Replays count from the beginning of 1970: their times are times that have passed. */
export function streamTime(text) {
  const time = timeOf(text);
  if (!isNumber(time)) return NOTHING;
  return time < 365 * 86_400_000 ? duration(time / 1000) : dayAndTime(time);
}

export const bytes = (value) =>
  value >= 1e6 ? `${measure(value / 1e6)} MB` : `${count(Math.ceil(value / 1e3))} kB`;

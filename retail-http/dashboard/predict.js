// Asks for predictions: of all models at once, with what else there is to know where the server gives it.

import { ApiProblem, isListed, post } from "./api.js";

export const LEVEL = 0.9;

/** What the server has taken so far; a parameter that it refuses is not sent again. */
const extras = { interval: LEVEL, explain: true };
/** Models and revisions that give no intervals. */
const without = new Set();

const query = () => new URLSearchParams(extras).toString();

/** The answers by target and version, as `/compare/models` gives them. */
export async function compare(sale, models) {
  let answer;
  try {
    answer = await post(`/compare/models?${query()}`, sale);
  } catch (problem) {
    if (!(problem instanceof ApiProblem) || !(problem.field in extras)) throw problem;
    delete extras[problem.field];
    return compare(sale, models);
  }
  await addIntervals(answer.predictions, sale, models);
  return answer.predictions;
}

/** Comparisons may come without intervals. Then the models that can give one are asked one by one. */
async function addIntervals(predictions, sale, models) {
  if (!isListed("/predict/{target}/{version}")) return;
  const lacking = models.filter(({ name, revision, target, version }) => {
    const answer = predictions[target]?.[version];
    return typeof answer?.prediction === "number" && !answer.interval && !without.has(`${name} ${revision}`);
  });
  await Promise.all(
    lacking.map(async ({ name, revision, target, version }) => {
      try {
        const path = [target, version].map(encodeURIComponent).join("/");
        const { interval, revision: answered } = await post(`/predict/${path}?interval=${LEVEL}`, sale);
        const answer = predictions[target][version];
        // A model may have been replaced between the two answers.
        if (answered === answer.revision) answer.interval = interval;
      } catch (problem) {
        if (problem.code === "no_interval") without.add(`${name} ${revision}`);
      }
    }),
  );
}

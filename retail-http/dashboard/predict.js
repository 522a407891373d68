// Asks all models at once, with intervals and explanations of those that can give them.

import { post } from "./api.js";

/** The answers by target and version, as `/compare/models` gives them. */
export async function compare(sale) {
  const { predictions } = await post("/compare/models?interval=0.9&explain=true", sale);
  return predictions;
}

// What the page says, in words: pure functions of the model's description and an answer.

/** @returns {string} a score of any size in three digits */
export const compact = (value) =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(3)).toString();

/** What an answer is worth, beside the answer. */
export function verdict({ task, positive, decision, operating_point: point, score_kind: kind }, { label, sure, scores }) {
  if (task === "multilabel") return "";
  if (task === "detector") {
    const threshold = compact(decision.threshold);
    const rule = decision.inclusive ? `from ${threshold} on` : `above ${threshold}`;
    return `Score ${compact(scores[positive])}. It says ${positive} ${rule}.`;
  }
  const score = kind === "probability" ? percent(scores[label]) : `score ${compact(scores[label])}`;
  if (!point) return `With ${score}.`;
  return sure ? `Sure: ${score}.` : `Not sure. Its best guess is ${label}: ${score}.`;
}

export const percent = (share) => `${Math.round(100 * share)}%`;

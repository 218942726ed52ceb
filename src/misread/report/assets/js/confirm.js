// Is the threshold real? What it promised where it was chosen, beside what it does on the test set.

import { byId } from "./dom.js";
import { clopperPearson } from "./stats.js";
import { count, percent, range } from "./words.js";

const side = (name, counts) => {
  const answered = counts.tp + counts.fp;
  const put = (what, text) => {
    byId(`c-${name}-${what}`).textContent = text;
  };
  const [low, high] = clopperPearson(counts.tp, answered, 0.9);
  put("n", `${count(answered)} of ${count(counts.n)}`);
  put("p", answered ? `${percent(counts.precision, 2)}  (${range(clopperPearson(counts.tp, answered), 1)})` : "none answered");
  put("r", `${percent(counts.recall, 2)}  (${range(clopperPearson(counts.tp, counts.tp + counts.fn), 1)})`);
  put("l", percent(low, 2));
  return [low, high, answered];
};

const judged = ([low, high, answered], wanted) => {
  const wish = `the wanted precision of ${Number((100 * wanted).toPrecision(6))}%`;
  if (!answered) return ["open", "No test image is answered yes here, so nothing can be said of the precision."];
  if (low >= wanted) return ["yes", `Held: on the test set ${wish} is reached with 95% confidence (at least ${percent(low, 1)}).`];
  if (high < wanted) return ["no", `Not held: on the test set ${wish} is missed with 95% confidence (at most ${percent(high, 1)}).`];
  return ["open", `Not proven: the test set allows ${percent(low, 1)} to ${percent(high, 1)}, so ${wish} may or may not hold.`];
};

export const confirm = (now, there, wanted) => {
  side("oof", now);
  const [state, text] = there
    ? judged(side("test", there), wanted)
    : ["open", "There is no test set, so the threshold cannot be confirmed."];
  const verdict = byId("confirm-verdict");
  verdict.dataset.state = state;
  if (verdict.textContent !== text) verdict.textContent = text;
};

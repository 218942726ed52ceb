// Where a slider stands for a threshold: equal steps change equally much of what is read from it.

/** Steps of the slider. */
export const STEPS = 1000;

/** Answered by fewer, a precision is not worth a step. */
const ENOUGH = 20;

/**
 * How much has happened below each place of a curve, from 0 to 1: the recall that was lost, and the precision that was gained
 * for good. Below all positives, and above the last of them, next to nothing happens, and the slider hurries on.
 */
export const progressOf = (curve) => {
  const { size, tp, fp, positives } = curve;
  const gained = new Float64Array(size + 1);
  let best = positives / Math.max(1, positives + curve.negatives);
  for (let i = 0; i <= size; i++) {
    const answered = tp[i] + fp[i];
    if (answered >= ENOUGH) best = Math.max(best, tp[i] / answered);
    const lost = positives ? 1 - tp[i] / positives : 0;
    gained[i] = lost + best + (0.1 * i) / Math.max(1, size);
  }
  const [low, high] = [gained[0], gained[size]];
  return gained.map((value) => (high > low ? (value - low) / (high - low) : 0));
};

/** First place of a rising array whose value is at least `wanted`. */
export const firstAtLeast = (rising, wanted) => {
  let [low, high] = [0, rising.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Where a new threshold goes from `place` by a key: a hundredth of the way, with Shift one score, a tenth by pages. */
export const placeAfterKey = (progress, place, key, fine) => {
  const last = progress.length - 1;
  if (key === "Home" || key === "End") return key === "Home" ? 0 : last;
  const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[key];
  if (!by) return undefined;
  if (fine) return Math.min(last, Math.max(0, place + Math.sign(by)));
  const to = Math.min(1, Math.max(0, progress[place] + by / 100));
  const next = firstAtLeast(progress, to - 1e-12);
  return next === place ? Math.min(last, Math.max(0, place + Math.sign(by))) : next;
};

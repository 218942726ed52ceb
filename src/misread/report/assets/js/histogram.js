// How many images of each class score so: bars for behind a chart, on a log scale where one class dwarfs the other.

const BINS = 72;

/** Counts of positives and negatives in equal parts of `domain`; what lies outside is left out. */
const binned = (curve, [low, high]) => {
  const [yes, no] = [new Float64Array(BINS), new Float64Array(BINS)];
  for (let i = 0; i < curve.size; i++) {
    const at = Math.floor(((curve.thresholds[i] - low) / (high - low)) * BINS);
    if (at < 0 || at > BINS || curve.thresholds[i] > high) continue;
    const bin = Math.min(at, BINS - 1);
    yes[bin] += curve.tp[i] - curve.tp[i + 1];
    no[bin] += curve.fp[i] - curve.fp[i + 1];
  }
  return { yes, no };
};

/** Outlines from 0 to 1 for both classes, and whether they are on a log scale. */
export const histogramsOf = (curve, domain) => {
  const { yes, no } = binned(curve, domain);
  const [most, other] = [Math.max(...no, 1), Math.max(...yes, 1)];
  const log = Math.max(most, other) > 20 * Math.min(most, other) || Math.max(most, other) > 200;
  const height = (value) => (log ? Math.log1p(value) / Math.log1p(Math.max(most, other)) : value / Math.max(most, other));
  const width = (domain[1] - domain[0]) / BINS;
  const outline = (counts, tone) => {
    const [xs, ys] = [[domain[0]], [0]];
    counts.forEach((value, k) => {
      xs.push(domain[0] + k * width, domain[0] + (k + 1) * width);
      ys.push(height(value), height(value));
    });
    return { xs: [...xs, domain[1]], ys: [...ys, 0], tone };
  };
  return { log, areas: [outline(no, "no"), outline(yes, "yes")] };
};

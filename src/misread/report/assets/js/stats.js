// Pure functions of counts and scores, the same as misread.evaluation: `score >= threshold` is positive.

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

const logGamma = (x) => {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  let sum = LANCZOS[0];
  for (let i = 1; i < 9; i++) sum += LANCZOS[i] / (x - 1 + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
};

/** Continued fraction of the incomplete beta function (Lentz). */
const betaFraction = (x, a, b) => {
  const tiny = 1e-300;
  let c = 1;
  let d = 1 - ((a + b) * x) / (a + 1);
  d = 1 / (Math.abs(d) < tiny ? tiny : d);
  let h = d;
  for (let m = 1; m <= 5000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 + even * d;
    c = 1 + even / c;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = Math.abs(c) < tiny ? tiny : c;
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + odd * d;
    c = 1 + odd / c;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = Math.abs(c) < tiny ? tiny : c;
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return h;
};

/** Regularised incomplete beta function I_x(a, b), with log(1/B(a, b)) worked out once by the caller. */
const betaWith = (x, a, b, logScale) => {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logScale + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b;
};
const logScaleOf = (a, b) => logGamma(a + b) - logGamma(a) - logGamma(b);
export const betaShare = (x, a, b) => betaWith(x, a, b, logScaleOf(a, b));

const betaQuantile = (share, a, b) => {
  const logScale = logScaleOf(a, b);
  let [low, high] = [0, 1];
  const mean = a / (a + b);
  const spread = 12 * Math.sqrt((mean * (1 - mean)) / (a + b + 1));
  if (mean - spread > 0 && betaWith(mean - spread, a, b, logScale) < share) low = mean - spread;
  if (mean + spread < 1 && betaWith(mean + spread, a, b, logScale) > share) high = mean + spread;
  for (let i = 0; i < 50 && high - low > 1e-14; i++) {
    const middle = (low + high) / 2;
    if (betaWith(middle, a, b, logScale) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
};

/** Exact two-sided interval of k successes in n trials: [low, high]. */
export const clopperPearson = (k, n, confidence = 0.95) => {
  const tail = (1 - confidence) / 2;
  return [
    k > 0 ? betaQuantile(tail, k, n - k + 1) : 0,
    k < n ? betaQuantile(1 - tail, k + 1, n - k) : 1,
  ];
};

/** Exact two-sided interval of F1, through the share TP / (TP + FP + FN). */
export const f1Interval = ({ tp, fp, fn }) =>
  clopperPearson(tp, tp + fp + fn).map((share) => (2 * share) / (1 + share));

/** Whether the one-sided 95% lower bound of k in n reaches `wanted`. */
export const boundReaches = (k, n, wanted) =>
  k > 0 && (wanted < 1 ? betaShare(wanted, k, n - k + 1) <= 0.05 : false);

// Pure functions of counts and scores, the same as misread.evaluation: `score >= threshold` is positive.
"use strict";
{
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
  misread.betaShare = (x, a, b) => betaWith(x, a, b, logScaleOf(a, b));

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
  misread.clopperPearson = (k, n, confidence = 0.95) => {
    const tail = (1 - confidence) / 2;
    return [
      k > 0 ? betaQuantile(tail, k, n - k + 1) : 0,
      k < n ? betaQuantile(1 - tail, k + 1, n - k) : 1,
    ];
  };

  /** Exact two-sided interval of F1, through the share TP / (TP + FP + FN). */
  misread.f1Interval = ({ tp, fp, fn }) =>
    misread.clopperPearson(tp, tp + fp + fn).map((share) => (2 * share) / (1 + share));

  /** Whether the one-sided 95% lower bound of k in n reaches `wanted`. */
  const boundReaches = (k, n, wanted) =>
    k > 0 && (wanted < 1 ? misread.betaShare(wanted, k, n - k + 1) <= 0.05 : false);

  const ratio = (part, whole, empty) => (whole ? part / whole : empty);

  /** Counts at every distinct score of a detector. */
  misread.Curve = class {
    constructor(packed) {
      this.thresholds = misread.unpack(packed.thresholds);
      const positives = misread.unpack(packed.positives);
      const negatives = misread.unpack(packed.negatives);
      const m = this.thresholds.length;
      this.size = m;
      this.tp = new Uint32Array(m + 1);
      this.fp = new Uint32Array(m + 1);
      for (let i = m - 1; i >= 0; i--) {
        this.tp[i] = this.tp[i + 1] + positives[i];
        this.fp[i] = this.fp[i + 1] + negatives[i];
      }
      this.positives = this.tp[0];
      this.negatives = this.fp[0];
      this.precision = new Float64Array(m);
      this.recall = new Float64Array(m);
      this.fpr = new Float64Array(m);
      for (let i = 0; i < m; i++) {
        this.precision[i] = this.tp[i] / (this.tp[i] + this.fp[i]);
        this.recall[i] = ratio(this.tp[i], this.positives, 0);
        this.fpr[i] = ratio(this.fp[i], this.negatives, 0);
      }
    }

    /** Place of the lowest score >= `threshold`; `size` when there is none. */
    place(threshold) {
      let [low, high] = [0, this.size];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.thresholds[middle] < threshold) low = middle + 1;
        else high = middle;
      }
      return low;
    }

    /** Counts and shares when the scores from place `i` on are positive. */
    counts(i) {
      const [tp, fp] = [this.tp[i], this.fp[i]];
      const [fn, tn] = [this.positives - tp, this.negatives - fp];
      return {
        tp, fp, fn, tn,
        precision: ratio(tp, tp + fp, 1),
        recall: ratio(tp, tp + fn, 0),
        f1: ratio(2 * tp, 2 * tp + fp + fn, 0),
        fpr: ratio(fp, fp + tn, 0),
        n: tp + fp + fn + tn,
      };
    }

    at(threshold) {
      return this.counts(this.place(threshold));
    }

    /** Place of the lowest threshold of that precision (or of that lower bound), or -1. */
    forPrecision(wanted, bound = false) {
      for (let i = 0; i < this.size; i++) {
        if (this.precision[i] < wanted) continue;
        if (!bound || boundReaches(this.tp[i], this.tp[i] + this.fp[i], wanted)) return i;
      }
      return -1;
    }

    /** Place of the highest threshold of that recall, or -1. */
    forRecall(wanted) {
      for (let i = this.size - 1; i >= 0; i--) if (this.recall[i] >= wanted) return i;
      return -1;
    }
  };
}

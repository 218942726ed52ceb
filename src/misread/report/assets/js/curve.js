// Counts at every threshold: `score >= threshold` is positive, the same as misread.evaluation.

import { unpack } from "./report.js";
import { boundReaches } from "./stats.js";

const ratio = (part, whole, empty) => (whole ? part / whole : empty);

/** Counts at every distinct score of a detector. */
export class Curve {
  constructor(packed) {
    this.thresholds = unpack(packed.thresholds);
    const positives = unpack(packed.positives);
    const negatives = unpack(packed.negatives);
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
}

const made = new Map();

/** The curve of packed counts, made once. */
export const curveOf = (packed) => {
  if (!made.has(packed)) made.set(packed, new Curve(packed));
  return made.get(packed);
};

/** The curve of a detector on the images that it was judged on. */
export const detectorCurve = (model) => curveOf(model.curve);

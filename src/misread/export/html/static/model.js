// The model: from pixels of its size to an answer, as Python gives it.

import { Likeness } from "./likeness.js";
import { Network, numbers, softmax, weightsOf } from "./network.js";

export class Model {
  /** @param {object} told what `misread export --html` wrote */
  constructor(told) {
    this.told = told;
    const [height, width] = told.image_size;
    Object.assign(this, { height, width, size: height * width });
    this.likeness = told.likeness && new Likeness(told.likeness, height, width);
    this.calibration = told.calibration && new Calibration(told.calibration);
    this.machine = told.kind === "linear" ? new Planes(told.parts) : new Network(told.parts, height, width);
  }

  /**
   * @param {Uint8Array} pixels of the model's size
   * @returns {{index: number, scores: number[], probabilities: number[] | null, lead: number | null,
   *   state: string, sure: boolean, blank: boolean, unlike: boolean | null}}
   */
  answer(pixels) {
    const answer = this.#read(pixels);
    const unlike = this.likeness && this.likeness.isUnlike(pixels);
    const sure = answer.sure && !answer.blank && !unlike;
    const state = answer.blank ? "empty" : unlike ? "unlike" : sure ? "sure" : "unsure";
    return { ...answer, unlike, sure, state };
  }

  #read(pixels) {
    const { task, threshold, codes, classes, temperature, faintest } = this.told;
    const known = this.calibration;
    let columns = this.machine.scores(pixels);
    if (codes.length === 2 && columns.length === 2) columns = [columns[1] - columns[0]];
    let [low, high] = [255, 0];
    for (const level of pixels) {
      low = Math.min(low, level);
      high = Math.max(high, level);
    }
    const blank = high - low < faintest;
    if (task === "detector") {
      const yes = threshold === null ? columns[0] > 0 : columns[0] >= threshold;
      const chance = known && known.chance(columns[0]);
      const probabilities = known && [1 - chance, chance];
      return { index: Number(yes), scores: columns, probabilities, lead: null, blank, sure: threshold !== null };
    }
    const table = columns.length === 1 ? [-columns[0], columns[0]] : columns;
    const place = columns.length === 1 ? Number(columns[0] > 0) : best(table);
    const index = codes[place];
    const scores = new Array(classes.length).fill(Math.min(...table));
    codes.forEach((code, i) => (scores[code] = table[i]));
    const lead = classes.length > 1 ? scores[index] - Math.max(...scores.filter((_, i) => i !== index)) : 0;
    const sure = threshold !== null && lead >= threshold;
    let probabilities = null;
    if (known && classes.length > 1) {
      const logits = columns.length === 1 ? table.map((one) => one / 2) : columns;
      const shares = known.table(logits, place, lead);
      probabilities = new Array(classes.length).fill(0);
      codes.forEach((code, i) => (probabilities[code] = shares[i]));
    } else if (temperature !== null) {
      const shares = softmax((columns.length === 1 ? [0, columns[0]] : columns).map((one) => one / temperature));
      probabilities = new Array(classes.length).fill(0);
      codes.forEach((code, i) => (probabilities[code] = shares[i]));
    }
    return { index, scores, probabilities, lead, blank, sure };
  }
}

/** Leads as chances, along the curve that held-out answers gave. */
class Calibration {
  constructor({ leads, chances, temperature }) {
    Object.assign(this, { leads: numbers(leads), chances: numbers(chances), temperature });
  }

  chance(lead) {
    const { leads, chances } = this;
    const last = leads.length - 1;
    if (!(lead > leads[0])) return chances[0];
    if (lead >= leads[last]) return chances[last];
    let i = 0;
    while (leads[i + 1] <= lead) i++;
    return chances[i] + ((lead - leads[i]) * (chances[i + 1] - chances[i])) / (leads[i + 1] - leads[i]);
  }

  /** What the answer's chance leaves goes to the others; none of them is likelier than the answer. */
  table(logits, place, lead) {
    const count = logits.length;
    const chance = Math.max(this.chance(lead), 1 / count);
    const shares = softmax(logits.map((one, i) => (i === place ? -Infinity : one / this.temperature)));
    const [even, most] = [1 / (count - 1), Math.max(...shares)];
    const excess = Math.max(most - chance / (1 - chance), 0) / Math.max(most - even, 1e-12);
    const mixed = Math.min(excess, 1);
    return shares.map((share, i) => (i === place ? chance : (share * (1 - mixed) + even * mixed) * (1 - chance)));
  }
}

/** One plane a class. */
class Planes {
  constructor(parts) {
    this.weights = weightsOf(parts);
    this.biases = numbers(parts.biases);
  }

  scores(pixels) {
    const size = pixels.length;
    return Array.from(this.biases, (bias, plane) => {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += this.weights[plane * size + i] * pixels[i];
      return sum + bias;
    });
  }
}

function best(values) {
  return values.reduce((found, value, i) => (value > values[found] ? i : found), 0);
}

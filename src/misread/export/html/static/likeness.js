// How unlike the training images an image is: as misread.analysis.unlike measures it, by edges and by strokes.

import { numbers } from "./network.js";

const FLOOR = 0.1; // of the mean energy, added to that of a neighbourhood
const WAYS = [[0, -1], [-1, 0], [-1, -1], [-1, 1]]; // back along rows, columns, falling and rising diagonals

export class Likeness {
  constructor(told, height, width) {
    Object.assign(this, told, { height, width });
    const names = ["edge_axes", "edge_step", "edge_centre", "stroke_axes", "stroke_centre", "stroke_spread", "known", "known_step"];
    for (const name of names) this[name] = numbers(told[name]);
    this.windows = told.windows.map((sides) => sides.map(numbers));
    const size = this.known_step.length;
    this.places = Float32Array.from(this.known, (whole, i) => whole * this.known_step[i % size]);
  }

  /** @param {Uint8Array} pixels */
  isUnlike(pixels) {
    return this.#distance(this.#place(pixels)) > this.threshold;
  }

  /** To the nearest known places, on average. */
  #distance(own) {
    const { places, n_nearest: most } = this;
    const size = own.length;
    const nearest = [];
    for (let row = 0; row < places.length; row += size) {
      const furthest = nearest.length < most ? Infinity : nearest[most - 1];
      let squared = 0;
      for (let k = 0; k < size && squared < furthest; k++) squared += (own[k] - places[row + k]) ** 2;
      if (squared >= furthest) continue;
      const at = nearest.findIndex((other) => squared < other);
      nearest.splice(at < 0 ? nearest.length : at, 0, squared);
      nearest.length = Math.min(nearest.length, most);
    }
    return nearest.reduce((sum, squared) => sum + Math.sqrt(squared), 0) / nearest.length;
  }

  #place(pixels) {
    const n = this.edge_step.length;
    const edges = this.#edges(pixels);
    const place = Float64Array.from(this.edge_centre, (centre) => -centre);
    edges.forEach((value, i) => {
      if (value) for (let k = 0; k < n; k++) place[k] += value * this.edge_axes[i * n + k] * this.edge_step[k];
    });
    const strokes = this.#strokes(pixels).map((count, i) => {
      const deviations = (count - this.stroke_centre[i]) / this.stroke_spread[i];
      return Math.min(Math.max(deviations, -this.clipped), this.clipped);
    });
    const m = this.stroke_axes.length / strokes.length;
    const beside = Array.from({ length: m }, (_, k) =>
      strokes.reduce((sum, value, i) => sum + value * this.stroke_axes[i * m + k], 0),
    );
    return Float64Array.from([...place, ...beside]);
  }

  /** Histograms of edge directions under windows of several sizes. */
  #edges(pixels) {
    const planes = this.#planes(pixels);
    const share = 1 / Math.sqrt(this.windows.length);
    return this.windows.flatMap(([rows, columns]) => this.#pooled(planes, rows, columns).map((value) => value * share));
  }

  /** How strong edges face each direction, at every pixel. */
  #planes(pixels) {
    const { height, width, n_directions: count } = this;
    const at = (y, x) => (y < 0 || x < 0 || y >= height || x >= width ? 0 : pixels[y * width + x] / 1020);
    const sharpness = Math.cos((2 * Math.PI) / count);
    const planes = Array.from({ length: count }, () => new Float64Array(height * width));
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [along, down] = [0, 1].map((turned) => {
          const side = (step, beside) => (turned ? at(y + step, x + beside) : at(y + beside, x + step));
          const difference = (beside) => side(1, beside) - side(-1, beside);
          return difference(-1) + difference(1) + 2 * difference(0);
        });
        const least = sharpness * Math.hypot(along, down);
        if (!along && !down) continue;
        for (let k = 0; k < count; k++) {
          const angle = (2 * Math.PI * k) / count;
          planes[k][y * width + x] = Math.max(Math.sin(angle) * down + Math.cos(angle) * along - least, 0);
        }
      }
    }
    return planes;
  }

  /** Sums under windows with evened contrast. */
  #pooled(planes, rows, columns) {
    const { height, width } = this;
    const [p, q] = [rows.length / height, columns.length / width];
    const sums = planes.map((plane) => under(plane, rows, columns, height, width));
    const energy = Float64Array.from({ length: p * q }, (_, i) => sums.reduce((sum, one) => sum + one[i] ** 2, 0));
    const mean = energy.reduce((a, b) => a + b) / (p * q);
    if (!mean) return new Array(p * q * planes.length).fill(0);
    let length = 0;
    const even = Array.from(energy, (own, i) => {
      const [row, column] = [Math.floor(i / q), i % q];
      let [around, count] = [0, 0];
      for (let r = Math.max(row - 1, 0); r < Math.min(row + 2, p); r++) {
        for (let c = Math.max(column - 1, 0); c < Math.min(column + 2, q); c++) {
          around += energy[r * q + c];
          count++;
        }
      }
      const scale = 1 / Math.sqrt(around / count + FLOOR * mean);
      length += own * scale * scale;
      return scale;
    });
    return even.flatMap((scale, i) => sums.map((one) => (one[i] * scale) / Math.sqrt(length)));
  }

  /** Numbers that describe the ink and how a line meets it. */
  #strokes(pixels) {
    const { height, width } = this;
    const [ink, faint, full] = this.levels;
    const count = (holds) => pixels.reduce((sum, level, i) => sum + (holds(level, i) ? 1 : 0), 0);
    const size = height * width;
    let change = 0;
    pixels.forEach((level, i) => {
      if (i % width) change += Math.abs(level - pixels[i - 1]) / 255;
      if (i >= width) change += Math.abs(level - pixels[i - width]) / 255;
    });
    const total = pixels.reduce((sum, level) => sum + level, 0) / 255;
    const isRim = (i) => i < width || i >= size - width || i % width === 0 || i % width === width - 1;
    const counts = [
      total / size,
      change / (height + width),
      (2 * total) / Math.max(change, 1) / Math.sqrt(size),
      count((level) => level > ink) / size,
      count((level) => level > faint && level <= full) / size,
      count((level) => level > full) / size,
      pixels.reduce((a, b) => Math.max(a, b)) / 255,
      count((level, i) => level > ink && isRim(i)) / (2 * (height + width)),
    ];
    WAYS.forEach(([back, beside], way) => {
      const lines = [height, width, height + width - 1, height + width - 1][way];
      const runs = new Array(lines).fill(0);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const [up, side] = [y + back, x + beside];
          const isInside = up >= 0 && side >= 0 && side < width;
          if (pixels[y * width + x] <= ink || (isInside && pixels[up * width + side] > ink)) continue;
          runs[[y, x, x - y + height - 1, x + y][way]]++;
        }
      }
      const share = (holds) => runs.filter(holds).length / lines;
      counts.push(runs.reduce((a, b) => a + b) / lines, Math.max(...runs));
      counts.push(share((n) => n === 0), share((n) => n >= 2), share((n) => n >= 3));
    });
    return counts;
  }
}

/** Sums of a plane, weighted along rows and along columns. */
function under(plane, rows, columns, height, width) {
  const [p, q] = [rows.length / height, columns.length / width];
  const sums = new Float64Array(p * q);
  for (let r = 0; r < p; r++) {
    const strip = new Float64Array(width);
    for (let y = 0; y < height; y++) {
      const weight = rows[r * height + y];
      if (weight) for (let x = 0; x < width; x++) strip[x] += weight * plane[y * width + x];
    }
    for (let c = 0; c < q; c++) {
      for (let x = 0; x < width; x++) sums[r * q + c] += columns[c * width + x] * strip[x];
    }
  }
  return sums;
}

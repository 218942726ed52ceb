// Finds what is written on a photograph as misread.images.photo does, with its numbers; what each is for is said there.

import { border, evenly, grey, labelled, largest, resized } from "./grey.js";
import { blurred, clamped, closing, largestAround, middle, summed, transposed, upperQuartile } from "./planes.js";

const SIDES = { least: 160, most: 400 };
const [WINDOWS, FAR] = [[0.14, 0.32], 0.5];
const [END, OFFSET] = [0.12, 6];
const SLOPES = Array.from({ length: 65 }, (_, i) => i * 0.0025 - 0.08);
const FLOORS = [0.1, 0.14, 0.2, 0.27, 0.35, 0.45, 0.57, 0.7];
const [FAINTEST, DEVIATIONS] = [0.15, 4.5];
const [SURROUNDINGS, DIFFERENCE, EDGE] = [9, 0.3, 0.9];
const [HOLE, ALIKE, NEAR, CUT] = [0.85, 0.6, 4, 3];
const [TOUCHED, FILLING, THICK] = [0.35, 0.8, 0.42];
const [SMALLEST, COMPACT] = [0.04, 0.075];

/**
 * @param {Grey} image
 * @returns {Grey} the ink, light on black, in a smaller image or an enlarged one
 */
export function inkOfPhoto(image) {
  const photo = new Photo(brought(image));
  const contrasts = [false, true].map((isLight) => WINDOWS.map((one) => photo.contrast(isLight, one)));
  const lines = contrasts.map(([above]) => photo.lines(above));
  const best = [null, null];
  [0, 1].forEach((way) => {
    const [one, other] = contrasts[1 - way];
    const opposite = largestAround(one.map((share, i) => Math.max(share, other[i])), photo.width, 3);
    for (const above of contrasts[way]) {
      photo.look(less(above, lines[way]), opposite).forEach((found, place) => {
        if (found && !(best[place]?.score >= found.score)) best[place] = { ...found, way };
      });
    }
  });
  for (const place of [0, 1]) {
    const found = best[place];
    if (!found || (!place && best[1]?.score > CUT * found.score)) continue;
    const [near, far] = [Math.max(NEAR * found.stroke, 9) / photo.side, FAR].map((one) =>
      less(photo.contrast(found.way === 1, one), lines[found.way]),
    );
    const { numbers, main } = found;
    const inMain = [];
    numbers.forEach((number, i) => number === main && inMain.push(i));
    const goesOn = place === 0 && (photo.runsOff(inMain, near, 0.5) || photo.runsOff(inMain, far, 0.8));
    if (!goesOn) return photo.levels(found, inMain, near);
  }
  return grey(photo.width, photo.height);
}

function brought(image) {
  const longest = Math.max(image.width, image.height);
  const side = Math.min(Math.max(longest, SIDES.least), SIDES.most);
  if (side === longest) return image;
  const sides = [image.width, image.height].map((one) => Math.max(1, evenly((one * side) / longest)));
  return resized(image, ...sides);
}

class Photo {
  constructor({ width, height, data }) {
    Object.assign(this, { width, height, side: Math.max(width, height) });
    const fine = [];
    for (let y = 1; y < height - 1; y++) {
      for (let i = y * width + 1; i < y * width + width - 1; i++) {
        fine.push(Math.abs(data[i] - 0.25 * (data[i - width] + data[i + width] + data[i - 1] + data[i + 1])));
      }
    }
    const noise = (fine.length ? middle(Float64Array.from(fine).sort()) : 0) / 0.6745 / Math.sqrt(1.25);
    const sigma = Math.min(Math.max(0.5 + noise / 10, 0.6), 1.6);
    const twice = 2 * (noise / (2 * Math.sqrt(Math.PI) * sigma)); // of what is left of it
    this.smooth = blurred(data, width, sigma);
    this.offset = OFFSET + twice;
    const logs = Float64Array.from(this.smooth, (level) => Math.log(Math.fround(level + OFFSET) + twice));
    const lowest = largestAround(logs.map((one) => -one), width, SURROUNDINGS);
    this.steps = largestAround(logs, width, SURROUNDINGS).map((highest, i) => highest + lowest[i]);
  }

  /** How much darker (or lighter) than its ground each place is. */
  contrast(isLight, share) {
    const { smooth, width, offset } = this;
    const window = Math.max(3, evenly(share * this.side));
    const sign = isLight ? -1 : 1;
    const grounds = closing(smooth.map((level) => sign * level), width, window);
    return Float64Array.from(grounds, (ground, i) => {
      const [lighter, darker] = isLight ? [smooth[i], -ground] : [ground, smooth[i]];
      return 1 - (darker + offset) / (lighter + offset);
    });
  }

  /** The contrast of what runs through the frame. */
  lines(above) {
    const rows = rowsOf(above, this.width, this.height);
    const columns = rowsOf(transposed(less(above, rows, -Infinity), this.width), this.height, this.width);
    return transposed(columns, this.height).map((one, i) => Math.max(one, rows[i]));
  }

  /** What looks most written: among what does not touch the rim, and among all. */
  look(contrast, opposite) {
    const sorted = contrast.slice().sort();
    const ground = middle(sorted);
    const spread = middle(sorted.filter((share) => share <= ground).map((share) => ground - share).sort()) / 0.6745;
    const least = Math.min(DEVIATIONS * spread, FLOORS[FLOORS.length - 1]);
    const above = contrast.map((share) => Math.max((share - ground) / Math.max(1 - ground, 0.1), 0));
    const parts = FLOORS.filter((level) => level >= least).map((level) => this.#parts(above, level, opposite));
    return [false, true].map((mayTouch) => {
      const found = parts.map((one) => this.#written(one, mayTouch));
      const stable = found.filter((one, i) => one && found[i + 1] && areAlike(one.box, found[i + 1].box));
      const best = stable.reduce((most, one) => (most && most.score >= one.score ? most : one), null);
      return best && { ...best, above };
    });
  }

  /** Connected parts above a contrast, and what is known of each. */
  #parts(above, level, opposite) {
    const { width, height, steps } = this;
    const { numbers, count } = labelled((i) => above[i] >= level, width, height);
    const none = { area: 0, mass: 0, border: 0, edges: 0, outside: 0, ink: 0, atRim: 0 };
    const parts = Array.from({ length: count }, () => ({ ...none, top: height, left: width, bottom: 0, right: 0 }));
    numbers.forEach((number, i) => {
      if (!number) return;
      const [part, y, x] = [parts[number - 1], Math.floor(i / width), i % width];
      part.area++;
      part.mass += above[i];
      if (y < part.top) part.top = y;
      part.bottom = y + 1;
      if (x < part.left) part.left = x;
      if (x >= part.right) part.right = x + 1;
    });
    for (const part of parts) {
      part.strength = Math.min(part.mass / part.area, 0.95);
      part.step = -DIFFERENCE * Math.log(1 - part.strength);
    }
    const around = new Int32Array(numbers.length); // of what is in no part, the last of those beside it
    numbers.forEach((number, i) => {
      if (!number) return;
      const [y, x] = [Math.floor(i / width), i % width];
      let isWithin = y > 0 && x > 0 && y < height - 1 && x < width - 1;
      for (let ny = Math.max(y - 1, 0); ny <= Math.min(y + 1, height - 1); ny++) {
        for (let place = ny * width + Math.max(x - 1, 0); place <= ny * width + Math.min(x + 1, width - 1); place++) {
          if (numbers[place]) continue;
          isWithin = false;
          if (number > around[place]) around[place] = number;
        }
      }
      if (isWithin) return;
      parts[number - 1].border++;
      if (steps[i] >= parts[number - 1].step) parts[number - 1].edges++;
    });
    around.forEach((number, i) => {
      if (!number) return;
      parts[number - 1].outside++;
      if (opposite[i] >= 0.5 * parts[number - 1].strength) parts[number - 1].ink++;
    });
    for (const number of border({ width, height, data: numbers })) if (number) parts[number - 1].atRim++;
    for (const part of parts) {
      part.isWritten = part.edges + part.atRim >= EDGE * part.border && part.ink < HOLE * Math.max(part.outside, 1);
      part.stroke = (2 * part.area) / part.border;
      part.sides = [part.bottom - part.top, part.right - part.left];
    }
    return { numbers, parts };
  }

  /** The part that looks most written, and what belongs to it; null if none does. */
  #written({ numbers, parts }, mayTouch) {
    const isOff = (part) => {
      if (!mayTouch || !part.atRim) return part.atRim > 0;
      const filled = [part.sides[0] / this.height, part.sides[1] / this.width];
      const isSmall = Math.max(...filled) < FILLING || Math.min(...filled) < FILLING / 2;
      return isSmall || part.atRim > TOUCHED * part.border;
    };
    const written = parts.filter((part) => part.isWritten && !isOff(part));
    const may = written.filter(({ sides, area, strength, stroke }) => {
      const extent = Math.max(...sides);
      const isSmall = extent < COMPACT * this.side && extent < 2 * Math.min(...sides);
      const isDot = isSmall && area > 0.55 * sides[0] * sides[1];
      return !isDot && extent >= SMALLEST * this.side && strength >= FAINTEST && stroke < THICK * extent;
    });
    if (!may.length) return null;
    const scores = may.map(({ sides, border, strength, stroke }) => {
      const thin = Math.min(Math.max((THICK - stroke / Math.max(...sides)) / 0.2, 0), 1);
      return border * strength * thin;
    });
    const score = largest(scores);
    const main = may[scores.indexOf(score)];
    const belong = written.filter((part) => {
      const gap = Math.max(part.top - main.bottom, part.left - main.right, main.top - part.bottom, main.left - part.right);
      const share = part.mass / main.mass;
      const isNear = share >= 0.03 && gap <= 0.5 * Math.max(...main.sides);
      return part === main || (part.strength >= 0.6 * main.strength && (isNear || (share >= 0.4 && may.includes(part))));
    });
    const furthest = (side, sign) => sign * largest(belong.map((part) => sign * part[side]));
    const box = { top: furthest("top", -1), left: furthest("left", -1), bottom: furthest("bottom", 1), right: furthest("right", 1) };
    const numbersOf = (some) => some.map((part) => parts.indexOf(part) + 1);
    return { score, stroke: main.stroke, box, numbers, main: numbersOf([main])[0], whole: numbersOf(belong) };
  }

  /** Whether the main part, down to a share of its contrast, goes on to the rim. */
  runsOff(inMain, above, share) {
    const { width, height } = this;
    const least = share * meanAt(above, inMain);
    const { numbers } = labelled((i) => above[i] >= least, width, height);
    const atRim = new Set(border({ width, height, data: numbers }));
    return inMain.some((i) => numbers[i] > 0 && atRim.has(numbers[i]));
  }

  /** Grey levels like those of scanned ink. */
  levels({ above, numbers, whole }, inMain, near) {
    const seen = meanAt(near, inMain) >= 0.8 * meanAt(above, inMain) ? near : above;
    const full = upperQuartile(Float64Array.from(inMain, (i) => seen[i]).sort());
    const isIn = new Set(whole);
    const isNear = largestAround(Float64Array.from(numbers, (number) => Number(isIn.has(number))), this.width, 5);
    const levels = Uint8Array.from(seen, (share, i) => {
      const level = isNear[i] * Math.min(Math.max((share / full - 0.25) / 0.5, 0), 1);
      return evenly(255 * level);
    });
    return grey(this.width, this.height, levels);
  }
}

/** Contrast to a ground that has lines on it, which are in single precision. */
function less(above, lines, least = 0) {
  const most = Math.fround(0.8);
  return above.map((share, i) => Math.max((share - lines[i]) / Math.fround(1 - Math.min(lines[i], most)), least));
}

/** The contrast of what runs along rows, also somewhat turned. */
function rowsOf(above, width, height) {
  const shifts = SLOPES.map((slope) => Int32Array.from({ length: width }, (_, x) => evenly(slope * (x - width / 2))));
  const shift = shifts[steepest(above, width, height, shifts)];
  const reach = largest(shift.map(Math.abs));
  const end = Math.max(2, evenly(END * width));
  const ground = middle(above.slice().sort());
  const lines = Array.from({ length: height + 2 * reach }, (_, row) => {
    const levels = Float64Array.from(shift, (by, x) => above[clamped(row - reach + by, height) * width + x]);
    const ends = [levels.slice(0, end), levels.slice(-end)].map((part) => part.sort()[end >> 2]);
    return Math.max(Math.min(middle(levels.sort()), Math.max(...ends)) - ground, 0);
  });
  const thick = lines.map((line, row) => Math.fround(Math.max(line, lines[row - 1] ?? 0, lines[row + 1] ?? 0)));
  return above.map((_, i) => thick[Math.floor(i / width) - shift[i % width] + reach]);
}

/** By which slope rows differ most. */
function steepest(above, width, height, shifts) {
  const count = Math.floor(width / 6);
  const means = Float64Array.from({ length: height * count }, (_, i) => {
    const first = Math.floor(i / count) * width + 6 * (i % count);
    let sum = 0;
    for (let k = first; k < first + 6; k++) sum += Math.min(above[k], 0.3);
    return sum / 6;
  });
  const [row, differences] = [new Float64Array(count), new Float64Array(height - 1)];
  const differ = shifts.map((shift) => {
    let before = 0;
    for (let y = 0; y < height; y++) {
      for (let n = 0; n < count; n++) row[n] = means[clamped(y + shift[6 * n + 3], height) * count + n];
      const sum = summed(row);
      if (y) differences[y - 1] = (sum - before) ** 2;
      before = sum;
    }
    return summed(differences);
  });
  return differ.indexOf(largest(differ));
}

const meanAt = (plane, places) => summed(Float64Array.from(places, (i) => plane[i])) / places.length;

function areAlike(one, other) {
  const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  if (Math.min(wide, high) <= 0) return false;
  const [own, others] = [one, other].map((box) => (box.bottom - box.top) * (box.right - box.left));
  return wide * high >= ALIKE * (own + others - wide * high);
}

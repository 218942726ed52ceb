// Brings a grey image to the size that the model reads, to the last grey level as misread.images.fit does in Python; but
// the ink of a photograph is found as that once did (mnist-1), not as misread.images.photo does.

const BOX = 20 / 28;
const DEFAULT_SIZE = 28;
const CENTRED = 0.55;
const PHOTO = { side: 256, floor: 0.3, contrast: 24, speck: 0.05 };
const NOISE = { floor: 0.05, speck: 0.01, faintest: 8, cells: 512 };
const DOT = { side: 0.12, full: 0.6 };
const GROUND = { side: 64, window: 16 };
const PRECISION = 2 ** 22; // of Pillow's weights

/** @typedef {{width: number, height: number, data: Uint8Array}} Grey */

const grey = (width, height, data = new Uint8Array(width * height)) => ({ width, height, data });

/** Half to even, as Python rounds. */
function evenly(value) {
  const low = Math.floor(value);
  const over = value - low;
  return over < 0.5 || (over === 0.5 && low % 2 === 0) ? low : low + 1;
}

/**
 * @param {Grey} image of any size
 * @param {{image_size: [number, number], fit: string, invert: boolean, binary: boolean}} model
 * @returns {Grey}
 */
export function fitImage(image, { image_size: [height, width], fit, invert, binary }) {
  if (binary && image.data.every((level) => level <= 1)) image = whole(image);
  if (invert) image = inverted(image);
  const isSize = image.height === height && image.width === width;
  const isCrop = fit.startsWith("mnist"); // mnist, or mnist-1 as it was in earlier model files
  if (isSize && (!isCrop || fittedAlready(image))) return image;
  if (isCrop) return fitMnist(image, width, height, fit === "mnist");
  return fit === "stretch" ? resized(image, width, height) : padded(image, width, height);
}

/** Levels 0 and 1 as 0 and 255. */
const whole = ({ width, height, data }) => grey(width, height, data.map((level) => 255 * level));

const inverted = ({ width, height, data }) => grey(width, height, data.map((level) => 255 - level));

function border({ width, height, data }) {
  const levels = [];
  for (let x = 0; x < width; x++) levels.push(data[x]);
  for (let x = 0; x < width; x++) levels.push(data[(height - 1) * width + x]);
  for (let y = 1; y < height - 1; y++) levels.push(data[y * width], data[y * width + width - 1]);
  return levels;
}

function background(image) {
  const levels = border(image).sort((a, b) => a - b);
  const middle = levels.length >> 1;
  return Math.floor(levels.length % 2 ? levels[middle] : (levels[middle - 1] + levels[middle]) / 2);
}

function profiles({ width, height, data }) {
  const [rows, columns] = [new Array(height).fill(0), new Array(width).fill(0)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      rows[y] += data[y * width + x];
      columns[x] += data[y * width + x];
    }
  }
  return [rows, columns];
}

function centre(profile) {
  let [mass, moment] = [0, 0];
  profile.forEach((ink, place) => {
    mass += ink;
    moment += place * ink;
  });
  return moment / Math.max(mass, 1);
}

function fittedAlready(image) {
  const edge = border(image);
  if (profiles(image)[0].every((ink) => ink === 0)) return true;
  if (edge.filter((level) => level === 0).length / edge.length <= 0.5) return false;
  let beyond = -Infinity;
  for (const profile of profiles(image)) {
    const length = profile.length;
    const first = profile.findIndex((ink) => ink > 0);
    const extent = profile.findLastIndex((ink) => ink > 0) - first + 1;
    beyond = Math.max(beyond, extent - Math.max(1, evenly(length * BOX)));
    if (Math.abs(centre(profile) - length / 2) > CENTRED) return false;
  }
  return beyond >= -1 && beyond <= 0;
}

/** Pillow's resampling with a triangle whose support grows with the reduction: first along rows, then columns. */
function resized(image, width, height) {
  const wide = image.width === width ? image : along(image, width, height, true);
  return wide.height === height ? wide : along(wide, width, height, false);
}

function along(image, width, height, horizontal) {
  const [from, to] = horizontal ? [image.width, width] : [image.height, height];
  const out = horizontal ? grey(width, image.height) : grey(image.width, height);
  const step = horizontal ? 1 : image.width;
  triangles(from, to).forEach(({ start, weights }, place) => {
    const lines = horizontal ? image.height : image.width;
    for (let line = 0; line < lines; line++) {
      const first = horizontal ? line * image.width + start : start * image.width + line;
      let sum = PRECISION / 2;
      for (let k = 0; k < weights.length; k++) sum += image.data[first + k * step] * weights[k];
      const level = Math.min(Math.max(Math.floor(sum / PRECISION), 0), 255);
      out.data[horizontal ? line * width + place : place * image.width + line] = level;
    }
  });
  return out;
}

function triangles(from, to) {
  const scale = from / to;
  const wide = Math.max(scale, 1);
  return Array.from({ length: to }, (_, place) => {
    const middle = (place + 0.5) * scale;
    const start = Math.max(Math.trunc(middle - wide + 0.5), 0);
    const stop = Math.min(Math.trunc(middle + wide + 0.5), from);
    const inverse = 1 / wide;
    const shares = Array.from({ length: stop - start }, (_, k) =>
      Math.max(0, 1 - Math.abs((k + start - middle + 0.5) * inverse)),
    );
    let total = 0;
    for (const share of shares) total += share;
    return { start, weights: shares.map((share) => Math.trunc(0.5 + (total ? share / total : share) * PRECISION)) };
  });
}

function scaled(image, width, height) {
  const scale = Math.min(height / image.height, width / image.width);
  const [wide, high] = [image.width, image.height].map((side) => Math.max(1, evenly(side * scale)));
  return resized(image, wide, high);
}

function placed(small, width, height, left, top, ground = 0) {
  const frame = grey(width, height, new Uint8Array(width * height).fill(ground));
  for (let y = 0; y < small.height; y++) {
    frame.data.set(small.data.subarray(y * small.width, (y + 1) * small.width), (top + y) * width + left);
  }
  return frame;
}

function padded(image, width, height) {
  const small = scaled(image, width, height);
  const [left, top] = [(width - small.width) >> 1, (height - small.height) >> 1];
  return placed(small, width, height, left, top, background(image));
}

function fitMnist(image, width, height, dotsAreNothing) {
  let ink = inkOf(image);
  let counts = ink.data.map((level) => level > 0);
  const isLarge = Math.max(ink.width, ink.height) > Math.max(DEFAULT_SIZE, width, height);
  if (isLarge) [ink, counts] = withoutNoise(ink);
  const [rows, columns] = profiles(grey(ink.width, ink.height, counts));
  const isInk = (ink) => ink > 0;
  const [top, bottom] = [rows.findIndex(isInk), rows.findLastIndex(isInk)];
  const [left, right] = [columns.findIndex(isInk), columns.findLastIndex(isInk)];
  if (top < 0) return grey(width, height);
  if (isLarge && dotsAreNothing && isDot(counts, ink, bottom - top + 1, right - left + 1)) return grey(width, height);
  const crop = grey(right - left + 1, bottom - top + 1);
  for (let y = 0; y < crop.height; y++) {
    const start = (top + y) * ink.width + left;
    crop.data.set(ink.data.subarray(start, start + crop.width), y * crop.width);
  }
  const [boxWide, boxHigh] = [width, height].map((side) => Math.max(1, evenly(side * BOX)));
  const small = scaled(crop, boxWide, boxHigh);
  const [byRow, byColumn] = profiles(small);
  return placed(small, width, height, offset(byColumn, width), offset(byRow, height));
}

/** Whether all that counts is one small, full spot, as a single touch of the pen leaves. */
function isDot(counts, { width, height }, high, wide) {
  const [longer, shorter] = [Math.max(high, wide), Math.min(high, wide)];
  if (longer > Math.min(DOT.side * Math.max(width, height), 2 * shorter)) return false;
  return counts.reduce((sum, one) => sum + (one ? 1 : 0), 0) >= DOT.full * high * wide;
}

/** Where to begin, so that the centre of mass falls on the middle and nothing is cut off. */
function offset(profile, frame) {
  return Math.min(Math.max(Math.floor(frame / 2 - centre(profile) + 0.5), 0), frame - profile.length);
}

function inkOf(image) {
  let ground = background(image);
  if (ground > 127) {
    image = inverted(image);
    ground = 255 - ground;
  }
  return ground === 0 ? image : inkOfPhoto(image);
}

function withoutNoise(ink) {
  const { width, height, data } = ink;
  const strongest = largest(data);
  if (strongest < NOISE.faintest) return [ink, new Uint8Array(data.length)];
  const least = Math.max(1, NOISE.floor * strongest);
  const strong = data.map((level) => level >= least);
  const side = Math.ceil(Math.max(width, height) / NOISE.cells);
  const [wide, high] = [Math.ceil(width / side), Math.ceil(height / side)];
  const cells = new Float64Array(wide * high);
  const cellOf = (i) => Math.floor(Math.floor(i / width) / side) * wide + Math.floor((i % width) / side);
  data.forEach((level, i) => {
    if (strong[i]) cells[cellOf(i)] += level;
  });
  const isSpeck = specks(cells, wide, high, NOISE.speck);
  if (!isSpeck) return [ink, strong];
  const kept = data.map((level, i) => (isSpeck[cellOf(i)] ? 0 : level));
  return [grey(width, height, kept), strong.map((one, i) => one && !isSpeck[cellOf(i)])];
}

/** Which cells belong to connected parts with less than a share of the heaviest part's mass; null if none do. */
function specks(cells, width, height, share) {
  const part = new Int32Array(cells.length);
  const masses = [0];
  for (let seed = 0; seed < cells.length; seed++) {
    if (!(cells[seed] > 0) || part[seed]) continue;
    const number = masses.push(0) - 1;
    const open = [seed];
    part[seed] = number;
    while (open.length) {
      const here = open.pop();
      masses[number] += cells[here];
      const [y, x] = [Math.floor(here / width), here % width];
      for (let ny = Math.max(y - 1, 0); ny <= Math.min(y + 1, height - 1); ny++) {
        for (let nx = Math.max(x - 1, 0); nx <= Math.min(x + 1, width - 1); nx++) {
          const next = ny * width + nx;
          if (cells[next] > 0 && !part[next]) {
            part[next] = number;
            open.push(next);
          }
        }
      }
    }
  }
  const least = share * largest(masses);
  const answer = cells.map((cell, i) => cell > 0 && masses[part[i]] < least);
  return answer.some(Boolean) ? answer : null;
}

/** The ink off a ground that is neither black nor even. */
function inkOfPhoto(image) {
  if (Math.max(image.width, image.height) > PHOTO.side) image = scaled(image, PHOTO.side, PHOTO.side);
  const { width, height } = image;
  const ground = unevenGround(image);
  const above = Float64Array.from(image.data, (level, i) => Math.max(level - ground.data[i], 0));
  const strongest = largest(above);
  if (strongest < PHOTO.contrast) return grey(width, height);
  above.forEach((level, i) => {
    if (level < PHOTO.floor * strongest) above[i] = 0;
  });
  const isSpeck = specks(above, width, height, PHOTO.speck);
  const gain = 255 / strongest;
  const levels = above.map((level, i) => (isSpeck?.[i] ? 0 : evenly(Math.min(level * gain, 255))));
  return grey(width, height, Uint8Array.from(levels));
}

/** What remains when light strokes narrower than a window are taken away. */
function unevenGround(image) {
  const half = GROUND.window / 2;
  let ground = scaled(image, GROUND.side, GROUND.side);
  const least = (levels) => levels.reduce((a, b) => Math.min(a, b));
  const mean = (levels) => Math.trunc(levels.reduce((a, b) => a + b) / levels.length);
  for (const [rule, before] of [[least, half], [largest, half - 1], [mean, half]]) {
    for (const vertical of [true, false]) ground = filtered(ground, rule, before, vertical);
  }
  return resized(ground, image.width, image.height);
}

function filtered({ width, height, data }, rule, before, vertical) {
  const out = grey(width, height);
  const [length, step] = vertical ? [height, width] : [width, 1];
  for (let i = 0; i < data.length; i++) {
    const place = vertical ? Math.floor(i / width) : i % width;
    const levels = Array.from({ length: GROUND.window }, (_, k) => {
      const from = Math.min(Math.max(place - before + k, 0), length - 1);
      return data[i + (from - place) * step];
    });
    out.data[i] = rule(levels);
  }
  return out;
}

/** The largest of many numbers, more than fit on a stack. */
function largest(values) {
  let best = -Infinity;
  for (const value of values) if (value > best) best = value;
  return best;
}

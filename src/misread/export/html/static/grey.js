// Grey images: their borders, their sizes, and what hangs together in them, as Pillow, numpy and scipy have it.

const PRECISION = 2 ** 22; // of Pillow's weights

/** @typedef {{width: number, height: number, data: Uint8Array}} Grey */

export const grey = (width, height, data = new Uint8Array(width * height)) => ({ width, height, data });

/** Half to even, as Python rounds. */
export function evenly(value) {
  const low = Math.floor(value);
  const over = value - low;
  return over < 0.5 || (over === 0.5 && low % 2 === 0) ? low : low + 1;
}

/** The largest of many numbers, more than fit on a stack. */
export function largest(values) {
  let best = -Infinity;
  for (const value of values) if (value > best) best = value;
  return best;
}

export function border({ width, height, data }) {
  const levels = [];
  for (let x = 0; x < width; x++) levels.push(data[x]);
  for (let x = 0; x < width; x++) levels.push(data[(height - 1) * width + x]);
  for (let y = 1; y < height - 1; y++) levels.push(data[y * width], data[y * width + width - 1]);
  return levels;
}

/**
 * Numbers the connected parts of a plane, also by corners, from 1 in the order of their first pixels.
 * @returns {{numbers: Int32Array, count: number}}
 */
export function labelled(isIn, width, height) {
  const numbers = new Int32Array(width * height);
  let count = 0;
  for (let seed = 0; seed < numbers.length; seed++) {
    if (numbers[seed] || !isIn(seed)) continue;
    const open = [seed];
    numbers[seed] = ++count;
    while (open.length) {
      const here = open.pop();
      const [y, x] = [Math.floor(here / width), here % width];
      for (let ny = Math.max(y - 1, 0); ny <= Math.min(y + 1, height - 1); ny++) {
        for (let nx = Math.max(x - 1, 0); nx <= Math.min(x + 1, width - 1); nx++) {
          const next = ny * width + nx;
          if (numbers[next] || !isIn(next)) continue;
          numbers[next] = count;
          open.push(next);
        }
      }
    }
  }
  return { numbers, count };
}

/** Pillow's resampling with a triangle whose support grows with the reduction: first along rows, then columns. */
export function resized(image, width, height) {
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
    const centred = (place + 0.5) * scale;
    const start = Math.max(Math.trunc(centred - wide + 0.5), 0);
    const stop = Math.min(Math.trunc(centred + wide + 0.5), from);
    const inverse = 1 / wide;
    const shares = Array.from({ length: stop - start }, (_, k) =>
      Math.max(0, 1 - Math.abs((k + start - centred + 0.5) * inverse)),
    );
    let total = 0;
    for (const share of shares) total += share;
    return { start, weights: shares.map((share) => Math.trunc(0.5 + (total ? share / total : share) * PRECISION)) };
  });
}

// Planes of numbers, row after row, as numpy and scipy work on them; sums are in numpy's order, so that no bit differs.

export const clamped = (at, length) => Math.min(Math.max(at, 0), length - 1);

/** As if the plane went on beyond its rim in a mirror. */
export function mirrored(at, length) {
  const place = ((at % (2 * length)) + 2 * length) % (2 * length);
  return Math.min(place, 2 * length - 1 - place);
}

/** A plane with a border, of what `inside` finds for it within. */
export function framed(plane, width, border, inside) {
  const [height, wide] = [plane.length / width, width + 2 * border];
  const columns = Int32Array.from({ length: wide }, (_, x) => inside(x - border, width));
  const result = new plane.constructor(wide * (height + 2 * border));
  for (let y = 0, i = 0; i < result.length; y++) {
    const row = width * inside(y - border, height);
    for (let x = 0; x < wide; x++) result[i++] = plane[row + columns[x]];
  }
  return result;
}

/** The largest of every square window that lies in a plane of rows so wide. */
export function inWindows(plane, wide, window) {
  const columns = transposed(alongRows(plane, wide, window), wide - window + 1);
  const height = plane.length / wide;
  return transposed(alongRows(columns, height, window), height - window + 1);
}

/** A window begins in one stretch of its own length and ends in the next: the largest of the end and the beginning. */
function alongRows(plane, wide, window) {
  const width = wide - window + 1;
  const result = new plane.constructor((plane.length / wide) * width);
  const [before, after] = [new plane.constructor(wide), new plane.constructor(wide + 1)];
  const begins = Uint8Array.from({ length: wide + 1 }, (_, x) => Number(x % window === 0 || x === wide));
  for (let from = 0, to = 0; to < result.length; from += wide, to += width) {
    for (let x = 0; x < wide; x++) before[x] = begins[x] || plane[from + x] > before[x - 1] ? plane[from + x] : before[x - 1];
    for (let x = wide - 1; x >= 0; x--) after[x] = begins[x + 1] || plane[from + x] > after[x + 1] ? plane[from + x] : after[x + 1];
    for (let x = 0; x < width; x++) result[to + x] = Math.max(after[x], before[x + window - 1]);
  }
  return result;
}

/** The largest value in a window around each place. */
export function largestAround(plane, width, window) {
  return inWindows(framed(plane, width, window >> 1, mirrored), width + 2 * (window >> 1), window);
}

/** Without what is darker and narrower than a window; what lies at the rim goes on beyond it. */
export function closing(plane, width, window) {
  const wide = width + 2 * (window - 1);
  const highest = inWindows(framed(plane, width, window - 1, clamped), wide, window);
  return inWindows(highest.map((one) => -one), wide - window + 1, window).map((one) => -one);
}

/** A Gaussian, down the columns and then along the rows, each in single precision. */
export function blurred(plane, width, sigma) {
  const reach = Math.trunc(4 * sigma + 0.5);
  const shares = Float64Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp((-0.5 / (sigma * sigma)) * (k - reach) ** 2));
  const total = summed(shares);
  const weights = shares.slice(reach).map((share) => share / total);
  let levels = Float32Array.from(plane);
  for (const [length, step] of [[plane.length / width, width], [width, 1]]) {
    const places = Array.from({ length: length + 2 * reach }, (_, k) => mirrored(k - reach, length));
    levels = levels.map((level, i) => {
      const at = Math.floor(i / step) % length;
      let sum = level * weights[0];
      for (let k = reach; k > 0; k--) {
        const [before, after] = [places[at - k + reach], places[at + k + reach]];
        sum += (levels[i + (before - at) * step] + levels[i + (after - at) * step]) * weights[k];
      }
      return sum;
    });
  }
  return levels;
}

export function transposed(plane, width) {
  const height = plane.length / width;
  const result = new plane.constructor(plane.length);
  for (let x = 0, i = 0; x < width; x++) for (let y = 0; y < height; y++) result[i++] = plane[y * width + x];
  return result;
}

export function summed(values, start = 0, count = values.length) {
  if (count > 128) {
    const half = (count >> 1) - ((count >> 1) % 8);
    return summed(values, start, half) + summed(values, start + half, count - half);
  }
  const [even, end] = [start + count - (count % 8), start + count];
  let sum = 0;
  if (count >= 8) {
    const eight = values.slice(start, start + 8);
    for (let i = start + 8; i < even; i++) eight[(i - start) % 8] += values[i];
    const [a, b, c, d, e, f, g, h] = eight;
    sum = a + b + (c + d) + (e + f + (g + h));
  }
  for (let i = even; i < end; i++) sum += values[i];
  return sum;
}

/** The middle one of sorted numbers, or the mean of both. */
export function middle(sorted) {
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** What a quarter of sorted numbers is above. */
export function upperQuartile(sorted) {
  const place = 0.75 * (sorted.length - 1);
  const [low, high, share] = [sorted[Math.floor(place)], sorted[Math.ceil(place)], place % 1];
  return share >= 0.5 ? high - (high - low) * (1 - share) : low + (high - low) * share;
}

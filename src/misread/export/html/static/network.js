// Numbers as they are written in the page, and the network that is made of them.

/** @param {{data: string, kind: string}} array numbers as base64, little-endian; p12: of 12 bits, one after the other */
export function numbers({ data, kind }) {
  const text = atob(data);
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  if (kind.startsWith("p")) {
    const bits = Number(kind.slice(1));
    return Int32Array.from({ length: Math.floor((8 * bytes.length) / bits) }, (_, i) => {
      const [byte, begun] = [(i * bits) >> 3, (i * bits) & 7];
      const four = bytes[byte] | (bytes[byte + 1] << 8) | (bytes[byte + 2] << 16) | (bytes[byte + 3] << 24);
      return ((four >>> begun) << (32 - bits)) >> (32 - bits);
    });
  }
  const Kind = { i1: Int8Array, i2: Int16Array, f4: Float32Array, f8: Float64Array }[kind];
  return new Kind(bytes.buffer);
}

/** Weights as they were before they were written in few bits: a scale for each of `count` parts. */
export function weightsOf({ weights, scales }) {
  const [steps, whole] = [numbers(scales), numbers(weights)];
  const size = whole.length / steps.length;
  return Float64Array.from({ length: size * steps.length }, (_, i) => whole[i] * steps[Math.floor(i / size)]);
}

/** Convolutions, asked about the image and about copies of it that are moved a little. */
export class Network {
  constructor({ layers, moves, top }, height, width) {
    Object.assign(this, { moves, top }); // what a white pixel is divided by
    this.size = [height, width];
    let shape = [1, height, width];
    this.layers = layers.map((told) => {
      const layer = new { conv: Convolution, pool: Pool, levels: Levels, linear: Linear }[told.kind](told, shape);
      shape = layer.shape;
      return layer;
    });
  }

  scores(pixels) {
    const first = this.#logits(pixels);
    if (!this.moves.length) return first;
    const others = this.moves.map((move) => this.#logits(moved(pixels, this.size, move)));
    return logMean([first, logMean(others)]);
  }

  /** @returns {number[]} after the first convolution, for those who want to see: planes one after the other */
  seen(pixels) {
    return { planes: this.layers[0].run(Float64Array.from(pixels, (level) => level / this.top)), shape: this.layers[0].shape };
  }

  #logits(pixels) {
    let values = Float64Array.from(pixels, (level) => Math.fround(level / this.top));
    for (const layer of this.layers) values = layer.run(values);
    return Array.from(values);
  }
}

const TOGETHER = 4; // channels computed at once

class Convolution {
  constructor(told, [channels, height, width]) {
    const [out, , high, wide] = told.shape;
    this.strides = told.strides ?? [1, 1];
    const weights = weightsOf(told);
    this.biases = numbers(told.biases);
    this.shape = [out, Math.ceil(height / this.strides[0]), Math.ceil(width / this.strides[1])];
    this.given = [channels, height, width];
    this.edge = [high >> 1, wide >> 1];
    this.taps = channels * high * wide;
    const [tall, broad] = [height + 2 * this.edge[0], width + 2 * this.edge[1]];
    this.framed = new Float64Array(channels * tall * broad);
    this.steps = Int32Array.from({ length: this.taps }, (_, tap) => {
      const [channel, rest] = [Math.floor(tap / (high * wide)), tap % (high * wide)];
      return channel * tall * broad + Math.floor(rest / wide) * broad + (rest % wide);
    });
    const groups = Math.ceil(out / TOGETHER);
    this.packed = new Float64Array(groups * this.taps * TOGETHER); // of each tap, the weights of channels together
    for (let channel = 0; channel < out; channel++) {
      const start = Math.floor(channel / TOGETHER) * this.taps * TOGETHER + (channel % TOGETHER);
      for (let tap = 0; tap < this.taps; tap++) this.packed[start + tap * TOGETHER] = weights[channel * this.taps + tap];
    }
  }

  run(values) {
    const { framed, steps, packed, biases, taps } = this;
    const [channels, height, width] = this.given;
    const [out, rows, columns] = this.shape;
    const [down, right] = this.strides;
    const [above, beside] = this.edge;
    const [tall, broad] = [height + 2 * above, width + 2 * beside];
    for (let channel = 0; channel < channels; channel++) {
      for (let y = 0; y < height; y++) {
        const from = (channel * height + y) * width;
        framed.set(values.subarray(from, from + width), (channel * tall + y + above) * broad + beside);
      }
    }
    const result = new Float64Array(out * rows * columns);
    const plane = rows * columns;
    for (let group = 0; group * TOGETHER < out; group++) {
      const start = group * taps * TOGETHER;
      for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x += 2) {
          const here = y * down * broad + x * right;
          const next = x + 1 < columns ? here + right : here;
          let a0 = 0.0, a1 = 0.0, a2 = 0.0, a3 = 0.0;
          let b0 = 0.0, b1 = 0.0, b2 = 0.0, b3 = 0.0;
          for (let tap = 0, k = start; tap < taps; tap++, k += TOGETHER) {
            const step = steps[tap];
            const a = framed[here + step];
            const b = framed[next + step];
            const w0 = packed[k];
            const w1 = packed[k + 1];
            const w2 = packed[k + 2];
            const w3 = packed[k + 3];
            a0 += a * w0;
            a1 += a * w1;
            a2 += a * w2;
            a3 += a * w3;
            b0 += b * w0;
            b1 += b * w1;
            b2 += b * w2;
            b3 += b * w3;
          }
          const place = group * TOGETHER * plane + y * columns + x;
          store(result, place, plane, group * TOGETHER, out, biases, a0, a1, a2, a3);
          if (next !== here) store(result, place + 1, plane, group * TOGETHER, out, biases, b0, b1, b2, b3);
        }
      }
    }
    return result;
  }
}

function store(result, place, plane, channel, out, biases, s0, s1, s2, s3) {
  result[place] = Math.max(s0 + biases[channel], 0);
  if (channel + 1 < out) result[place + plane] = Math.max(s1 + biases[channel + 1], 0);
  if (channel + 2 < out) result[place + 2 * plane] = Math.max(s2 + biases[channel + 2], 0);
  if (channel + 3 < out) result[place + 3 * plane] = Math.max(s3 + biases[channel + 3], 0);
}

/** Values times a number for each channel, to the nearest of 0 to 255. */
class Levels {
  constructor(told, shape) {
    this.scales = numbers(told.scales);
    this.shape = shape;
  }

  run(values) {
    const plane = this.shape[1] * this.shape[2];
    return values.map((value, i) => Math.min(255, Math.floor(value * this.scales[Math.floor(i / plane)] + 0.5)));
  }
}

class Pool {
  constructor({ rows, columns }, [channels, height, width]) {
    Object.assign(this, { rows, columns, given: [channels, height, width] });
    this.shape = [channels, rows.length, columns.length];
  }

  run(values) {
    const [channels, height, width] = this.given;
    const result = new Float64Array(channels * this.rows.length * this.columns.length);
    let place = 0;
    for (let channel = 0; channel < channels; channel++) {
      for (const [top, bottom] of this.rows) {
        for (const [left, right] of this.columns) {
          let largest = -Infinity;
          for (let y = top; y < bottom; y++) {
            const row = (channel * height + y) * width;
            for (let x = left; x < right; x++) if (values[row + x] > largest) largest = values[row + x];
          }
          result[place++] = largest;
        }
      }
    }
    return result;
  }
}

class Linear {
  constructor(told) {
    this.weights = weightsOf(told);
    this.biases = numbers(told.biases);
    this.shape = [this.biases.length, 1, 1];
  }

  run(values) {
    return Float64Array.from(this.biases, (bias, plane) => {
      let sum = bias;
      for (let i = 0; i < values.length; i++) sum += this.weights[plane * values.length + i] * values[i];
      return sum;
    });
  }
}

/** An image moved by parts of a pixel, down and to the right, in single precision as in Python. */
function moved(pixels, [height, width], [down, right]) {
  const f = Math.fround;
  const start = (move, side) => {
    const from = -Math.min(Math.max(f(move), f(-side - 1)), f(side + 1));
    return [Math.floor(from), f(from - Math.floor(from))];
  };
  const [[top, partY], [left, partX]] = [start(down, height), start(right, width)];
  const at = (y, x) => (y >= 0 && y < height && x >= 0 && x < width ? pixels[y * width + x] : 0);
  const rows = new Float32Array((height + 1) * width);
  for (let y = 0; y <= height; y++) {
    for (let x = 0; x < width; x++) {
      const [here, next] = [at(y + top, x + left), at(y + top, x + left + 1)];
      rows[y * width + x] = f(here + f(partX * (next - here)));
    }
  }
  const out = new Uint8Array(height * width);
  for (let i = 0; i < out.length; i++) {
    const level = f(rows[i] + f(partY * f(rows[i + width] - rows[i])));
    out[i] = Math.trunc(f(level + 0.5));
  }
  return out;
}

export function softmax(values) {
  const most = Math.max(...values);
  const parts = values.map((value) => Math.exp(value - most));
  const total = parts.reduce((a, b) => a + b);
  return parts.map((part) => part / total);
}

/** Logarithms of the mean of the probabilities that some lists of logits stand for. */
function logMean(tables) {
  const shares = tables.map(softmax);
  return shares[0].map((_, i) => Math.log(Math.max(shares.reduce((sum, one) => sum + one[i], 0) / shares.length, 2.2250738585072014e-308)));
}

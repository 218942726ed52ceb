// Brings a grey image to the size that the model reads, to the last grey level as misread.images.fit does in Python.

import { border, evenly, grey, labelled, largest, resized } from "./grey.js";
import { inkOfPhoto } from "./photo.js";
import { middle } from "./planes.js";

const BOX = 20 / 28;
const DEFAULT_SIZE = 28;
const CENTRED = 0.55;
const UNEVEN = { side: 256, floor: 0.3, contrast: 24, speck: 0.05 };
const NOISE = { floor: 0.05, speck: 0.01, faintest: 8, cells: 512 };
const DOT = { side: 0.12, full: 0.6 };
const GROUND = { side: 64, window: 16 };
const MID_GREY = { from: 32, to: 223, many: 0.1, leastSide: 64 };

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
  if (isCrop) return fitMnist(image, width, height, fit !== "mnist");
  return fit === "stretch" ? resized(image, width, height) : padded(image, width, height);
}

/** Levels 0 and 1 as 0 and 255. */
const whole = ({ width, height, data }) => grey(width, height, data.map((level) => 255 * level));

const inverted = ({ width, height, data }) => grey(width, height, data.map((level) => 255 - level));

const background = (image) => Math.floor(middle(border(image).sort((a, b) => a - b)));

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

function fitMnist(image, width, height, isEarlier) {
  const photographed = !isEarlier && isPhoto(image);
  let ink = photographed ? inkOfPhoto(image) : inkOf(image);
  let counts = ink.data.map((level) => level > 0);
  const isLarge = Math.max(ink.width, ink.height) > Math.max(DEFAULT_SIZE, width, height);
  if (isLarge) [ink, counts] = withoutNoise(ink);
  const [rows, columns] = profiles(grey(ink.width, ink.height, counts));
  const isInk = (ink) => ink > 0;
  const [top, bottom] = [rows.findIndex(isInk), rows.findLastIndex(isInk)];
  const [left, right] = [columns.findIndex(isInk), columns.findLastIndex(isInk)];
  const mayBeDot = isLarge && !isEarlier && !photographed;
  if (top < 0 || (mayBeDot && isDot(counts, ink, bottom - top + 1, right - left + 1))) return grey(width, height);
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

/** Whether the border is neither black nor white, or is mid-grey here and there. */
function isPhoto(image) {
  if (Math.max(image.width, image.height) <= MID_GREY.leastSide) return false;
  const edge = border(image);
  const isGrey = edge.filter((level) => level > MID_GREY.from && level < MID_GREY.to);
  return ![0, 255].includes(background(image)) || isGrey.length / edge.length > MID_GREY.many;
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
  return ground === 0 ? image : inkOnGround(image);
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
  const { numbers, count } = labelled((i) => cells[i] > 0, width, height);
  const masses = new Float64Array(count + 1);
  numbers.forEach((number, i) => (masses[number] += cells[i]));
  const least = share * largest(masses);
  const answer = cells.map((cell, i) => cell > 0 && masses[numbers[i]] < least);
  return answer.some(Boolean) ? answer : null;
}

/** The ink off a ground that is neither black nor even: of small images, and by the fit mnist-1. */
function inkOnGround(image) {
  if (Math.max(image.width, image.height) > UNEVEN.side) image = scaled(image, UNEVEN.side, UNEVEN.side);
  const { width, height } = image;
  const ground = unevenGround(image);
  const above = Float64Array.from(image.data, (level, i) => Math.max(level - ground.data[i], 0));
  const strongest = largest(above);
  if (strongest < UNEVEN.contrast) return grey(width, height);
  above.forEach((level, i) => {
    if (level < UNEVEN.floor * strongest) above[i] = 0;
  });
  const isSpeck = specks(above, width, height, UNEVEN.speck);
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

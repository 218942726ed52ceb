// Why an image was read so: of a linear model its weights, of neighbours the neighbours, of others what flips it.

import { make, nameOf, nameTag } from "./dom.js";
import { gallery, loadSheet, picture } from "./images.js";
import { report, unpack } from "./report.js";
import { scoreText } from "./words.js";

const told = report.why;
const SCALE = 8;

/** A canvas with the image and over it what `level(x, y)` says from -1 (against) to 1 (for the answer); `boxes` are framed. */
const overlay = (place, level, label, boxes = []) => {
  const { sheet } = gallery;
  const canvas = make("canvas", { class: "overlay", width: sheet.width * SCALE, height: sheet.height * SCALE, role: "img", "aria-label": label });
  const style = getComputedStyle(document.documentElement);
  const [yes, no] = ["--yes", "--no"].map((name) => style.getPropertyValue(name));
  const dark = style.getPropertyValue("--invert").trim() === "none";
  sheet.ready.then(() => {
    const pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.filter = dark ? "none" : "invert(1)";
    const [x, y] = [(place % sheet.columns) * sheet.width, Math.floor(place / sheet.columns) * sheet.height];
    pen.drawImage(sheet.image, x, y, sheet.width, sheet.height, 0, 0, canvas.width, canvas.height);
    pen.filter = "none";
    for (let row = 0; row < sheet.height; row++) {
      for (let column = 0; column < sheet.width; column++) {
        const how = level(column, row);
        if (!how) continue;
        pen.globalAlpha = 0.85 * Math.min(1, Math.abs(how));
        pen.fillStyle = how > 0 ? yes : no;
        pen.fillRect(column * SCALE, row * SCALE, SCALE, SCALE);
      }
    }
    pen.globalAlpha = 1;
    pen.lineWidth = 2;
    pen.strokeStyle = style.getPropertyValue("--ink");
    for (const box of boxes) pen.strokeRect(...box.map((side, k) => side * SCALE + (k < 2 ? 1 : -2)));
  });
  return canvas;
};

/** The class that the answer is weighed against: the true one, or none where it was read right. */
const rivalOf = (place) => (gallery.true[place] === gallery.predicted[place] ? null : gallery.true[place]);

const key = (what, tone) => make("span", { class: `key ${tone}` }, what);

const byWeights = (place) => {
  const { width, height } = gallery.sheet;
  const [answer, rival] = [gallery.predicted[place], rivalOf(place)];
  const size = width * height;
  const model = told.which[place] * told.classes;
  const weight = (code, i) => ((told.levels[(model + code) * size + i] - 128) * told.scales[model + code]) / 127;
  const values = Float32Array.from({ length: size }, (_, i) => weight(answer, i) - (rival === null ? 0 : weight(rival, i)));
  const strong = Float32Array.from(values, Math.abs).sort()[Math.floor(0.98 * (size - 1))] || 1;
  const what = rival === null ? `Weights of ${nameOf(answer)}` : `Weights of ${nameOf(answer)} minus ${nameOf(rival)}`;
  return [
    make("h3", {}, what),
    overlay(place, (x, y) => values[y * width + x] / strong, `${what}, laid over the image`),
    make("p", { class: "hint" }, "Ink on ", key("blue", "one"), ` speaks for ${nameOf(answer)}, on `, key("orange", "two"), rival === null ? " against it." : ` for ${nameOf(rival)}.`, ` ${told.note}`),
  ];
};

const byNeighbors = (place) => {
  const row = told.rowOf.get(place);
  const all = row === undefined ? [] : Array.from(told.of.subarray(row * told.k, (row + 1) * told.k));
  const near = all.map((one, k) => ({ at: one - 1, distance: told.distances[row * told.k + k] })).filter(({ at }) => at >= 0);
  if (!near.length) return [make("p", { class: "hint" }, "Its nearest training images are stored for a part of the misread ones only.")];
  const [sheet, labels] = told.sheet ? [told.sheet, told.labels] : [gallery.sheet, gallery.true];
  return [
    make("h3", {}, "The training images nearest to it"),
    make("ul", { class: "why-near" }, ...near.map(({ at, distance }) => make(
      "li", {}, picture(sheet, at, `a training image of ${nameOf(labels[at])}`),
      make("span", { class: `who${labels[at] === gallery.true[place] ? " same" : ""}` }, nameTag(labels[at])),
      make("span", { class: "sub" }, scoreText(distance)),
    ))),
    make("p", { class: "hint" }, `Below each its class and its distance. ${told.note}`),
  ];
};

/** Of a network: which grey levels speak for the answer, and which for the true class. */
const bySlopes = (place, row) => {
  if (!told.slopes) return [];
  const { width, height } = gallery.sheet;
  const values = Float32Array.from(told.slopes.subarray(row * width * height, (row + 1) * width * height), (byte) => byte - 128);
  const strong = Float32Array.from(values, Math.abs).sort()[Math.floor(0.98 * (values.length - 1))] || 1;
  const [answer, rival] = [gallery.predicted[place], gallery.true[place]].map(nameOf);
  return [
    make("h3", {}, `What speaks for ${answer}, what for ${rival}`),
    overlay(place, (x, y) => values[y * width + x] / strong, `Gradient of the lead of ${answer} over ${rival}, laid over the image`),
    make("p", { class: "hint" }, "More ink on ", key("blue", "one"), ` would speak for ${answer}, on `, key("orange", "two"), ` for ${rival}: the gradient of its lead.`),
  ];
};

const byPatches = (place) => {
  const row = told.rowOf.get(place);
  if (row === undefined) return [make("p", { class: "hint" }, "What flips it was worked out for some of the misread images only.")];
  const { rows, columns } = told;
  const { width, height } = gallery.sheet;
  const changes = Array.from(told.changes.subarray(row * rows * columns, (row + 1) * rows * columns), (byte) => byte - 128);
  const flips = told.flips.subarray(row * rows * columns, (row + 1) * rows * columns);
  const strong = Math.max(...changes.map(Math.abs)) || 1;
  const answer = nameOf(gallery.predicted[place]);
  const flipping = flips.reduce((sum, one) => sum + one, 0);
  const edge = (k, side, parts) => Math.round((k * side) / parts);
  const part = (along, side, parts) => Array.from({ length: parts }, (_, k) => k).findLast((k) => edge(k, side, parts) <= along);
  const at = (x, y) => changes[part(y, height, rows) * columns + part(x, width, columns)];
  const boxes = Array.from(flips.keys()).filter((k) => flips[k]).map((k) => {
    const [line, column] = [Math.floor(k / columns), k % columns];
    const [left, top] = [edge(column, width, columns), edge(line, height, rows)];
    return [left, top, edge(column + 1, width, columns) - left, edge(line + 1, height, rows) - top];
  });
  return [
    ...bySlopes(place, row),
    make("h3", {}, "What flips it"),
    overlay(place, (x, y) => -at(x, y) / strong, "How much each part of the image speaks for the answer", boxes),
    make("p", { class: "hint" }, "Each part was blanked in turn. Without a ", key("blue", "one"), ` part the model is less for ${answer}, without an `, key("orange", "two"), " part more. ",
      flipping ? `${flipping} of the ${rows * columns} parts, framed, change the answer when blanked alone.` : "No part alone changes the answer.", ` ${told.note}`),
  ];
};

const WAYS = { weights: byWeights, neighbors: byNeighbors, patches: byPatches };

if (told) {
  for (const name of ["levels", "scales", "which", "of", "labels", "distances", "changes", "flips", "slopes", "places"]) {
    if (told[name]) told[name] = unpack(told[name]);
  }
  if (told.sheet) told.sheet = loadSheet(told.sheet);
  if (told.places) told.rowOf = new Map(Array.from(told.places, (place, row) => [place, row]));
}

/** Elements that say why image `place` was read as it was; none where nothing is known. */
export const whyOf = (place) => (told && gallery.predicted ? WAYS[told.kind](place) : []);

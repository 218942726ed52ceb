// Images cut out of a sheet, and what is known of each of those in the gallery.

import { make, nameOf } from "./dom.js";
import { report, unpack } from "./report.js";
import { scoreText } from "./words.js";

/** A sheet of images, decoded as soon as the browser comes to it. */
export const loadSheet = (sheet) => {
  const image = new Image();
  image.src = sheet.url;
  const made = { ...sheet, image, decoded: false };
  made.ready = image.decode().then(() => {
    made.decoded = true;
  });
  return made;
};

const paint = (canvas, sheet, place) => {
  const { columns, width, height, image } = sheet;
  const x = (place % columns) * width;
  const y = Math.floor(place / columns) * height;
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  pen.drawImage(image, x, y, width, height, 0, 0, width, height);
};

const wanted = new WeakMap();

/** Show another image in a canvas made by `picture`: now if the sheet is decoded, else as soon as it is. */
export const repaint = (canvas, sheet, place) => {
  wanted.set(canvas, place);
  if (sheet.decoded) paint(canvas, sheet, place);
  else sheet.ready.then(() => paint(canvas, sheet, wanted.get(canvas)));
};

/** A canvas that shows image `place` of a sheet once the sheet is decoded. */
export const picture = (sheet, place, label) => {
  const canvas = make("canvas", { width: sheet.width, height: sheet.height, class: "picture" });
  if (label) {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
  } else canvas.setAttribute("aria-hidden", "true");
  repaint(canvas, sheet, place);
  return canvas;
};

const opened = (stored) => ({
  sheet: loadSheet(stored.sheet),
  size: stored.sheet.count,
  index: unpack(stored.index),
  true: unpack(stored.true),
  predicted: stored.predicted && unpack(stored.predicted),
  margin: stored.margin && unpack(stored.margin),
  score: stored.score && unpack(stored.score),
  names: stored.names,
  ranks: Object.fromEntries(Object.entries(stored.ranks).map(([key, packed]) => [key, unpack(packed)])),
});

/** The images stored in the page; undefined where there are none. */
export const gallery = report.gallery && opened(report.gallery);

/** What is known of an image, in a line. */
export const described = (place) => {
  const { index, true: truth, predicted, margin, score, names } = gallery;
  const read = predicted ? `, read as ${nameOf(predicted[place])}` : "";
  const scored = score ? `, score ${scoreText(score[place])}, ahead by ${scoreText(margin[place])}` : "";
  return `image ${names ? names[place] : index[place]}: is ${nameOf(truth[place])}${read}${scored}`;
};

/** Names of more than a few letters get a line each. */
export const longNames = report.names.some((name) => name.length > 3);

/** Places of the images with that true and predicted class. */
export const placesOf = (truth, predicted) => {
  const places = [];
  for (let i = 0; i < gallery.size; i++) {
    if (gallery.true[i] === truth && gallery.predicted[i] === predicted) places.push(i);
  }
  return places;
};

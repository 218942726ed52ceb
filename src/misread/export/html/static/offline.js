// Joins the drawing surface, photos and the view to the model that is in this very file, and gives other pages an API.

import { fitImage } from "./fit.js";
import { byId, listen } from "./input.js";
import { Insight } from "./insight.js";
import { Model } from "./model.js";
import { Pad } from "./pad.js";
import { View } from "./view.js";

const told = JSON.parse(byId("misread-model").textContent);
const about = told.about;
const model = new Model(told);
const MOST_PIXELS = 2 ** 24; // what is kept of a photo

/** @returns {{width: number, height: number, data: Uint8Array}} luma, as Pillow has it, transparent parts white */
function greyOf({ width, height, data }) {
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) {
    const alpha = data[4 * i + 3];
    const luma = (data[4 * i] * 19595 + data[4 * i + 1] * 38470 + data[4 * i + 2] * 7471 + 32768) >> 16;
    grey[i] = alpha === 255 ? luma : Math.round((luma * alpha + 255 * (255 - alpha)) / 255);
  }
  return { width, height, data: grey };
}

const names = (values) => {
  const columns = about.task === "detector" ? [about.positive] : about.classes;
  const last = values?.slice(-columns.length); // of a detector's chances that of its class
  return last && Object.fromEntries(columns.map((name, i) => [name, last[i]]));
};

/**
 * @param {ImageData | HTMLCanvasElement} image of any size; it is cropped and resized as in training
 * @returns {object} as `POST /v1/predict` answers, and `index`, the number of the class
 */
function predict(image) {
  const given = image instanceof HTMLCanvasElement ? pixelsOf(image) : image;
  const seen = fitImage(greyOf(given), told);
  const answer = model.answer(seen.data);
  const words = about.task === "detector" ? [`not ${about.positive}`, about.positive] : about.classes;
  const rows = Array.from({ length: seen.height }, (_, y) =>
    Array.from(seen.data.subarray(y * seen.width, (y + 1) * seen.width)),
  );
  return {
    label: answer.blank ? null : words[answer.index],
    index: answer.index,
    state: answer.state,
    sure: answer.sure,
    scores: names(answer.scores),
    probabilities: names(answer.probabilities),
    lead: answer.lead,
    seen: rows,
  };
}

/** Answers about many images of the model's size: what `misread export --check` compares. */
function answers(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const found = { label: [], sure: [], blank: [], unlike: [], scores: [], probabilities: [] };
  for (let start = 0; start < bytes.length; start += model.size) {
    const answer = model.answer(bytes.subarray(start, start + model.size));
    found.label.push(answer.index);
    for (const name of ["sure", "blank", "unlike", "scores", "probabilities"]) found[name].push(answer[name]);
  }
  return found;
}

function pixelsOf(canvas) {
  return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
}

globalThis.misread = { predict, answers, prepare: (grey, way = told) => fitImage(grey, way), classes: about.classes, model: about };

function start() {
  const view = new View(about);
  const pad = new Pad(byId("pad"));
  const insight = new Insight(byId("insight"), byId("insight-text"), model);
  let asked = 0;

  const ask = (canvas) => {
    const begun = performance.now();
    const answer = predict(canvas);
    view.show(answer, performance.now() - begun);
    insight.show(Uint8Array.from(answer.seen.flat()), answer.index);
  };
  const askSoon = (make) => {
    const number = ++asked;
    requestAnimationFrame(() => number === asked && ask(make()));
  };
  listen(pad, {
    drawn: () => askSoon(() => pad.forModel(about)),
    photo: async (_, shown) => {
      const number = ++asked;
      byId("says").classList.add("waiting"); // ink is found in a second or two, in which nothing else can be drawn
      try {
        await shown.decode();
        await painted();
        if (number === asked) ask(drawn(shown));
      } catch {
        view.fail("This file is not an image that this browser can read.");
      } finally {
        byId("says").classList.remove("waiting");
      }
    },
    emptied: () => {
      asked++;
      view.clear();
      insight.clear();
    },
    fail: (text) => view.fail(text),
  });
}

const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

function drawn(photo) {
  const shrink = Math.min(1, Math.sqrt(MOST_PIXELS / (photo.naturalWidth * photo.naturalHeight)));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(photo.naturalWidth * shrink));
  canvas.height = Math.max(1, Math.round(photo.naturalHeight * shrink));
  canvas.getContext("2d").drawImage(photo, 0, 0, canvas.width, canvas.height);
  return canvas;
}

start();

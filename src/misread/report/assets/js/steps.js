// The other steps: levels of tables as colour, the ladder, and the cleaned images.

import { byId, make } from "./dom.js";
import { loadSheet, picture } from "./images.js";

/** Colour an element by a level from 0 to 1. */
export const paintLevel = (element, level) => {
  element.style.setProperty("--level", `${(100 * Math.max(0, Math.min(1, level)) ** 0.75).toFixed(1)}%`);
};

export const startTables = () => {
  for (const cell of document.querySelectorAll("[data-level]")) paintLevel(cell, 0.1 + 0.9 * Number(cell.dataset.level));
  for (const cell of document.querySelectorAll("[data-signed]")) {
    const level = Number(cell.dataset.signed);
    cell.classList.add(level > 0 ? "for" : "against");
    paintLevel(cell, Math.abs(level));
  }
};

export const startLadder = (data) => {
  const at = (share) => (100 * (share - data.start)) / (1 - data.start);
  for (const track of document.querySelectorAll(".ladder .track")) {
    const [low, value, high] = ["low", "value", "high"].map((key) => at(Number(track.dataset[key])));
    const [bar, point] = [make("span", { class: "span" }), make("span", { class: "point" })];
    bar.style.left = `${low}%`;
    bar.style.width = `${high - low}%`;
    point.style.left = `${value}%`;
    track.append(bar, point);
  }
};

export const startDuels = (data) => {
  const sheet = loadSheet(data.image);
  byId("duel-image").append(picture(sheet, 0, "the first training image"));
};

export const startDenoising = (data) => {
  const sheet = loadSheet(data.sheet);
  const rows = ["With noise", "Cleaned", "As it was"].map((title, row) =>
    make(
      "div", { class: "film-row" },
      make("span", { class: "sub" }, title),
      make("div", { class: "film" }, ...Array.from({ length: data.n }, (_, k) =>
        picture(sheet, row * data.n + k, `${title.toLowerCase()}, test image ${k}`))),
    ));
  byId("denoise").append(...rows);
};

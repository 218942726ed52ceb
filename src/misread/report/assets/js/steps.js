// The other steps: levels of tables as colour, the ladder, and the cleaned images.
"use strict";
{
  /** Colour an element by a level from 0 to 1. */
  misread.paintLevel = (element, level) => {
    element.style.setProperty("--level", `${(100 * Math.max(0, Math.min(1, level)) ** 0.75).toFixed(1)}%`);
  };

  misread.startTables = () => {
    for (const cell of document.querySelectorAll("[data-level]")) misread.paintLevel(cell, 0.1 + 0.9 * Number(cell.dataset.level));
    for (const cell of document.querySelectorAll("[data-signed]")) {
      const level = Number(cell.dataset.signed);
      cell.classList.add(level > 0 ? "for" : "against");
      misread.paintLevel(cell, Math.abs(level));
    }
  };

  misread.startLadder = (data) => {
    const at = (share) => (100 * (share - data.start)) / (1 - data.start);
    for (const track of document.querySelectorAll(".ladder .track")) {
      const [low, value, high] = ["low", "value", "high"].map((key) => at(Number(track.dataset[key])));
      const [bar, point] = [misread.make("span", { class: "span" }), misread.make("span", { class: "point" })];
      bar.style.left = `${low}%`;
      bar.style.width = `${high - low}%`;
      point.style.left = `${value}%`;
      track.append(bar, point);
    }
  };

  misread.startDuels = (data) => {
    const sheet = misread.loadSheet(data.image);
    misread.byId("duel-image").append(misread.picture(sheet, 0, "the first training image"));
  };

  misread.startDenoising = (data) => {
    const sheet = misread.loadSheet(data.sheet);
    const rows = ["With noise", "Cleaned", "As it was"].map((title, row) =>
      misread.make(
        "div", { class: "film-row" },
        misread.make("span", { class: "sub" }, title),
        misread.make("div", { class: "film" }, ...Array.from({ length: data.n }, (_, k) =>
          misread.picture(sheet, row * data.n + k, `${title.toLowerCase()}, test image ${k}`))),
      ));
    misread.byId("denoise").append(...rows);
  };
}

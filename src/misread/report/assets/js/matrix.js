// The confusion matrix: five ways to look at it, and the images behind every cell.

import { byId, make, nameOf, nameTag, onSwitch } from "./dom.js";
import { picture, gallery, longNames, placesOf } from "./images.js";
import { report } from "./report.js";
import { paintLevel } from "./steps.js";
import { tile } from "./tile.js";
import { count, percent } from "./words.js";

export const startMatrix = (data) => {
    const { counts } = data;
  const size = counts.length;
  const table = byId("matrix");
  const buttons = [];

  const rowSums = counts.map((row) => row.reduce((a, b) => a + b, 0));
  const columnSums = counts.map((_, j) => counts.reduce((sum, row) => sum + row[j], 0));
  const share = (part, whole) => (whole ? part / whole : 0);
  const MODES = {
    counts: { title: "Counts", value: (i, j) => counts[i][j], text: count },
    row: { title: "Share of each true class (rows add up to 100%)", value: (i, j) => share(counts[i][j], rowSums[i]) },
    column: { title: "Share of each answer (columns add up to 100%)", value: (i, j) => share(counts[i][j], columnSums[j]) },
    "errors-row": {
      title: "Errors only: share of each true class’s errors",
      errors: true,
      value: (i, j) => (i === j ? 0 : share(counts[i][j], rowSums[i] - counts[i][i])),
    },
    "errors-column": {
      title: "Errors only: share of each answer’s errors",
      errors: true,
      value: (i, j) => (i === j ? 0 : share(counts[i][j], columnSums[j] - counts[j][j])),
    },
  };
  const brief = (v) => (v === 0 ? "" : v < 0.0095 ? (100 * v).toFixed(1) : (100 * v).toFixed(0));

  [...table.tBodies[0].rows].forEach((row, i) => {
    [...row.querySelectorAll("td")].forEach((cell, j) => {
      const button = make("button", { type: "button", tabindex: i + j ? "-1" : "0" });
      cell.replaceChildren(button);
      buttons.push(button);
      button.addEventListener("click", () => open(i, j, true));
      button.addEventListener("focus", () => rove(button));
    });
  });

  const rove = (button) => {
    for (const other of buttons) other.tabIndex = -1;
    button.tabIndex = 0;
  };
  const MOVES = {
    ArrowUp: (p) => p - size, ArrowDown: (p) => p + size,
    ArrowLeft: (p) => (p % size ? p - 1 : p), ArrowRight: (p) => ((p + 1) % size ? p + 1 : p),
    Home: (p) => p - (p % size), End: (p) => p - (p % size) + size - 1,
  };
  table.addEventListener("keydown", (event) => {
    const here = buttons.indexOf(event.target);
    if (here < 0 || !MOVES[event.key]) return;
    event.preventDefault();
    buttons[MOVES[event.key](here)]?.focus();
  });

  onSwitch(byId("matrix-modes"), (name) => {
    const mode = MODES[name];
    byId("matrix-caption").textContent = mode.title;
    table.classList.toggle("errors", Boolean(mode.errors));
    let largest = 0;
    for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) largest = Math.max(largest, mode.value(i, j));
    buttons.forEach((button, place) => {
      const [i, j] = [Math.floor(place / size), place % size];
      const value = mode.value(i, j);
      button.textContent = mode.text ? (value ? mode.text(value) : "0") : brief(value) || "·";
      const level = share(value, largest);
      paintLevel(button, level);
      button.setAttribute(
        "aria-label",
        `is ${nameOf(i)}, read as ${nameOf(j)}: ${mode.text ? "" : `${brief(value) || 0}%, `}${count(counts[i][j])} images`,
      );
    });
  });

  if (!gallery) return;

  // Images of a cell -------------------------------------------------------------------------------------------------
  const BATCH = 84;
  const scored = Boolean(gallery.score);
  const LEGEND = scored
    ? "Below each: the score of the answer, and its lead over the next class, by which they are sorted."
    : "";
  const shown = { places: [], drawn: 0, cell: buttons[0] };
  const order = {
    sure: (a, b) => gallery.margin[b] - gallery.margin[a],
    unsure: (a, b) => gallery.margin[a] - gallery.margin[b],
    order: (a, b) => a - b,
  };
  if (!scored) {
    byId("cell-sort").value = "order";
    byId("cell-sort").parentElement.hidden = true;
  }
  const tiles = byId("cell-tiles");
  tiles.classList.toggle("long", longNames);
  const drawMore = () => {
    const next = shown.places.slice(shown.drawn, shown.drawn + BATCH);
    tiles.append(...next.map(tile));
    shown.drawn += next.length;
    byId("cell-more").hidden = shown.drawn >= shown.places.length;
  };
  const sortAndDraw = () => {
    shown.places.sort(order[byId("cell-sort").value]);
    shown.drawn = 0;
    tiles.replaceChildren();
    drawMore();
  };
  const open = (i, j, focus = false) => {
    shown.places = placesOf(i, j);
    shown.cell.classList.remove("open");
    shown.cell = buttons[i * size + j];
    shown.cell.classList.add("open");
    byId("cell-title").textContent = i === j ? `${nameOf(i)} read right` : `${nameOf(i)} read as ${nameOf(j)}`;
    const [all, here] = [counts[i][j], shown.places.length];
    byId("cell-note").textContent = all === 0
      ? "No image."
      : here === all
        ? `All ${count(all)} images. ${LEGEND}`
        : `A fair sample of ${count(here)} from ${count(all)} images. ${LEGEND}`;
    sortAndDraw();
    if (focus) byId("cell-title").focus({ preventScroll: true });
  };
  byId("cell-sort").addEventListener("change", sortAndDraw);
  byId("cell-more").addEventListener("click", drawMore);
  byId("cell-panel").addEventListener("keydown", (event) => {
    if (event.key === "Escape") shown.cell.focus();
  });
  const worst = data.pairs[0];
  open(worst ? worst.true : 0, worst ? worst.predicted : 0);

  // Two classes side by side -----------------------------------------------------------------------------------------
  const IN_BLOCK = 25;
  const selects = [byId("pair-a"), byId("pair-b")];
  selects.forEach((select, k) => {
    report.names.forEach((_, code) => select.append(make("option", { value: code }, nameOf(code))));
    select.value = data.first_pair[k];
    select.addEventListener("change", () => drawPair());
  });
  const drawPair = () => {
    const pair = selects.map((select) => Number(select.value));
    const blocks = pair.flatMap((truth) =>
      pair.map((predicted) => {
        const places = placesOf(truth, predicted).slice(0, IN_BLOCK);
        const all = counts[truth][predicted];
        const title = make("h4", {}, nameTag(truth), " read as ", nameTag(predicted));
        const note = make("p", { class: "hint" }, !all ? "none" : places.length < all ? `${places.length} of ${count(all)}` : `all ${count(all)}`);
        const grid = make("div", { class: "block" }, ...places.map((p) => picture(gallery.sheet, p, `image ${gallery.index[p]}`)));
        return make("div", { class: `pair-cell ${truth === predicted ? "right" : "wrong"}` }, title, note, grid);
      }),
    );
    byId("pair-grid").replaceChildren(...(pair[0] === pair[1] ? blocks.slice(0, 1) : blocks));
  };
  drawPair();

  // The most common misreadings, on the first screen -----------------------------------------------------------------
  const strips = byId("strips");
  if (strips) {
    for (const pair of data.pairs.slice(0, 4)) {
      const places = placesOf(pair.true, pair.predicted).sort(scored ? order.sure : order.order).slice(0, 8);
      const jump = make("a", { href: "#errors" }, nameTag(pair.true), " read as ", nameTag(pair.predicted));
      jump.addEventListener("click", () => open(pair.true, pair.predicted));
      strips.append(make(
        "div", { class: "strip" },
        make("p", {}, jump, make("span", { class: "sub" }, `${count(pair.count)} times, ${percent(pair.of_class)} of the class`)),
        make("div", { class: "film" }, ...places.map((p) => picture(gallery.sheet, p, `image ${gallery.index[p]}, is ${nameOf(pair.true)}, read as ${nameOf(pair.predicted)}`))),
      ));
    }
  }
};

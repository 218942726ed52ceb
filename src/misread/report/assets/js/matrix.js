// The confusion matrix: errors first, in any order, a part of it where there are many classes.

import { startCell } from "./cell.js";
import { byId, make, nameOf, nameTag, onSwitch } from "./dom.js";
import { gallery } from "./images.js";
import { byConfusion, byErrors, confusedWith } from "./ordering.js";
import { startOverview } from "./overview.js";
import { startPair } from "./pair.js";
import { report } from "./report.js";
import { paintLevel } from "./steps.js";
import { startStrips } from "./strips.js";
import { count, images } from "./words.js";

const MOST_SHOWN = 24;
const MOST_FOUND = 12;

const share = (part, whole) => (whole ? part / whole : 0);

/** Percent in few figures; what is not all is never shown as all. */
export const brief = (value) => {
  if (value === 1) return "100";
  const percent = 100 * value;
  if (percent >= 99.5) return Math.min(percent, 99.9).toFixed(1);
  return percent < 0.95 ? percent.toFixed(1).replace(/^0\.0$/, "<.1") : percent.toFixed(0);
};

/** What the cells can show: a value for the colour, and a text. */
const modesOf = (counts) => {
  const rows = counts.map((row) => row.reduce((a, b) => a + b, 0));
  const columns = counts.map((_, j) => counts.reduce((sum, row) => sum + row[j], 0));
  const off = (i, j, value) => (i === j ? null : value);
  const part = (value) => (value === 1 ? "all" : brief(value));
  return {
    errors: { title: "Errors: images; the rightly read ones are left out", errors: true, value: (i, j) => off(i, j, counts[i][j]), text: count },
    counts: { title: "Counts", value: (i, j) => counts[i][j], text: count },
    row: { title: "Percent of each true class (rows add up to 100)", value: (i, j) => share(counts[i][j], rows[i]), text: brief },
    column: { title: "Percent of each answer (columns add up to 100)", value: (i, j) => share(counts[i][j], columns[j]), text: brief },
    "errors-row": {
      title: "Errors only: percent of each true class’s errors", errors: true, text: part,
      value: (i, j) => off(i, j, share(counts[i][j], rows[i] - counts[i][i])),
    },
    "errors-column": {
      title: "Errors only: percent of each answer’s errors", errors: true, text: part,
      value: (i, j) => off(i, j, share(counts[i][j], columns[j] - counts[j][j])),
    },
  };
};

const MOVES = {
  ArrowUp: (p, n) => p - n, ArrowDown: (p, n) => p + n,
  ArrowLeft: (p, n) => (p % n ? p - 1 : p), ArrowRight: (p, n) => ((p + 1) % n ? p + 1 : p),
  Home: (p, n) => p - (p % n), End: (p, n) => p - (p % n) + n - 1,
};

/** The table of the classes `state.codes`, built anew when they change and painted when the mode does. */
const startTable = (data, state, open) => {
  const table = byId("matrix");
  const modes = modesOf(data.counts);
  let buttons = [];
  const rove = (button) => {
    for (const other of buttons) other.tabIndex = -1;
    button.tabIndex = 0;
  };
  const cell = (i, j) => {
    const button = make("button", { type: "button", tabindex: "-1", "data-is": i, "data-read": j });
    button.addEventListener("click", () => open(i, j, button));
    button.addEventListener("focus", () => rove(button));
    buttons.push(button);
    return make("td", i === j ? { class: "right" } : {}, button);
  };
  table.addEventListener("keydown", (event) => {
    const here = buttons.indexOf(event.target);
    if (here < 0 || !MOVES[event.key]) return;
    event.preventDefault();
    buttons[MOVES[event.key](here, state.codes.length)]?.focus();
  });
  const paint = () => {
    const mode = modes[state.mode];
    byId("matrix-caption").textContent = mode.title;
    table.classList.toggle("errors", Boolean(mode.errors));
    let largest = 0;
    for (const i of state.codes) for (const j of state.codes) largest = Math.max(largest, mode.value(i, j) ?? 0);
    for (const button of buttons) {
      const [i, j] = [Number(button.dataset.is), Number(button.dataset.read)];
      const value = mode.value(i, j);
      button.textContent = value === null ? "" : value ? mode.text(value) : "·";
      paintLevel(button, share(value ?? 0, largest));
      const percent = mode.text === count || !value ? "" : `${mode.text(value)}${value === 1 && mode.errors ? "" : "%"}, `;
      button.setAttribute("aria-label", `is ${nameOf(i)}, read as ${nameOf(j)}: ${percent}${images(data.counts[i][j])}`);
    }
  };
  const build = () => {
    buttons = [];
    const head = table.tHead.rows[0];
    head.replaceChildren(head.cells[0], ...state.codes.map((code) => make("th", { scope: "col" }, nameTag(code))));
    table.tBodies[0].replaceChildren(...state.codes.map((i) =>
      make("tr", {}, make("th", { scope: "row" }, nameTag(i)), ...state.codes.map((j) => cell(i, j)))));
    if (buttons.length) buttons[0].tabIndex = 0;
    paint();
  };
  const find = (i, j) => buttons.find((one) => Number(one.dataset.is) === i && Number(one.dataset.read) === j);
  return { build, paint, find };
};

/** Which classes the table shows, and in which order. */
const startView = (data, state, changed) => {
  const orders = { given: () => data.counts.map((_, i) => i), confusion: () => byConfusion(data.counts), errors: () => byErrors(data.counts) };
  const made = {};
  const orderOf = (name) => (made[name] ??= orders[name]());
  const [select, search, note] = [byId("matrix-order"), byId("matrix-search"), byId("matrix-view")];
  const many = data.counts.length > MOST_SHOWN;
  const show = (codes, text) => {
    Object.assign(state, { codes });
    note.textContent = text;
    changed();
  };
  const whole = () => {
    const codes = orderOf(select.value);
    if (!many) return show(codes, "");
    const worst = new Set(byErrors(data.counts).slice(0, MOST_SHOWN));
    return show(codes.filter((code) => worst.has(code)), `The ${MOST_SHOWN} classes with the most errors, of ${count(codes.length)}. Search for another, or choose a part of the overview.`);
  };
  const found = () => {
    const text = search.value.trim().toLowerCase();
    if (!text) return whole();
    const exact = report.names.findIndex((name) => name.toLowerCase() === text);
    const code = exact >= 0 ? exact : report.names.findIndex((name) => name.toLowerCase().includes(text));
    if (code < 0) {
      note.textContent = "No class of that name.";
      return undefined;
    }
    const codes = confusedWith(data.counts, code, MOST_FOUND);
    return show(codes, codes.length > 1 ? `${nameOf(code)} and the classes that it is confused with.` : `${nameOf(code)} is confused with no other class.`);
  };
  select.addEventListener("change", () => {
    search.value = "";
    whole();
  });
  search.addEventListener("input", found);
  const around = (row, column) => {
    const codes = orderOf(select.value);
    const half = MOST_FOUND >> 1;
    const part = (at) => codes.slice(Math.max(0, Math.min(at - half, codes.length - MOST_FOUND)), Math.max(0, Math.min(at - half, codes.length - MOST_FOUND)) + MOST_FOUND);
    search.value = "";
    show([...new Set([...part(row), ...part(column)])], "A part of the overview.");
  };
  if (many) startOverview(data.counts, () => orderOf(select.value), select, around);
  return { whole, many };
};

export const startMatrix = (data) => {
  const state = { mode: "errors", codes: [] };
  const cell = gallery ? startCell(data) : null;
  const open = (i, j, button) => cell?.open(i, j, button, true);
  const table = startTable(data, state, open);
  byId("matrix-tools").hidden = data.counts.length < 3;
  const view = startView(data, state, () => table.build());
  view.whole();
  onSwitch(byId("matrix-modes"), (name) => {
    state.mode = name;
    table.paint();
  });
  if (!cell) return;
  const show = (i, j) => cell.open(i, j, table.find(i, j));
  const worst = data.pairs[0];
  show(worst ? worst.true : 0, worst ? worst.predicted : 0);
  startPair(data);
  startStrips(data, show);
};

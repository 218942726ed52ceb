// All classes at once, where there are too many for a table: a picture of the errors, of which a part is chosen.

import { byId, nameOf } from "./dom.js";
import { count } from "./words.js";

/** Draw the errors of `counts` in the order of `orderOf()`; `choose(row, column)` is told the place that was chosen. */
export const startOverview = (counts, orderOf, select, choose) => {
  const box = byId("matrix-overview");
  const canvas = box.querySelector("canvas");
  const said = byId("overview-said");
  const n = counts.length;
  const scale = Math.max(2, Math.floor(480 / n));
  const at = { row: 0, column: 0 };
  box.hidden = false;
  canvas.width = canvas.height = n * scale;
  const draw = () => {
    const pen = canvas.getContext("2d");
    const codes = orderOf();
    const style = getComputedStyle(document.documentElement);
    const [heat, soft] = ["--heat-errors", "--soft"].map((name) => style.getPropertyValue(name));
    let largest = 1;
    counts.forEach((row, i) => row.forEach((value, j) => { if (i !== j) largest = Math.max(largest, value); }));
    pen.globalAlpha = 1;
    pen.fillStyle = soft;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = heat;
    codes.forEach((i, y) => codes.forEach((j, x) => {
      if (i === j || !counts[i][j]) return;
      pen.globalAlpha = 0.15 + 0.85 * Math.sqrt(counts[i][j] / largest);
      pen.fillRect(x * scale, y * scale, scale, scale);
    }));
    pen.globalAlpha = 1;
    pen.fillStyle = style.getPropertyValue("--line");
    for (let k = 0; k < n; k++) pen.fillRect(k * scale, k * scale, scale, scale);
  };
  const say = () => {
    const codes = orderOf();
    const [i, j] = [codes[at.row], codes[at.column]];
    said.textContent = `is ${nameOf(i)}, read as ${nameOf(j)}: ${count(counts[i][j])}`;
  };
  const placeOf = (event) => {
    const frame = canvas.getBoundingClientRect();
    const place = (along, size) => Math.min(n - 1, Math.max(0, Math.floor((along / size) * n)));
    at.row = place(event.clientY - frame.top, frame.height);
    at.column = place(event.clientX - frame.left, frame.width);
    say();
  };
  canvas.addEventListener("pointermove", placeOf);
  canvas.addEventListener("click", (event) => {
    placeOf(event);
    choose(at.row, at.column);
  });
  canvas.addEventListener("keydown", (event) => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (event.key === "Enter") choose(at.row, at.column);
    else if (move) [at.row, at.column] = [at.row + move[0], at.column + move[1]].map((one) => Math.min(n - 1, Math.max(0, one)));
    else return;
    event.preventDefault();
    say();
  });
  select.addEventListener("change", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
};

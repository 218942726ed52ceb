// The map: every held-out image as a dot, painted at once; a lasso or a box opens those inside.

import { byId, framed, make, nameTag, onSwitch } from "./dom.js";
import { gallery } from "./images.js";
import { insideOf } from "./lasso.js";
import { unpack } from "./report.js";
import { tile } from "./tile.js";
import { count, images, percent } from "./words.js";

const SIDE = 4096;
const MARGIN = 0.03;
const SHOWN = 60;
const LEGEND = 12;

/** Colours of classes, told apart as far as so many can be; light and dark alternate. */
const colorOfClass = (code, n) => `hsl(${Math.round((360 * code) / Math.min(n, 24) + (code >= 24 ? 7 : 0))} 65% ${code % 2 ? 42 : 58}%)`;

const mixed = (from, to, share) => `color-mix(in srgb, ${to} ${Math.round(100 * share)}%, ${from})`;

/** For each way to colour: groups of dots in the order in which they are painted, each with a colour and a name. */
const groupsOf = (points, by, styles) => {
  const groups = new Map();
  const put = (key, color, label, i) => {
    if (!groups.has(key)) groups.set(key, { key, color, label, places: [] });
    groups.get(key).places.push(i);
  };
  for (let i = 0; i < points.n; i++) {
    const wrong = points.true[i] !== points.predicted[i];
    if (by === "error") put(wrong ? 1 : 0, wrong ? styles.no : mixed(styles.card, styles.yes, 0.45), wrong ? "misread" : "read right", i);
    else if (by === "doubt") put(points.doubt[i], mixed(mixed(styles.card, styles.muted, 0.3), styles.no, points.doubt[i] / 7), "", i);
    else put(points[by][i], colorOfClass(points[by][i], points.classes), points[by][i], i);
  }
  return [...groups.values()].sort((a, b) => a.key - b.key);
};

const drawLegend = (groups, by) => {
  const swatch = (color) => {
    const dot = make("span", { class: "swatch" });
    dot.style.background = color;
    return dot;
  };
  const shown = by === "doubt" ? [groups[0], groups.at(-1)] : groups.slice(0, LEGEND);
  const label = (group, k) => (by === "error" ? group.label : by === "doubt" ? ["sure", "in doubt"][k] : nameTag(group.label));
  const items = shown.map((group, k) => make("li", {}, swatch(group.color), label(group, k)));
  if (by !== "doubt" && groups.length > LEGEND) items.push(make("li", { class: "sub" }, `and ${count(groups.length - LEGEND)} more`));
  byId("map-legend").replaceChildren(...items);
};

/** Canvas and its painting: `view` is the part of the map that is seen, in map units. */
const startCanvas = (points, copies, state) => {
  const canvas = byId("map-canvas");
  const back = document.createElement("canvas");
  const toX = (x) => ((x / SIDE - state.view.x) / state.view.size) * canvas.width;
  const toY = (y) => ((1 - y / SIDE - state.view.y) / state.view.size) * canvas.height;
  const paintDots = () => {
    const pen = back.getContext("2d");
    back.width = canvas.width;
    back.height = canvas.height;
    const dot = Math.max(1, Math.round(((points.n > 20000 ? 1.4 : points.n > 2000 ? 2.4 : 4) * devicePixelRatio) / Math.sqrt(state.view.size)));
    for (const group of state.groups) {
      pen.fillStyle = group.color;
      for (const i of group.places) pen.fillRect(toX(points.x[i]) - dot / 2, toY(points.y[i]) - dot / 2, dot, dot);
    }
    pen.strokeStyle = state.styles.ink;
    pen.lineWidth = devicePixelRatio;
    for (const i of copies) {
      pen.beginPath();
      pen.arc(toX(points.x[i]), toY(points.y[i]), 4 * devicePixelRatio, 0, 7);
      pen.stroke();
    }
  };
  const paintShape = framed(() => {
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(back, 0, 0);
    if (!state.shape.length) return;
    pen.beginPath();
    state.shape.forEach(([x, y], k) => (k ? pen.lineTo(toX(x), toY(y)) : pen.moveTo(toX(x), toY(y))));
    pen.closePath();
    pen.strokeStyle = state.styles.ink;
    pen.lineWidth = 2 * devicePixelRatio;
    pen.stroke();
  });
  const paint = () => {
    const style = getComputedStyle(document.documentElement);
    state.styles = Object.fromEntries(["yes", "no", "card", "muted", "ink"].map((name) => [name, style.getPropertyValue(`--${name}`)]));
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio) || 640;
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio) || 480;
    state.groups = groupsOf(points, state.by, state.styles);
    drawLegend(state.groups, state.by);
    paintDots();
    paintShape();
  };
  /** Where a pointer is, in map units. */
  const at = (event) => {
    const frame = canvas.getBoundingClientRect();
    const x = state.view.x + ((event.clientX - frame.left) / frame.width) * state.view.size;
    const y = state.view.y + ((event.clientY - frame.top) / frame.height) * state.view.size;
    return [x * SIDE, (1 - y) * SIDE];
  };
  return { canvas, paint, paintDots, paintShape, at };
};

/** Say what is inside of a shape, and show what is stored of it. */
const showInside = (points, placeOf, shape) => {
  const inside = insideOf(points, shape);
  const wrong = inside.filter((i) => points.true[i] !== points.predicted[i]);
  byId("map-said").textContent = inside.length
    ? `${images(inside.length)}, ${count(wrong.length)} of them misread (${percent(wrong.length / inside.length)}).`
    : "No image is there.";
  const known = [...wrong, ...inside.filter((i) => points.true[i] === points.predicted[i])].filter((i) => placeOf.has(i));
  const shown = known.slice(0, SHOWN).map((i) => placeOf.get(i));
  byId("map-tiles").replaceChildren(...shown.map((place) => tile(place, shown)));
};

const startDrawing = (drawn, state, choose) => {
  const { canvas } = drawn;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    state.start = drawn.at(event);
    state.shape = [state.start];
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!state.start || !(event.buttons & 1)) return;
    const [x, y] = drawn.at(event);
    const [a, b] = state.start;
    if (state.boxed) state.shape = [[a, b], [x, b], [x, y], [a, y]];
    else state.shape.push([x, y]);
    drawn.paintShape();
  });
  canvas.addEventListener("pointerup", () => {
    if (state.start && state.shape.length > 2) choose();
    state.start = null;
  });
};

/** A window for those who use keys: moved by arrows, resized by plus and minus. */
const startKeys = (drawn, state, choose) => {
  const pane = { x: 0.5, y: 0.5, half: 0.05 };
  drawn.canvas.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const grow = { "+": 1.25, "=": 1.25, "-": 0.8 }[event.key];
    if (event.key !== "Enter" && !move && !grow) return;
    event.preventDefault();
    if (move) [pane.x, pane.y] = [pane.x + move[0] * pane.half * 0.5, pane.y + move[1] * pane.half * 0.5].map((one) => Math.min(1, Math.max(0, one)));
    if (grow) pane.half = Math.min(0.5, Math.max(0.01, pane.half * grow));
    const [left, right, low, high] = [pane.x - pane.half, pane.x + pane.half, pane.y - pane.half, pane.y + pane.half].map((one) => one * SIDE);
    state.shape = [[left, low], [right, low], [right, high], [left, high]];
    drawn.paintShape();
    if (event.key === "Enter") choose();
  });
};

export const startMap = (data) => {
  const points = { n: data.n, classes: new Set(unpack(data.true)).size };
  for (const name of ["x", "y", "true", "predicted", "doubt"]) points[name] = unpack(data[name]);
  const whole = { x: -MARGIN, y: -MARGIN, size: 1 + 2 * MARGIN };
  const state = { by: "error", boxed: false, view: { ...whole }, shape: [], start: null, groups: [], styles: {} };
  const placeOf = new Map(Array.from(gallery.index, (index, place) => [index, place]));
  const drawn = startCanvas(points, unpack(data.copies), state);
  const choose = () => showInside(points, placeOf, state.shape);
  startDrawing(drawn, state, choose);
  startKeys(drawn, state, choose);
  drawn.canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const [x, y] = drawn.at(event);
    const size = Math.min(whole.size, Math.max(0.05, state.view.size * (event.deltaY > 0 ? 1.2 : 1 / 1.2)));
    const share = size / state.view.size;
    state.view = { x: x / SIDE - (x / SIDE - state.view.x) * share, y: 1 - y / SIDE - (1 - y / SIDE - state.view.y) * share, size };
    drawn.paintDots();
    drawn.paintShape();
  }, { passive: false });
  byId("map-whole").addEventListener("click", () => {
    Object.assign(state, { view: { ...whole }, shape: [] });
    byId("map-said").textContent = "Draw around some images.";
    byId("map-tiles").replaceChildren();
    drawn.paint();
  });
  onSwitch(byId("map-shapes"), (shape) => {
    state.boxed = shape === "box";
  });
  let painted = false;
  onSwitch(byId("map-colors"), (by) => {
    state.by = by;
    if (painted) drawn.paint();
  });
  // Painted when it comes into view: the page opens without waiting for it.
  new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    painted = true;
    drawn.paint();
    new ResizeObserver(framed(drawn.paint)).observe(drawn.canvas);
  }, { rootMargin: "400px" }).observe(drawn.canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => painted && drawn.paint());
};

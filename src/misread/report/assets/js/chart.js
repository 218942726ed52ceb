// A line chart in SVG: drawn once per size, with marks on a layer of their own that move without redrawing it.

import { makeSvg, framed } from "./dom.js";

const MARGIN = { top: 10, right: 18, bottom: 42, left: 46 };

const niceTicks = ([low, high], wanted) => {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * (1 - 1e-9));
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
};

/** Pixels of a line, without what lies beyond the axis and points that would fall on the pixel before. */
const pathOf = ({ xs, ys }, [x0, x1], toX, toY) => {
  const parts = [];
  let [lastX, lastY] = [NaN, NaN];
  for (let i = 0; i < xs.length; i++) {
    if (xs[i] < x0 || xs[i] > x1) continue;
    const [x, y] = [toX(xs[i]), toY(ys[i])];
    if (Math.abs(x - lastX) < 0.4 && Math.abs(y - lastY) < 0.4) continue;
    parts.push(`${parts.length ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`);
    [lastX, lastY] = [x, y];
  }
  return parts.join("");
};

/** Where along an axis a line is told to who does not see it. */
const TOLD = [0, 0.25, 0.5, 0.75, 1];

/** A line in words: its height at some of its points; of several at one place, the highest. */
const inWords = ({ name, xs, ys }, { x, y }) => {
  const [low, high] = x.domain;
  const nearest = (x.told ?? TOLD.map((share) => low + share * (high - low))).map((at) => {
    let best = 0;
    for (let i = 1; i < xs.length; i++) {
      const gap = Math.abs(xs[i] - at) - Math.abs(xs[best] - at);
      if (gap < 0 || (gap === 0 && ys[i] > ys[best])) best = i;
    }
    return best;
  });
  const say = (axis, value) => (axis.exact ?? axis.format)(value);
  const points = Array.from(new Set(nearest), (i) => `${say(y, ys[i])} at ${say(x, xs[i])}`);
  return `${name}: ${points.join(", ")}`;
};

const clamp = (value, [low, high]) => Math.min(Math.max(value, low), high);

/**
 * spec: { label, x: {label, domain, format, exact, told}, y: {...}, lines: () => [{name, xs, ys, tone, dash}],
 *   areas: () => [{xs, ys, tone}], also: () => text, diagonal, height }; areas lie behind the lines. A screen reader is told the
 *   label, each line at the places `told` of the axis (by default five) in the format `exact`, and `also`.
 * Returned: mark(key, {x, y, tone, xs, ys}) moves a point (with whiskers xs, ys), onPick(call) hears drags as data x, y.
 */
export const lineChart = (box, spec) => {
  const marks = new Map();
  let toX, toY, svg, front, width, height;

  const axis = (group, w, h) => {
    for (const y of niceTicks(spec.y.domain, 5)) {
      group.append(makeSvg("line", { class: "grid", x1: MARGIN.left, x2: w - MARGIN.right, y1: toY(y), y2: toY(y) }));
      group.append(makeSvg("text", { x: MARGIN.left - 8, y: toY(y) + 4, "text-anchor": "end" }, spec.y.format(y)));
    }
    for (const x of niceTicks(spec.x.domain, w < 340 ? 3 : 5)) {
      group.append(makeSvg("line", { class: "grid", x1: toX(x), x2: toX(x), y1: MARGIN.top, y2: h - MARGIN.bottom }));
      group.append(makeSvg("text", { x: toX(x), y: h - MARGIN.bottom + 18, "text-anchor": "middle" }, spec.x.format(x)));
    }
    group.append(makeSvg("text", { class: "title", x: (MARGIN.left + w - MARGIN.right) / 2, y: h - 4, "text-anchor": "middle" }, spec.x.label));
  };

  const draw = () => {
    width = Math.max(240, box.clientWidth || 480);
    height = spec.height ?? 290;
    const [x0, x1] = spec.x.domain;
    const [y0, y1] = spec.y.domain;
    toX = (x) => MARGIN.left + ((clamp(x, spec.x.domain) - x0) / (x1 - x0)) * (width - MARGIN.left - MARGIN.right);
    toY = (y) => height - MARGIN.bottom - ((clamp(y, spec.y.domain) - y0) / (y1 - y0)) * (height - MARGIN.top - MARGIN.bottom);
    const lines = spec.lines();
    const told = [spec.label, ...lines.filter(({ xs }) => xs.length).map((line) => inWords(line, spec)), ...(spec.also ? [spec.also()] : [])];
    svg = makeSvg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": told.join(". ") });
    const back = makeSvg("g", { class: "axis" });
    axis(back, width, height);
    svg.append(back);
    for (const area of spec.areas?.() ?? []) {
      const path = area.xs.map((x, k) => `${k ? "L" : "M"}${toX(x).toFixed(1)} ${toY(area.ys[k]).toFixed(1)}`).join("");
      svg.append(makeSvg("path", { class: `area ${area.tone}`, d: `${path}Z` }));
    }
    if (spec.diagonal) svg.append(makeSvg("line", { class: "diagonal", x1: toX(0), y1: toY(0), x2: toX(1), y2: toY(1) }));
    for (const line of lines) {
      const path = makeSvg("path", { class: `line ${line.tone}`, d: pathOf(line, spec.x.domain, toX, toY) });
      if (line.dash) path.setAttribute("stroke-dasharray", line.dash);
      svg.append(path);
    }
    front = makeSvg("svg", { viewBox: `0 0 ${width} ${height}`, class: "front", "aria-hidden": "true" });
    box.replaceChildren(svg, front);
    for (const [key, mark] of marks) {
      mark.nodes = undefined;
      place(key);
    }
  };

  const place = (key) => {
    const mark = marks.get(key);
    const { x, y, xs, ys, tone, rule } = mark.at;
    if (!mark.nodes) {
      mark.nodes = {
        rule: makeSvg("line", { class: "rule", y1: MARGIN.top, y2: height - MARGIN.bottom }),
        across: makeSvg("line", { class: `whisker ${tone}` }),
        along: makeSvg("line", { class: `whisker ${tone}` }),
        dot: makeSvg("circle", { class: `dot ${tone}`, r: 6 }),
      };
      front.append(...Object.values(mark.nodes));
    }
    const [px, py] = [toX(x), toY(y)];
    const set = (node, attributes) => {
      for (const name in attributes) node.setAttribute(name, attributes[name]);
    };
    set(mark.nodes.dot, { cx: px, cy: py });
    set(mark.nodes.rule, { x1: px, x2: px, visibility: rule ? "visible" : "hidden" });
    set(mark.nodes.across, { x1: toX(xs?.[0] ?? x), x2: toX(xs?.[1] ?? x), y1: py, y2: py });
    set(mark.nodes.along, { y1: toY(ys?.[0] ?? y), y2: toY(ys?.[1] ?? y), x1: px, x2: px });
  };

  draw();
  new ResizeObserver(framed(() => {
    if (Math.abs(box.clientWidth - width) > 1) draw();
  })).observe(box);

  return {
    redraw: draw,
    mark(key, at) {
      if (!marks.has(key)) marks.set(key, {});
      marks.get(key).at = at;
      place(key);
    },
    onPick(call) {
      const tell = (event) => {
        const frame = svg.getBoundingClientRect();
        const x = ((event.clientX - frame.left) / frame.width) * width;
        const y = ((event.clientY - frame.top) / frame.height) * height;
        const [x0, x1] = spec.x.domain;
        const [y0, y1] = spec.y.domain;
        call(
          clamp(x0 + ((x - MARGIN.left) / (width - MARGIN.left - MARGIN.right)) * (x1 - x0), spec.x.domain),
          clamp(y0 + ((height - MARGIN.bottom - y) / (height - MARGIN.top - MARGIN.bottom)) * (y1 - y0), spec.y.domain),
        );
      };
      box.classList.add("pickable");
      box.addEventListener("pointerdown", (event) => {
        box.setPointerCapture(event.pointerId);
        tell(event);
      });
      box.addEventListener("pointermove", (event) => {
        if (event.buttons & 1) tell(event);
      });
    },
  };
};

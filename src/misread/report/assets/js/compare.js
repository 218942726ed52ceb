// The models' precision/recall curves in one chart.

import { lineChart } from "./chart.js";
import { detectorCurve } from "./curve.js";
import { byId, make, makeSvg } from "./dom.js";
import { percent } from "./words.js";

export const startCompare = (data, explorer) => {
  const LOOKS = [{ tone: "one" }, { tone: "two", dash: "7 3" }, { tone: "three", dash: "2 3" }, { tone: "ink", dash: "9 3 2 3" }, { tone: "muted" }];
  const models = data.rows.map((row, k) => ({
    ...row,
    ...LOOKS[k % LOOKS.length],
    curve: detectorCurve(explorer.models.find((model) => model.key === row.key)),
  }));
  const share = { domain: [0, 1], format: (v) => percent(v, 0), exact: (v) => percent(v) };
  const chart = lineChart(byId("chart-compare"), {
    label: "Precision against recall of every model; the table beside it gives the numbers",
    x: { ...share, label: "recall", told: [0.5, 0.8, 0.9, 0.95, 0.99] },
    y: share,
    lines: () => models.map(({ title, curve, tone, dash }) => ({ name: `${title}, precision at a recall`, xs: curve.recall, ys: curve.precision, tone, dash })),
  });
  models.forEach(({ curve, tone, threshold, key, precision, recall }) => {
    const now = curve.at(threshold);
    chart.mark(key, { x: now.recall, y: now.precision, xs: [recall.low, recall.high], ys: [precision.low, precision.high], tone });
  });
  byId("compare-legend").append(...models.map(({ title, tone, dash }) => {
    const line = makeSvg("line", { class: `line ${tone}`, x1: 0, y1: 6, x2: 26, y2: 6 });
    if (dash) line.setAttribute("stroke-dasharray", dash);
    return make("span", {}, makeSvg("svg", { width: 26, height: 12, "aria-hidden": "true" }, line), title);
  }), make("span", { class: "sub" }, "Dots: each model’s own threshold."));
};

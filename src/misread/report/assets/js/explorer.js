// The threshold explorer: one threshold, and everything that follows from it, moving together.

import { lineChart } from "./chart.js";
import { confirm } from "./confirm.js";
import { cheapest } from "./cost.js";
import { curveOf } from "./curve.js";
import { byId, framed, nameOf, onSwitch } from "./dom.js";
import { histogramsOf } from "./histogram.js";
import { gallery } from "./images.js";
import { startNearest } from "./nearest.js";
import { report } from "./report.js";
import { firstAtLeast, placeAfterKey, progressOf, STEPS } from "./scale.js";
import { clopperPearson, f1Interval } from "./stats.js";
import { count, imagesAre, percent, range, scoreText, wantedShare } from "./words.js";

/** Fewer answers than these are a handful, whatever share of them is right. */
const HANDFUL = 30;

const progresses = new Map();
const progressFor = (curve) => {
  if (!progresses.has(curve)) progresses.set(curve, progressOf(curve));
  return progresses.get(curve);
};

/** Place whose value in a falling array is nearest to `value`. */
const nearestPlace = (falling, value) => {
  let [low, high] = [0, falling.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (falling[middle] > value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && Math.abs(falling[low - 1] - value) < Math.abs(falling[low] - value) ? low - 1 : low;
};

/** The scores worth drawing: from where the first positives are missed to where the last images score. */
const stretch = ({ thresholds, size, tp, positives }) => {
  let first = 0;
  while (first < size - 1 && tp[first + 1] > positives * 0.998) first++;
  const low = Math.min(thresholds[first], thresholds[Math.floor(size * 0.25)]);
  const high = thresholds[Math.min(size - 1, Math.floor(size * 0.9995))];
  return high > low ? [low, high] : [low - 1, low + 1];
};

/** The histograms in words: where half of each class scores. */
const halvesOf = (curve, positive) => {
  const [yes, no] = [curve.forRecall(0.5), nearestPlace(curve.fpr, 0.5)].map((place) => scoreText(curve.thresholds[place]));
  return `Half of the images of ${nameOf(report.names.indexOf(positive))} score ${yes} or more, half of the others ${no} or less`;
};

const startCharts = (state, positive, setThreshold, setPlace) => {
  const share = { domain: [0, 1], format: (v) => percent(v, 0), exact: (v) => percent(v) };
  const scores = { label: "threshold", domain: stretch(state.curve), format: scoreText };
  let behind = histogramsOf(state.curve, scores.domain);
  const charts = {
    threshold: lineChart(byId("chart-threshold"), {
      label: "Precision and recall at every threshold, and how many images score so",
      x: scores,
      y: share,
      areas: () => behind.areas,
      lines: () => [
        { name: "precision", xs: state.curve.thresholds, ys: state.curve.precision, tone: "one" },
        { name: "recall", xs: state.curve.thresholds, ys: state.curve.recall, tone: "two", dash: "6 3" },
      ],
      also: () => halvesOf(state.curve, positive),
    }),
    pr: lineChart(byId("chart-pr"), {
      label: "Precision against recall",
      x: { ...share, label: "recall", told: [0.5, 0.8, 0.9, 0.95, 0.99] },
      y: share,
      lines: () => [{ name: "precision at a recall", xs: state.curve.recall, ys: state.curve.precision, tone: "ink" }],
    }),
    roc: lineChart(byId("chart-roc"), {
      label: "Recall against the false positive rate",
      x: { ...share, label: "false positive rate", told: [0, 0.001, 0.01, 0.1] },
      y: share,
      diagonal: true,
      lines: () => [{ name: "recall at a false positive rate", xs: state.curve.fpr, ys: state.curve.recall, tone: "ink" }],
    }),
  };
  charts.threshold.onPick((x) => setThreshold(x));
  charts.pr.onPick((x) => setPlace(nearestPlace(state.curve.recall, x)));
  charts.roc.onPick((x) => setPlace(nearestPlace(state.curve.fpr, x)));
  const sayScale = () => {
    byId("histogram-scale").textContent = behind.log ? "on a log scale" : "on a scale of their own";
  };
  sayScale();
  return {
    mark(threshold, now, { precision, recall, fpr }) {
      charts.threshold.mark("precision", { x: threshold, y: now.precision, ys: precision, tone: "one", rule: true });
      charts.threshold.mark("recall", { x: threshold, y: now.recall, ys: recall, tone: "two" });
      charts.pr.mark("here", { x: now.recall, y: now.precision, xs: recall, ys: precision, tone: "ink" });
      charts.roc.mark("here", { x: now.fpr, y: now.recall, xs: fpr, ys: recall, tone: "ink" });
    },
    redraw() {
      scores.domain = stretch(state.curve);
      behind = histogramsOf(state.curve, scores.domain);
      sayScale();
      for (const chart of Object.values(charts)) chart.redraw();
    },
  };
};

const put = (id, text) => {
  byId(id).textContent = text;
};

const precisionText = (now, digits) => (now.tp + now.fp ? percent(now.precision, digits) : "none answered");

/** The numbers at a threshold, and their intervals. */
const putNumbers = (now) => {
  const intervals = {
    precision: clopperPearson(now.tp, now.tp + now.fp),
    recall: clopperPearson(now.tp, now.tp + now.fn),
    f1: f1Interval(now),
    fpr: clopperPearson(now.fp, now.fp + now.tn),
  };
  for (const [key, interval] of Object.entries(intervals)) {
    put(`m-${key}`, key === "precision" ? precisionText(now, 2) : percent(now[key], 2));
    put(`ci-${key}`, range(interval, 2));
  }
  for (const key of ["tp", "fp", "fn", "tn"]) put(`n-${key}`, count(now[key]));
  return intervals;
};

const warningOf = (now, there) => {
  const answered = now.tp + now.fp;
  if (answered >= HANDFUL && !(there && there.tp + there.fp < HANDFUL)) return "";
  if (!answered) return "No image is answered yes here.";
  const few = answered < HANDFUL ? `${imagesAre(answered)} answered yes here` : `On the test set ${imagesAre(there.tp + there.fp)} answered yes here`;
  return `${few}: the precision stands on a handful.`;
};

const startCost = (state, setPlace) => {
  const [ratio, said, go] = [byId("cost-ratio"), byId("cost-said"), byId("cost-go")];
  const found = new Map();
  const draw = () => {
    const times = Number(ratio.value);
    go.disabled = !(ratio.value !== "" && times > 0 && times <= 1e6);
    if (go.disabled) {
      said.textContent = "Type how many times as much, above 0.";
      return;
    }
    const key = `${state.model.key} ${times}`;
    if (!found.has(key)) found.set(key, cheapest(state.curve, times));
    const best = found.get(key);
    const at = (place) => (place < state.curve.size ? scoreText(state.curve.thresholds[place]) : "above all scores");
    const own = state.curve.at(state.model.default);
    const per = (cost) => scoreText((1000 * cost) / own.n);
    state.cheapest = best.place;
    said.textContent = `Cheapest at ${at(best.place)} (95% interval ${at(best.low)} to ${at(best.high)}): as dear as ${per(best.cost)} false ones per 1,000 images; at the model’s own threshold ${per(times * own.fn + own.fp)}.`;
  };
  ratio.addEventListener("input", draw);
  go.addEventListener("click", () => setPlace(state.cheapest));
  return draw;
};

/** The forms that look for a threshold. */
const startWishes = (state, setPlace, redraw, tell) => {
  const wish = (form, field, find) =>
    byId(form).addEventListener("submit", (event) => {
      event.preventDefault();
      const wanted = wantedShare(byId(field));
      tell(Number.isNaN(wanted) ? "Type a percentage above 0 and at most 100." : find(wanted));
    });
  wish("wish-precision", "want-precision", (wanted) => {
    const bound = byId("want-bound").checked;
    const place = state.curve.forPrecision(wanted, bound);
    state.wanted = wanted;
    redraw();
    const what = bound ? "whose precision is that high with 95% confidence" : "of that precision";
    if (place < 0) return `No threshold ${what} exists.`;
    setPlace(place);
    return `The lowest threshold ${what} is ${scoreText(state.threshold)}.`;
  });
  wish("wish-recall", "want-recall", (wanted) => {
    const place = state.curve.forRecall(wanted);
    if (place < 0) return "No threshold of that recall exists.";
    setPlace(place);
    return `The highest threshold that still reaches that recall is ${scoreText(state.threshold)}.`;
  });
};

export const startExplorer = (data) => {
  const [slider, exact, note, warning] = ["threshold-slider", "threshold-exact", "wish-note", "threshold-warning"].map(byId);
  const state = { model: data.models[0], curve: null, test: null, threshold: 0, wanted: data.wanted };
  const nearest = gallery && startNearest(data);
  let charts = null;

  const draw = framed(() => {
    const { curve, threshold } = state;
    const place = curve.place(threshold);
    const now = curve.counts(place);
    const there = state.test?.at(threshold);
    charts.mark(threshold, now, putNumbers(now));
    const text = warningOf(now, there);
    if (warning.textContent !== text) warning.textContent = text;
    slider.setAttribute("aria-valuetext", `threshold ${scoreText(threshold)}, precision ${precisionText(now, 1)}, recall ${percent(now.recall)}`);
    nearest?.show(place, threshold, curve);
    confirm(now, there, state.wanted);
  });
  /** A notice is of one threshold of one model, and goes with it. */
  const tell = (text) => {
    note.textContent = text;
  };
  const move = (threshold, moveSlider = true) => {
    if (threshold !== state.threshold) tell("");
    state.threshold = threshold;
    if (moveSlider) slider.value = STEPS * progressFor(state.curve)[state.curve.place(threshold)];
    draw();
  };
  const setThreshold = (threshold) => {
    move(threshold);
    exact.value = threshold;
  };
  const scoreAt = (place) => {
    const { curve } = state;
    const above = curve.thresholds[curve.size - 1];
    return place < curve.size ? curve.thresholds[place] : above + Math.max(1e-9, Math.abs(above) * 1e-9);
  };
  const setPlace = (place) => setThreshold(scoreAt(place));

  slider.max = STEPS;
  slider.addEventListener("input", () => {
    const threshold = scoreAt(firstAtLeast(progressFor(state.curve), Number(slider.value) / STEPS));
    move(threshold, false);
    exact.value = threshold;
  });
  slider.addEventListener("keydown", (event) => {
    const place = placeAfterKey(progressFor(state.curve), state.curve.place(state.threshold), event.key, event.shiftKey);
    if (place === undefined) return;
    event.preventDefault();
    setPlace(place);
  });
  exact.addEventListener("input", () => {
    if (exact.value !== "" && Number.isFinite(exact.valueAsNumber)) move(exact.valueAsNumber);
  });
  startWishes(state, setPlace, draw, tell);
  const drawCost = startCost(state, setPlace);
  byId("to-default").addEventListener("click", () => setThreshold(state.model.default));

  onSwitch(byId("model-switch"), (value) => {
    state.model = data.models[Number(value)];
    state.curve = curveOf(state.model.curve);
    state.test = state.model.test ? curveOf(state.model.test) : null;
    if (charts) charts.redraw();
    else charts = startCharts(state, data.positive, setThreshold, setPlace);
    nearest?.use(state.model.key);
    drawCost();
    const place = data.own_first ? -1 : state.curve.forPrecision(state.wanted);
    if (place < 0) setThreshold(state.model.default);
    else setPlace(place);
    const wanted = `Set to the lowest threshold of precision ${Number((100 * state.wanted).toPrecision(6))}%.`;
    tell(data.own_first ? "Set to the model’s own threshold." : place < 0 ? "" : wanted);
  });
};

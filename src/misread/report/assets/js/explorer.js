// The threshold explorer: one threshold, and everything that follows from it, moving together.

import { lineChart } from "./chart.js";
import { curveOf } from "./curve.js";
import { byId, make, nameOf, nameTag, framed, onSwitch } from "./dom.js";
import { picture, repaint, gallery } from "./images.js";
import { report } from "./report.js";
import { clopperPearson, f1Interval } from "./stats.js";
import { count, percent, range, scoreText, wantedShare } from "./words.js";

export const startExplorer = (data) => {
  const slider = byId("threshold-slider");
  const exact = byId("threshold-exact");
  const note = byId("wish-note");
  const EACH_SIDE = 10;

  const state = { model: data.models[0], curve: null, test: null, threshold: 0, wanted: data.wanted, near: [] };

  // Charts -----------------------------------------------------------------------------------------------------------
  const share = { domain: [0, 1], format: (v) => percent(v, 0) };
  const scoreAxis = { label: "threshold", domain: [0, 1], format: scoreText };
  const charts = {};
  const startCharts = () => {
    charts.threshold = lineChart(byId("chart-threshold"), {
      label: "Precision and recall at every threshold; the same numbers are given as text above",
      x: scoreAxis,
      y: share,
      lines: () => [
        { xs: state.curve.thresholds, ys: state.curve.precision, tone: "one" },
        { xs: state.curve.thresholds, ys: state.curve.recall, tone: "two", dash: "6 3" },
      ],
    });
    charts.pr = lineChart(byId("chart-pr"), {
      label: "Precision against recall",
      x: { ...share, label: "recall" },
      y: share,
      lines: () => [{ xs: state.curve.recall, ys: state.curve.precision, tone: "ink" }],
    });
    charts.roc = lineChart(byId("chart-roc"), {
      label: "Recall against the false positive rate",
      x: { ...share, label: "false positive rate" },
      y: share,
      diagonal: true,
      lines: () => [{ xs: state.curve.fpr, ys: state.curve.recall, tone: "ink" }],
    });
    charts.threshold.onPick((x) => setThreshold(x));
    charts.pr.onPick((x) => setPlace(nearestPlace(state.curve.recall, x)));
    charts.roc.onPick((x) => setPlace(nearestPlace(state.curve.fpr, x)));
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

  const stretch = ({ thresholds, size, tp, positives }) => {
    let first = 0;
    while (first < size - 1 && tp[first + 1] > positives * 0.998) first++;
    const low = Math.min(thresholds[first], thresholds[Math.floor(size * 0.25)]);
    const high = thresholds[Math.min(size - 1, Math.floor(size * 0.9995))];
    return high > low ? [low, high] : [low - 1, low + 1];
  };

  // Images nearest to the threshold ----------------------------------------------------------------------------------
  const rows = {};
  const startNearest = () => {
    for (const side of ["below", "above"]) {
      rows[side] = Array.from({ length: EACH_SIDE }, () => {
        const canvas = picture(gallery.sheet, 0, "image near the threshold");
        const caption = make("figcaption");
        const tile = make("figure", { class: "tile" }, canvas, caption);
        byId(`near-${side}`).append(tile);
        return { tile, canvas, caption, place: -1 };
      });
    }
  };
  const rankImages = () => {
    const ranks = data.own_first ? gallery.score : gallery.ranks[state.model.key];
    state.ranks = ranks;
    state.near = Array.from(ranks.keys()).sort((a, b) => ranks[a] - ranks[b]);
  };
  /** Images stand in the order of their scores; test images by the score itself, others by its place on the curve. */
  const showNearest = (place) => {
    const cut = data.own_first ? state.threshold : place;
    let [low, high] = [0, state.near.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (state.ranks[state.near[middle]] < cut) low = middle + 1;
      else high = middle;
    }
    const code = report.names.indexOf(data.positive);
    for (const [side, from, step] of [["below", low - 1, -1], ["above", low, 1]]) {
      rows[side].forEach((row, k) => {
        const image = state.near[from + k * step];
        row.tile.hidden = image === undefined;
        if (image === undefined || row.place === image) return;
        row.place = image;
        repaint(row.canvas, gallery.sheet, image);
        const truth = gallery.true[image];
        const score = scoreText(data.own_first ? state.ranks[image] : state.curve.thresholds[state.ranks[image]]);
        const wrong = (truth === code) !== (side === "above");
        row.tile.classList.toggle("wrong", wrong);
        row.canvas.setAttribute("aria-label", `is ${nameOf(truth)}, score ${score}${wrong ? ", answered wrongly" : ""}`);
        row.caption.replaceChildren(nameTag(truth), make("span", { class: "sub" }, score));
      });
    }
  };

  // Drawing the state ------------------------------------------------------------------------------------------------
  const put = (id, text) => {
    byId(id).textContent = text;
  };
  const draw = framed(() => {
    const { curve, threshold } = state;
    const place = curve.place(threshold);
    const now = curve.counts(place);
    const answered = now.tp + now.fp;
    const intervals = {
      precision: clopperPearson(now.tp, answered),
      recall: clopperPearson(now.tp, now.tp + now.fn),
      f1: f1Interval(now),
      fpr: clopperPearson(now.fp, now.fp + now.tn),
    };
    for (const key of ["precision", "recall", "f1", "fpr"]) {
      put(`m-${key}`, key === "precision" && !answered ? "none answered" : percent(now[key], 2));
      put(`ci-${key}`, range(intervals[key], 2));
    }
    for (const key of ["tp", "fp", "fn", "tn"]) put(`n-${key}`, count(now[key]));
    const [p, r] = [intervals.precision, intervals.recall];
    charts.threshold.mark("precision", { x: threshold, y: now.precision, ys: p, tone: "one", rule: true });
    charts.threshold.mark("recall", { x: threshold, y: now.recall, ys: r, tone: "two" });
    charts.pr.mark("here", { x: now.recall, y: now.precision, xs: r, ys: p, tone: "ink" });
    charts.roc.mark("here", { x: now.fpr, y: now.recall, xs: intervals.fpr, ys: r, tone: "ink" });
    slider.setAttribute(
      "aria-valuetext",
      `threshold ${scoreText(threshold)}, precision ${percent(now.precision)}, recall ${percent(now.recall)}`,
    );
    if (gallery) showNearest(place);
    confirm(now, intervals);
  });

  const confirm = (now, intervals) => {
    const side = (name, counts, [p, r]) => {
      const answered = counts.tp + counts.fp;
      put(`c-${name}-n`, `${count(answered)} of ${count(counts.n)}`);
      put(`c-${name}-p`, answered ? `${percent(counts.precision, 2)}  (${range(p, 1)})` : "none answered");
      put(`c-${name}-r`, `${percent(counts.recall, 2)}  (${range(r, 1)})`);
      const [low, high] = clopperPearson(counts.tp, answered, 0.9);
      put(`c-${name}-l`, percent(low, 2));
      return [low, high, answered];
    };
    side("oof", now, [intervals.precision, intervals.recall]);
    const verdict = byId("confirm-verdict");
    const wish = `the wanted precision of ${Number((100 * state.wanted).toPrecision(6))}%`;
    if (!state.test) {
      verdict.textContent = "There is no test set, so the threshold cannot be confirmed.";
      verdict.dataset.state = "open";
      return;
    }
    const there = state.test.at(state.threshold);
    const [low, high, answered] = side("test", there, [
      clopperPearson(there.tp, there.tp + there.fp),
      clopperPearson(there.tp, there.tp + there.fn),
    ]);
    if (!answered) {
      [verdict.dataset.state, verdict.textContent] = ["open", "No test image is answered yes here, so nothing can be said of the precision."];
    } else if (low >= state.wanted) {
      [verdict.dataset.state, verdict.textContent] = ["yes", `Held: on the test set ${wish} is reached with 95% confidence (at least ${percent(low, 1)}).`];
    } else if (high < state.wanted) {
      [verdict.dataset.state, verdict.textContent] = ["no", `Not held: on the test set ${wish} is missed with 95% confidence (at most ${percent(high, 1)}).`];
    } else {
      [verdict.dataset.state, verdict.textContent] = ["open", `Not proven: the test set allows ${percent(low, 1)} to ${percent(high, 1)}, so ${wish} may or may not hold.`];
    }
  };

  // Setting the state ------------------------------------------------------------------------------------------------
  const setThreshold = (threshold) => {
    state.threshold = threshold;
    slider.value = state.curve.place(threshold);
    exact.value = threshold;
    draw();
  };
  const setPlace = (place) => {
    const { curve } = state;
    const above = curve.thresholds[curve.size - 1];
    setThreshold(place < curve.size ? curve.thresholds[place] : above + Math.max(1e-9, Math.abs(above) * 1e-9));
  };

  slider.addEventListener("input", () => setPlace(Number(slider.value)));
  exact.addEventListener("input", () => {
    if (exact.value === "" || !Number.isFinite(exact.valueAsNumber)) return;
    state.threshold = exact.valueAsNumber;
    slider.value = state.curve.place(state.threshold);
    draw();
  });

  const wish = (form, field, find) =>
    byId(form).addEventListener("submit", (event) => {
      event.preventDefault();
      const wanted = wantedShare(byId(field));
      note.textContent = Number.isNaN(wanted) ? "Type a percentage above 0 and at most 100." : find(wanted);
    });
  wish("wish-precision", "want-precision", (wanted) => {
    const bound = byId("want-bound").checked;
    const place = state.curve.forPrecision(wanted, bound);
    state.wanted = wanted;
    draw();
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
  byId("to-default").addEventListener("click", () => {
    note.textContent = "";
    setThreshold(state.model.default);
  });

  onSwitch(byId("model-switch"), (value) => {
    state.model = data.models[Number(value)];
    state.curve = curveOf(state.model.curve);
    state.test = state.model.test ? curveOf(state.model.test) : null;
    slider.max = state.curve.size;
    scoreAxis.domain = stretch(state.curve);
    if (!charts.pr) startCharts();
    else for (const chart of Object.values(charts)) chart.redraw();
    if (gallery) {
      if (!rows.below) startNearest();
      rankImages();
      for (const row of [...rows.below, ...rows.above]) row.place = -1;
    }
    const place = state.curve.forPrecision(state.wanted);
    note.textContent = place < 0 ? "" : `Set to the lowest threshold of precision ${Number((100 * state.wanted).toPrecision(6))}%.`;
    if (data.own_first) note.textContent = "Set to the model’s own threshold.";
    if (place < 0 || data.own_first) setThreshold(state.model.default);
    else setPlace(place);
  });
};

// The reject option: how much is answered, how much of that is right, and what is refused.

import { lineChart } from "./chart.js";
import { Curve } from "./curve.js";
import { byId, framed, make } from "./dom.js";
import { gallery } from "./images.js";
import { clopperPearson } from "./stats.js";
import { tile } from "./tile.js";
import { count, imagesAre, percent, range, scoreText, wantedShare } from "./words.js";

const STEPS = 500;
const SHOWN = 12;
const LEAST = 0.01;
const BAND = 48;

/** The curve as drawn: between two points only right answers are added, one by one; where wrong ones share a margin there is nothing between. */
const lineOf = (curve, n) => {
  const [xs, ys] = [[], []];
  for (let i = 0; i < curve.size; i++) {
    const wrong = curve.fp[i];
    const added = wrong > curve.fp[i + 1] ? 0 : curve.tp[i] - curve.tp[i + 1];
    for (let k = 24; k >= 0; k--) {
      const tp = curve.tp[i] - (added * (24 - k)) / 24;
      if (tp + wrong < n * LEAST) continue;
      xs.push((tp + wrong) / n);
      ys.push(tp / (tp + wrong));
      if (!added) break;
    }
  }
  return { name: "right at a share answered", xs, ys, tone: "one" };
};

/** The exact intervals along the curve, as an area. */
const bandOf = (curve, coverage, n) => {
  const [lows, highs] = [[], []];
  for (let k = 0; k <= BAND; k++) {
    const i = nearest(coverage, LEAST + ((1 - LEAST) * k) / BAND);
    const answered = curve.tp[i] + curve.fp[i];
    if (answered < n * LEAST) continue;
    const [low, high] = clopperPearson(curve.tp[i], answered);
    lows.push([answered / n, low]);
    highs.unshift([answered / n, high]);
  }
  const around = [...lows, ...highs];
  return { xs: around.map(([x]) => x), ys: around.map(([, y]) => y), tone: "band" };
};

/** Place whose value in a falling array is nearest to `value`. */
const nearest = (falling, value) => {
  let best = 0;
  for (let i = 0; i < falling.length; i++) if (Math.abs(falling[i] - value) < Math.abs(falling[best] - value)) best = i;
  return best;
};

/** Where it opens: the wanted accuracy, where that leaves answers; else nine in ten answered. */
const sensible = (curve, coverage, wanted) => {
  const found = curve.forPrecision(wanted);
  return found >= 0 && coverage[found] >= 0.5 ? found : nearest(coverage, 0.9);
};

/** Stored images that are refused, those nearest to being answered first. */
const refusedTiles = (margin) => {
  const refused = Array.from(gallery.margin.keys()).filter((place) => gallery.margin[place] < margin);
  refused.sort((a, b) => gallery.margin[b] - gallery.margin[a]);
  for (const [id, right] of [["refused-right", true], ["refused-wrong", false]]) {
    const places = refused.filter((place) => (gallery.true[place] === gallery.predicted[place]) === right).slice(0, SHOWN);
    byId(id).replaceChildren(...(places.length ? places.map((place) => tile(place, places)) : [make("p", { class: "hint" }, "None is stored.")]));
  }
};

export const startReject = (data) => {
  const curve = new Curve(data.curve);
  const test = data.test ? new Curve(data.test) : null;
  const slider = byId("reject-slider");
  const coverage = Float64Array.from(curve.thresholds, (_, i) => (curve.tp[i] + curve.fp[i]) / data.n);
  const floor = Math.floor(curve.precision[0] * 20) / 20;
  const line = lineOf(curve, data.n);
  const least = line.xs.at(-1) ?? 0;
  const chart = lineChart(byId("chart-reject"), {
    label: "Accuracy on what is answered, with its interval, against the share that is answered",
    x: { label: "share answered", domain: [Math.min(0.9, Math.floor(least * 10) / 10), 1], format: (v) => percent(v, 0), exact: (v) => percent(v), told: [1, 0.99, 0.95, 0.9, 0.8, 0.5] },
    y: { domain: [floor < 1 ? floor : 0.9, 1], format: (v) => percent(v, 0), exact: (v) => percent(v, 2) },
    areas: () => [bandOf(curve, coverage, data.n)],
    lines: () => [line],
  });
  const pictures = gallery?.margin && byId("refused-wrong");
  let place = 0;
  let waiting = 0;
  const draw = framed(() => {
    const now = curve.counts(place);
    const answered = now.tp + now.fp;
    const interval = clopperPearson(now.tp, answered);
    chart.mark("here", { x: answered / data.n, y: now.precision, ys: interval, tone: "one", rule: true });
    const margin = curve.thresholds[place];
    let text = `With a margin of ${scoreText(margin)} it answers ${percent(answered / data.n)} of the images and reads ${percent(now.precision, 2)} of them right (${count(now.fp)} wrong of ${count(answered)}); 95% interval ${range(interval, 2)}.`;
    if (test) {
      const there = test.at(margin);
      const n = there.tp + there.fp;
      text += n
        ? ` On the test set: ${percent(n / there.n)} answered, ${percent(there.precision, 2)} right (${range(clopperPearson(there.tp, n), 2)}).`
        : " On the test set nothing is answered.";
    }
    byId("reject-verdict").textContent = text;
    const [refused, wrong] = [data.n - answered, now.fn + now.tn ? curve.fp[0] - now.fp : 0];
    byId("refused-said").textContent = refused ? `${imagesAre(refused)} refused; ${count(wrong)} of them (${percent(wrong / refused)}) would have been misread.` : "Nothing is refused.";
    slider.setAttribute("aria-valuetext", `margin ${scoreText(margin)}, ${percent(answered / data.n)} answered, ${percent(now.precision, 2)} right`);
    if (!pictures) return;
    clearTimeout(waiting);
    waiting = setTimeout(refusedTiles, 60, margin);
  });

  slider.max = STEPS;
  const setPlace = (next, moveSlider = true) => {
    place = next;
    if (moveSlider) slider.value = STEPS * (1 - coverage[place]);
    draw();
  };
  slider.addEventListener("input", () => setPlace(nearest(coverage, 1 - Number(slider.value) / STEPS), false));
  slider.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const far = event.shiftKey ? place : nearest(coverage, coverage[place] - by / 100);
    setPlace(Math.min(curve.size - 1, Math.max(0, far === place ? place + by : far)));
  });
  chart.onPick((x) => setPlace(nearest(coverage, x)));
  byId("wish-accuracy").addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = wantedShare(byId("want-accuracy"));
    const found = Number.isNaN(wanted) ? -1 : curve.forPrecision(wanted, byId("accuracy-bound").checked);
    if (found >= 0) setPlace(found);
    else byId("reject-verdict").textContent = Number.isNaN(wanted) ? "Type a percentage above 0 and at most 100." : "No margin reaches that accuracy.";
  });
  setPlace(sensible(curve, coverage, data.wanted));
};

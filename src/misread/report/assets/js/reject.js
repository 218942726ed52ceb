// The reject option: how much is answered, and how much of that is right.

import { lineChart } from "./chart.js";
import { Curve } from "./curve.js";
import { byId, framed } from "./dom.js";
import { clopperPearson } from "./stats.js";
import { count, percent, range, scoreText, wantedShare } from "./words.js";

export const startReject = (data) => {
  const curve = new Curve(data.curve);
  const test = data.test ? new Curve(data.test) : null;
  const slider = byId("reject-slider");
  const coverage = Float64Array.from(curve.thresholds, (_, i) => (curve.tp[i] + curve.fp[i]) / data.n);
  /** The curve as drawn: between two stored points only right answers are added, one by one. */
  const line = () => {
    const [xs, ys] = [[], []];
    for (let i = 0; i < curve.size; i++) {
      const [right, wrong] = [curve.tp[i + 1], curve.fp[i]];
      const added = curve.tp[i] - right;
      for (let k = 24; k >= 0; k--) {
        const tp = right + (added * k) / 24;
        if (tp + wrong < data.n / 100) continue;
        xs.push((tp + wrong) / data.n);
        ys.push(tp / (tp + wrong));
        if (!added) break;
      }
    }
    return { xs, ys, tone: "one" };
  };
  const lowest = curve.precision[0];
  const floor = Math.floor(lowest * 20) / 20;
  const chart = lineChart(byId("chart-reject"), {
    label: "Accuracy on what is answered, against the share that is answered",
    x: { label: "share answered", domain: [0, 1], format: (v) => percent(v, 0) },
    y: { domain: [floor < 1 ? floor : 0.9, 1], format: (v) => percent(v, floor > 0.9 ? 1 : 0) },
    lines: () => [line()],
  });

  let place = 0;
  const draw = framed(() => {
    const now = curve.counts(place);
    const answered = now.tp + now.fp;
    const interval = clopperPearson(now.tp, answered);
    chart.mark("here", { x: answered / data.n, y: now.precision, ys: interval, tone: "one", rule: true });
    const margin = curve.thresholds[place];
    let text = `With a margin of ${scoreText(margin)} it answers ${percent(answered / data.n)} of the images and reads ${percent(now.precision, 2)} of them right (${count(now.fp)} wrong of ${count(answered)}).`;
    if (test) {
      const there = test.at(margin);
      const n = there.tp + there.fp;
      text += n
        ? ` On the test set: ${percent(n / there.n)} answered, ${percent(there.precision, 2)} right (${range(clopperPearson(there.tp, n), 2)}).`
        : " On the test set nothing is answered.";
    }
    byId("reject-verdict").textContent = text;
    slider.setAttribute("aria-valuetext", `margin ${scoreText(margin)}, ${percent(answered / data.n)} answered, ${percent(now.precision, 2)} right`);
  });

  slider.max = curve.size - 1;
  const setPlace = (next) => {
    place = next;
    slider.value = place;
    draw();
  };
  slider.addEventListener("input", () => setPlace(Number(slider.value)));
  chart.onPick((x) => {
    let best = 0;
    for (let i = 0; i < curve.size; i++) if (Math.abs(coverage[i] - x) < Math.abs(coverage[best] - x)) best = i;
    setPlace(best);
  });
  const find = () => {
    const wanted = wantedShare(byId("want-accuracy"));
    const found = Number.isNaN(wanted) ? -1 : curve.forPrecision(wanted, byId("accuracy-bound").checked);
    if (found >= 0) setPlace(found);
    else byId("reject-verdict").textContent = Number.isNaN(wanted) ? "Type a percentage above 0 and at most 100." : "No margin reaches that accuracy.";
  };
  byId("wish-accuracy").addEventListener("submit", (event) => {
    event.preventDefault();
    find();
  });
  setPlace(curve.size - 1);
  find();
};

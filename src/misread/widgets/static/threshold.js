// The threshold explorer of a notebook: a picture and a slider. What is chosen goes to Python, which counts.

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [640, 240, 40, 24];

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "misread-widget";
  const { svg, place } = picture(model.get("_drawn"));
  const slider = document.createElement("input");
  const steps = model.get("_steps");
  Object.assign(slider, { type: "range", className: "slider", min: 0, max: steps.length - 1, step: 1 });
  slider.setAttribute("aria-label", "Threshold");
  slider.dataset.lmSuppressShortcuts = "true"; // its arrow keys are not JupyterLab's
  const said = document.createElement("div");
  said.setAttribute("role", "status");
  root.append(svg, slider, said);
  el.append(root);

  const show = () => {
    const threshold = model.get("threshold");
    place(threshold);
    if (steps[slider.value] !== threshold) slider.value = nearest(steps, threshold);
    slider.setAttribute("aria-valuetext", threshold.toPrecision(4));
    said.replaceChildren(...[`Yes from ${threshold.toPrecision(4)} on.`, ...model.get("_sentences")].map(paragraph));
  };
  slider.addEventListener("input", () => {
    model.set("threshold", steps[slider.value]);
    model.save_changes();
  });
  const events = "change:threshold change:_sentences";
  model.on(events, show);
  show();
  return () => model.off(events, show);
}

function picture(drawn) {
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  svg.setAttribute("aria-label", "Precision and recall at every threshold");
  const { thresholds } = drawn;
  const [low, high] = [thresholds[0], thresholds[thresholds.length - 1]];
  const x = (value) => LEFT + ((value - low) / (high - low || 1)) * (WIDTH - LEFT - 10);
  const y = (share) => 20 + (1 - share) * (HEIGHT - BOTTOM - 20);
  for (const share of [0, 0.5, 1]) {
    svg.append(draw("line", { class: "axis", x1: LEFT, x2: WIDTH - 10, y1: y(share), y2: y(share) }));
    svg.append(label(LEFT - 4, y(share) + 4, `${share * 100}%`, "end"));
  }
  svg.append(label(LEFT, HEIGHT - 6, low.toPrecision(3), "start"));
  svg.append(label(WIDTH - 10, HEIGHT - 6, high.toPrecision(3), "end"));
  ["precision", "recall"].forEach((name, index) => {
    const points = thresholds.map((value, i) => `${x(value).toFixed(1)},${y(drawn[name][i]).toFixed(1)}`).join(" ");
    svg.append(draw("polyline", { class: name, points }));
    const left = LEFT + 10 + index * 100;
    svg.append(draw("line", { class: name, x1: left, x2: left + 24, y1: 8, y2: 8, "stroke-width": 2 }));
    svg.append(label(left + 30, 12, name, "start"));
  });
  const now = draw("line", { class: "now", y1: y(1), y2: y(0) });
  svg.append(now);
  const place = (threshold) => {
    const where = x(Math.min(Math.max(threshold, low), high));
    now.setAttribute("x1", where);
    now.setAttribute("x2", where);
  };
  return { svg, place };
}

function nearest(steps, threshold) {
  let best = 0;
  steps.forEach((step, i) => {
    if (Math.abs(step - threshold) < Math.abs(steps[best] - threshold)) best = i;
  });
  return best;
}

function draw(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function label(x, y, text, anchor) {
  const element = draw("text", { x, y, "text-anchor": anchor });
  element.textContent = text;
  return element;
}

function paragraph(text) {
  const element = document.createElement("p");
  element.textContent = text;
  return element;
}

export default { render };

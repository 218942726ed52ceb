// Shows an answer.

import { agrees, chanceOf, column, compact, introduction, named, percent, promise, verdict, weights } from "./words.js";

const MOST_BARS = 12;

export class View {
  #rows = new Map();

  constructor(model) {
    this.model = model;
    this.digits = model.classes.every((name) => /^\d$/.test(name));
    this.classes = { detector: [model.positive], multilabel: model.outputs }[model.task] ?? model.classes;
    this.parts = Object.fromEntries(
      ["model", "says", "label", "sure", "promise", "bars", "seen", "seen-text", "nearest", "timing"].map((id) => [
        id,
        document.getElementById(id),
      ]),
    );
    this.#introduce();
    this.#makeBars();
    this.clear();
  }

  clear() {
    const { says, label, sure, timing, seen, nearest } = this.parts;
    says.dataset.state = "empty";
    label.textContent = "";
    sure.textContent = this.digits ? "Draw a digit." : "Draw something, or drop a photo.";
    timing.textContent = "";
    this.#showPromise(true);
    this.#clearBars();
    paint(seen, null, this.model.image_size);
    nearest.replaceChildren(...Array.from({ length: 5 }, () => this.#neighbour(null)));
  }

  fail(message) {
    this.clear();
    this.parts.says.dataset.state = "error";
    this.parts.sure.textContent = message;
  }

  show(answer, milliseconds) {
    const { state, seen, nearest } = answer;
    const label = answer.label ?? "";
    const { parts } = this;
    const isUnlike = state === "unlike"; // neither what sure answers promise nor how it weighs the classes is about it
    parts.says.dataset.state = state === "unsure" && !this.model.operating_point ? "answered" : state;
    setText(parts.label, isUnlike ? "?" : label);
    parts.label.classList.toggle("long", !isUnlike && label.length > 2);
    setText(parts.sure, verdict(this.model, answer));
    setText(parts.timing, `Answered in ${Math.max(1, Math.round(milliseconds))} ms.`);
    this.#showPromise(!isUnlike);
    if (isUnlike) this.#clearBars();
    else this.#showWeights(weights(this.model, answer), label);
    paint(parts.seen, seen, this.model.image_size);
    const agreed = (one) => state === "empty" || agrees(this.model, label, one.label);
    parts.nearest.replaceChildren(...(nearest ?? []).map((one) => this.#neighbour(one, agreed(one))));
  }

  #introduce() {
    const { model, parts } = this;
    const [height, width] = model.image_size;
    parts.model.textContent = introduction(model);
    document.title = `${named(model)} – misread`;
    parts.promise.textContent = promise(model);
    const crop = model.fit.startsWith("mnist") ? ", cropped and centred" : "";
    parts["seen-text"].textContent = `${width}×${height} pixels${crop}`;
  }

  #showPromise(isAboutIt) {
    this.parts.promise.hidden = !this.model.operating_point || !isAboutIt;
  }

  #makeBars() {
    const rows = this.classes.slice(0, MOST_BARS).map((name) => {
      const row = document.createElement("li");
      const [title, track, fill, value] = ["span", "span", "span", "span"].map((tag) => document.createElement(tag));
      title.className = "name";
      track.className = "track";
      fill.className = "fill";
      value.className = "value";
      title.textContent = title.title = name;
      track.append(fill);
      if (this.model.decision) track.append(this.#cut());
      row.append(title, track, value);
      this.#rows.set(name, { row, title, fill, value });
      return row;
    });
    this.parts.bars.replaceChildren(...rows);
    this.parts.bars.classList.toggle("wordy", this.classes.some((name) => name.length > 2));
  }

  /** The mark on a detector's bar from which on it says yes. */
  #cut() {
    const cut = document.createElement("span");
    cut.className = "cut";
    cut.style.left = `${100 * this.#shareOf(this.model.decision.threshold)}%`;
    return cut;
  }

  #showWeights({ chances, shares, values: byName }, label) {
    const values = Object.values(byName);
    const [low, high] = shares ? [0, 1] : [Math.min(...values), Math.max(...values)];
    this.#useRows(byName);
    const told = (share) => (chances ? chanceOf(share, this.model.calibration) : percent(share));
    const texts = shares ? values.map(told) : column(values);
    Object.entries(byName).forEach(([name, value], i) => {
      const share = this.model.decision ? this.#shareOf(value) : (value - low) / (high - low || 1);
      this.#setBar(name, share, texts[i]);
    });
    this.#markBest(label);
  }

  /** With more classes than rows, show the best ones. */
  #useRows(values) {
    const names = Object.keys(values);
    if (names.length <= MOST_BARS) return;
    names.sort((a, b) => values[b] - values[a]);
    const rows = [...this.#rows.values()];
    this.#rows = new Map(names.slice(0, MOST_BARS).map((name, i) => [name, rows[i]]));
    for (const [name, { title }] of this.#rows) title.textContent = title.title = name;
  }

  /** Where a detector's score lies on its bar: a probability as it is, others with the threshold in the middle. */
  #shareOf(score) {
    if (this.model.score_kind === "share") return score;
    const { threshold } = this.model.decision;
    return 0.5 + 0.5 * Math.tanh((score - threshold) / (Math.abs(threshold) || 1));
  }

  #setBar(name, share, text) {
    const found = this.#rows.get(name);
    if (!found) return;
    found.fill.style.transform = `scaleX(${Math.min(Math.max(share, 0), 1)})`;
    found.value.textContent = text;
  }

  #clearBars() {
    for (const name of this.classes) this.#setBar(name, 0, "");
    this.#markBest(null);
  }

  #markBest(label) {
    const best = this.model.task === "multilabel" ? (label ?? "").split(", ") : [label];
    for (const [name, { row }] of this.#rows) row.classList.toggle("best", best.includes(name));
  }

  #neighbour(one, agrees = true) {
    const item = document.createElement("li");
    const canvas = document.createElement("canvas");
    paint(canvas, one?.image ?? null, this.model.image_size);
    const caption = document.createElement("span");
    caption.textContent = one?.label ?? "";
    item.append(canvas, caption);
    item.classList.toggle("other", !agrees);
    if (one) {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `A training image of ${one.label}`);
      item.title = `${one.label}, at a distance of ${compact(one.distance)}`;
    }
    return item;
  }
}

/** Put rows of grey levels on a canvas, one pixel each; none leaves it clear. */
function paint(canvas, rows, [height, width]) {
  canvas.width = width;
  canvas.height = height;
  canvas.classList.toggle("blank", !rows);
  if (!rows) return;
  const image = new ImageData(width, height);
  rows.flat().forEach((grey, i) => image.data.set([grey, grey, grey, 255], 4 * i));
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** Leave what has not changed, so that a screen reader does not say it again. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

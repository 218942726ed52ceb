// Shows what is to be judged.

import { fetchOriginal } from "./client.js";
import { areFew } from "./keys.js";

const byId = (id) => document.getElementById(id);

export class View {
  #originals = new Map();

  /**
   * @param {object} about the review
   * @param {{labels: Map<string, string>, mode: string}} keys
   * @param {{choose: (label: string) => void, toggle: (id: number) => void}} hands
   */
  constructor(about, keys, hands) {
    this.about = about;
    this.hands = hands;
    byId("about").textContent = introduction(about);
    byId("where").textContent = `Every verdict goes to ${about.file} at once${about.by ? `, by ${about.by}` : ""}.`;
    byId("typing").hidden = keys.mode !== "type";
    this.labels = keys.labels;
    byId("classes").classList.toggle("wordy", about.classes.some((name) => name.length > 2));
    if (areFew(about.classes)) byId("classes").replaceChildren(...about.classes.map((name) => this.#classButton(name)));
  }

  #classButton(name) {
    const button = element("button", name);
    button.type = "button";
    button.dataset.name = name;
    const key = this.labels.get(name);
    if (key && key !== name) button.append(" ", element("kbd", key));
    button.addEventListener("click", () => this.hands.choose(name));
    return button;
  }

  /** @param {object} shown a screen, and which of its images are chosen */
  show(shown) {
    const { screen, chosen, said } = shown;
    const [first] = screen.images;
    const isGroup = screen.images.length > 1;
    byId("work").hidden = false;
    byId("done").hidden = true;
    byId("single").hidden = isGroup;
    byId("group").hidden = !isGroup;
    byId("near").hidden = isGroup || !first.nearest.length;
    byId("name").textContent = isGroup ? "Click an image that is another, and it is asked about alone." : first.name;
    byId("question").textContent = question(screen);
    byId("words").textContent = said ? `You said: ${said}. ${screen.words}` : screen.words;
    byId("right").hidden = !first.given;
    byId("right").replaceChildren(isGroup ? `All are ${first.given}` : `Right: ${first.given}`, " ", element("kbd", "Enter"));
    byId("suggestion").hidden = !first.suggested;
    byId("suggestion").replaceChildren(isGroup ? `All are ${first.suggested}` : `It is ${first.suggested}`, " ", element("kbd", "↑"));
    byId("says").replaceChildren(...(isGroup ? [] : first.says.map(bar)));
    if (isGroup) this.#showGroup(screen, chosen);
    else this.#showOne(first);
    for (const button of byId("classes").children) {
      button.classList.toggle("given", button.dataset.name === first.given);
      button.classList.toggle("suggested", button.dataset.name === first.suggested);
    }
    if (!areFew(this.about.classes)) this.#showLikely(first);
    document.documentElement.dataset.shown = String(first.id);
  }

  #showOne(image) {
    byId("picture").src = image.picture;
    byId("picture").alt = image.given ? `An image labelled ${image.given}` : "An image without a label";
    byId("nearest").replaceChildren(
      ...image.nearest.map((one) => {
        const item = document.createElement("li");
        const picture = element("img");
        picture.src = one.picture;
        picture.alt = "";
        item.append(picture, element("span", one.label));
        item.classList.toggle("other", Boolean(image.given) && one.label !== image.given);
        return item;
      }),
    );
    const place = byId("original");
    place.hidden = true;
    if (!image.original) return;
    this.prefetch(image).then((address) => {
      if (document.documentElement.dataset.shown !== String(image.id) || !address) return;
      place.src = address;
      place.hidden = false;
    });
  }

  /** Get the picture as it came before it is shown. */
  prefetch(image) {
    if (!image.original) return Promise.resolve(null);
    if (!this.#originals.has(image.id)) this.#originals.set(image.id, fetchOriginal(image.id));
    if (this.#originals.size > 60) {
      const [oldest, address] = this.#originals.entries().next().value;
      this.#originals.delete(oldest);
      address.then((one) => one && URL.revokeObjectURL(one));
    }
    return this.#originals.get(image.id);
  }

  #showGroup({ images }, chosen) {
    byId("group").replaceChildren(
      ...images.map((image, i) => {
        const button = element("button");
        button.type = "button";
        button.className = "member";
        button.title = image.name;
        const picture = element("img");
        picture.src = image.picture;
        picture.alt = "";
        button.append(picture);
        const mark = () => {
          button.setAttribute("aria-pressed", chosen.has(image.id));
          button.setAttribute("aria-label", `Image ${i + 1}, ${chosen.has(image.id) ? "in the group" : "asked about alone"}`);
        };
        button.addEventListener("click", (event) => {
          if (event.detail) button.blur(); // a mouse leaves the keys to the answers
          this.hands.toggle(image.id);
          mark();
        });
        mark();
        const item = document.createElement("li");
        item.append(button);
        return item;
      }),
    );
  }

  /** Of many classes the likely ones are buttons. */
  #showLikely(image) {
    const names = [...new Set([image.suggested, ...image.says.map((one) => one.name)])].filter((name) => name && name !== image.given);
    byId("classes").replaceChildren(...names.slice(0, 4).map((name) => this.#classButton(name)));
  }

  showProgress({ seen, total, words, stop, may_stop: mayStop }) {
    Object.assign(byId("progress"), { max: Math.max(total, 1), value: seen });
    byId("seen").textContent = words;
    byId("stop").textContent = stop;
    byId("stop").classList.toggle("may", mayStop);
    byId("done-words").textContent = `${words} ${stop}`;
  }

  showDone() {
    byId("work").hidden = true;
    byId("done").hidden = false;
    byId("done").focus();
    document.documentElement.dataset.shown = "";
  }

  /** @param {string} done what was recorded, for all; what is next is on the page, and told to screen readers */
  say(done, next) {
    const heard = element("span", next);
    heard.className = "heard";
    byId("status").replaceChildren(done, done && " ", heard);
  }

  complain(text) {
    byId("trouble").textContent = text;
    byId("trouble").hidden = !text;
  }

  enable(canGoBack) {
    byId("back").disabled = byId("undo").disabled = !canGoBack;
  }
}

function introduction({ title, classes, order, doubted_by: by, labelled }) {
  const how = { random: "in random order", doubt: labelled ? "the most doubtful first" : "the least sure first", use: "the most useful first" }[order] ?? order;
  return [title, `${classes.length} classes`, how, ...(by ? [`doubted by ${by}`] : [])].join(" · ");
}

export function question({ images }) {
  const [{ given }] = images;
  if (images.length > 1) return `${images.length} images labelled ${given}: what are they?`;
  return given ? `Labelled ${given}: is that right?` : "What is this?";
}

function bar({ name, share, words }) {
  const row = document.createElement("li");
  const [title, track, fill, value] = ["name", "track", "fill", "value"].map((kind) => {
    const part = element("span");
    part.className = kind;
    return part;
  });
  title.textContent = title.title = name;
  fill.style.transform = `scaleX(${share})`;
  value.textContent = words;
  track.append(fill);
  row.append(title, track, value);
  return row;
}

export function element(tag, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

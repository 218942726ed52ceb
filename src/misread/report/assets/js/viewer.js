// One image, large, with why it was read so: a dialog that every tile of the page opens.

import { make, nameTag } from "./dom.js";
import { described, gallery, picture } from "./images.js";
import { whyOf } from "./why.js";
import { scoreText } from "./words.js";

const parts = {};
const shown = { places: [], at: 0 };

const facts = (place) => {
  const { index, names, score, margin } = gallery;
  const rows = [["Image", names ? names[place] : String(index[place])]];
  if (score) rows.push(["Score of the answer", scoreText(score[place])], ["Ahead of the next class by", scoreText(margin[place])]);
  return rows.map(([term, text]) => make("div", {}, make("dt", {}, term), make("dd", {}, make("bdi", {}, text))));
};

const draw = () => {
  const place = shown.places[shown.at];
  const { true: truth, predicted } = gallery;
  const right = !predicted || truth[place] === predicted[place];
  parts.title.replaceChildren("Is ", nameTag(truth[place]), ...(predicted ? [right ? ", read right" : ", read as "] : []));
  if (!right) parts.title.append(nameTag(predicted[place]));
  parts.image.replaceChildren(picture(gallery.sheet, place, "the image, enlarged"));
  parts.why.replaceChildren(...whyOf(place));
  parts.facts.replaceChildren(...facts(place));
  parts.count.replaceChildren(`${shown.at + 1} of ${shown.places.length}`, make("span", { class: "hidden" }, `: ${described(place)}`));
  for (const button of [parts.back, parts.next]) button.hidden = shown.places.length < 2;
};

const step = (by) => {
  shown.at = (shown.at + by + shown.places.length) % shown.places.length;
  draw();
};

const build = () => {
  parts.title = make("h2", { id: "viewer-title", tabindex: "-1" });
  parts.close = make("button", { type: "button" }, "Close");
  parts.back = make("button", { type: "button", "aria-label": "Previous image" }, "←");
  parts.next = make("button", { type: "button", "aria-label": "Next image" }, "→");
  parts.count = make("span", { class: "sub", role: "status" });
  parts.image = make("div", { class: "viewer-image" });
  parts.why = make("div", { class: "viewer-why" });
  parts.facts = make("dl", { class: "viewer-facts" });
  parts.dialog = make(
    "dialog", { class: "viewer", "aria-labelledby": "viewer-title" },
    make("div", { class: "viewer-head" }, parts.title, parts.close),
    make("div", { class: "viewer-body" }, parts.image, parts.why),
    parts.facts,
    make("div", { class: "viewer-foot" }, parts.back, parts.count, parts.next),
  );
  parts.close.addEventListener("click", () => parts.dialog.close());
  parts.back.addEventListener("click", () => step(-1));
  parts.next.addEventListener("click", () => step(1));
  parts.dialog.addEventListener("click", (event) => {
    if (event.target === parts.dialog) parts.dialog.close();
  });
  parts.dialog.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(by);
  });
  document.body.append(parts.dialog);
};

/** Open the image at `places[at]`; the browser brings the focus back to where it was. */
export const openViewer = (places, at) => {
  if (!parts.dialog) build();
  Object.assign(shown, { places, at: Math.max(at, 0) });
  draw();
  parts.dialog.showModal();
  parts.title.focus({ preventScroll: true });
};

// Two classes side by side: what is read as what between them.

import { byId, make, nameOf, nameTag } from "./dom.js";
import { described, gallery, picture, placesOf } from "./images.js";
import { openViewer } from "./viewer.js";
import { count } from "./words.js";

const IN_BLOCK = 25;

const block = (data, truth, predicted) => {
  const places = placesOf(truth, predicted).slice(0, IN_BLOCK);
  const all = data.counts[truth][predicted];
  const grid = make("div", { class: "block" }, ...places.map((place, at) => {
    const text = described(place);
    const button = make("button", { type: "button", class: "bare", title: text, "aria-label": text }, picture(gallery.sheet, place));
    button.addEventListener("click", () => openViewer(places, at));
    return button;
  }));
  return make(
    "div", { class: `pair-cell ${truth === predicted ? "right" : "wrong"}` },
    make("h4", {}, nameTag(truth), " read as ", nameTag(predicted)),
    make("p", { class: "hint" }, !all ? "none" : places.length < all ? `${places.length} of ${count(all)}` : all === 1 ? "the only one" : `all ${count(all)}`),
    grid,
  );
};

export const startPair = (data) => {
  const selects = [byId("pair-a"), byId("pair-b")];
  const draw = () => {
    const pair = selects.map((select) => Number(select.value));
    const blocks = pair.flatMap((truth) => pair.map((predicted) => block(data, truth, predicted)));
    byId("pair-grid").replaceChildren(...(pair[0] === pair[1] ? blocks.slice(0, 1) : blocks));
  };
  selects.forEach((select, k) => {
    select.append(...data.classes.map((_, code) => make("option", { value: code }, nameOf(code))));
    select.value = data.first_pair[k];
    select.addEventListener("change", draw);
  });
  draw();
};

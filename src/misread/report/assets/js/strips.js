// The most common misreadings, on the first screen.

import { ORDERS } from "./cell.js";
import { byId, make, nameTag } from "./dom.js";
import { described, gallery, picture, placesOf } from "./images.js";
import { openViewer } from "./viewer.js";
import { percent, times } from "./words.js";

export const startStrips = (data, show) => {
  const order = gallery.margin ? ORDERS.sure : ORDERS.order;
  for (const pair of byId("strips") ? data.pairs.slice(0, 4) : []) {
    const places = placesOf(pair.true, pair.predicted).sort(order).slice(0, 8);
    const jump = make("a", { href: "#errors" }, nameTag(pair.true), " read as ", nameTag(pair.predicted));
    jump.addEventListener("click", () => show(pair.true, pair.predicted));
    const film = places.map((place, at) => {
      const text = described(place);
      const button = make("button", { type: "button", class: "bare", title: text, "aria-label": text }, picture(gallery.sheet, place));
      button.addEventListener("click", () => openViewer(places, at));
      return button;
    });
    byId("strips").append(make(
      "div", { class: "strip" },
      make("p", {}, jump, make("span", { class: "sub" }, `${times(pair.count)}, ${percent(pair.of_class)} of the class`)),
      make("div", { class: "film" }, ...film),
    ));
  }
};

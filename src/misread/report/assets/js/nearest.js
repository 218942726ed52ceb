// The images on both sides of the threshold.

import { byId, make, nameOf, nameTag } from "./dom.js";
import { gallery, picture, repaint } from "./images.js";
import { report } from "./report.js";
import { openViewer } from "./viewer.js";
import { scoreText, shortScore } from "./words.js";

const EACH_SIDE = 10;

/** Returned: `use(key)` takes the scores of a detector, `show(place, threshold, curve)` the images nearest to it. */
export const startNearest = (data) => {
  const code = report.names.indexOf(data.positive);
  let [ranks, order] = [[], []];
  const made = (side) => {
    const row = Array.from({ length: EACH_SIDE }, () => {
      const canvas = picture(gallery.sheet, 0);
      const caption = make("span", { class: "caption" });
      const said = make("span", { class: "hidden" });
      const tile = make("button", { type: "button", class: "tile" }, canvas, said, caption);
      const one = { tile, canvas, said, caption, place: -1 };
      tile.addEventListener("click", () => {
        const places = row.filter((other) => !other.tile.hidden).map((other) => other.place);
        openViewer(places, places.indexOf(one.place));
      });
      byId(`near-${side}`).append(tile);
      return one;
    });
    return row;
  };
  const rows = { below: made("below"), above: made("above") };
  const fill = (one, image, above, curve) => {
    one.tile.hidden = image === undefined;
    if (image === undefined || one.place === image) return;
    one.place = image;
    repaint(one.canvas, gallery.sheet, image);
    const truth = gallery.true[image];
    const value = data.own_first ? ranks[image] : curve.thresholds[ranks[image]];
    const score = scoreText(value);
    const wrong = (truth === code) !== above;
    one.tile.classList.toggle("wrong", wrong);
    const text = `is ${nameOf(truth)}, score ${score}${wrong ? ", answered wrongly" : ""}`;
    one.tile.setAttribute("title", text);
    one.said.textContent = text;
    one.caption.replaceChildren(nameTag(truth), make("span", { class: "sub" }, shortScore(value)));
  };
  return {
    use(key) {
      ranks = data.own_first ? gallery.score : gallery.ranks[key];
      order = Array.from(ranks.keys()).sort((a, b) => ranks[a] - ranks[b]);
      for (const one of [...rows.below, ...rows.above]) one.place = -1;
    },
    /** Images stand in the order of their scores; test images by the score itself, others by its place on the curve. */
    show(place, threshold, curve) {
      const cut = data.own_first ? threshold : place;
      let [low, high] = [0, order.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (ranks[order[middle]] < cut) low = middle + 1;
        else high = middle;
      }
      rows.below.forEach((one, k) => fill(one, order[low - 1 - k], false, curve));
      rows.above.forEach((one, k) => fill(one, order[low + k], true, curve));
    },
  };
};

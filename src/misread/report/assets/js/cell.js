// The images behind a cell of the confusion matrix.

import { byId, nameOf } from "./dom.js";
import { gallery, longNames, placesOf } from "./images.js";
import { tile } from "./tile.js";
import { count, images } from "./words.js";

const BATCH = 84;

/** How images may be sorted. */
export const ORDERS = {
  sure: (a, b) => gallery.margin[b] - gallery.margin[a],
  unsure: (a, b) => gallery.margin[a] - gallery.margin[b],
  order: (a, b) => a - b,
};

export const startCell = (data) => {
  const scored = Boolean(gallery.margin);
  const legend = scored ? "Below each its lead over the next class; the rest on hover or focus; a click enlarges it and says why." : "A click enlarges it.";
  const shown = { places: [], drawn: 0, button: null };
  const [tiles, sort, more] = [byId("cell-tiles"), byId("cell-sort"), byId("cell-more")];
  if (!scored) {
    sort.value = "order";
    sort.parentElement.hidden = true;
  }
  tiles.classList.toggle("long", longNames);
  const drawMore = () => {
    const next = shown.places.slice(shown.drawn, shown.drawn + BATCH);
    tiles.append(...next.map((place) => tile(place, shown.places)));
    shown.drawn += next.length;
    more.hidden = shown.drawn >= shown.places.length;
  };
  const sortAndDraw = () => {
    shown.places.sort(ORDERS[sort.value]);
    shown.drawn = 0;
    tiles.replaceChildren();
    drawMore();
  };
  const open = (i, j, button, focus = false) => {
    shown.places = placesOf(i, j);
    shown.button?.classList.remove("open");
    shown.button = button;
    button?.classList.add("open");
    byId("cell-title").textContent = i === j ? `${nameOf(i)} read right` : `${nameOf(i)} read as ${nameOf(j)}`;
    const [all, here] = [data.counts[i][j], shown.places.length];
    byId("cell-note").textContent = !all ? "No image." : `${here === all ? all === 1 ? "The only image." : `All ${images(all)}.` : `A fair sample of ${count(here)} from ${images(all)}.`} ${legend}`;
    sortAndDraw();
    if (focus) byId("cell-title").focus({ preventScroll: true });
  };
  sort.addEventListener("change", sortAndDraw);
  more.addEventListener("click", drawMore);
  byId("cell-panel").addEventListener("keydown", (event) => {
    if (event.key === "Escape") shown.button?.focus();
  });
  return { open };
};

// An image as a button that opens it large: its true label, what it was read as, one number; more on hover and focus.

import { make, nameTag } from "./dom.js";
import { described, gallery, longNames, picture } from "./images.js";
import { openViewer } from "./viewer.js";
import { ahead } from "./words.js";

/** A tile of image `place`; `of` are those that the arrow keys go through once it is large. */
export const tile = (place, of = [place]) => {
  const { sheet, true: truth, predicted, margin } = gallery;
  const right = truth[place] === predicted[place];
  const text = described(place);
  const caption = make("span", { class: "caption" }, nameTag(truth[place]));
  if (!right) caption.append(longNames ? make("br") : "", " → ", nameTag(predicted[place]));
  if (margin) caption.append(make("span", { class: "sub" }, ahead(margin[place])));
  const button = make(
    "button", { type: "button", class: `tile${right ? "" : " wrong"}`, title: text, "data-more": text },
    picture(sheet, place), make("span", { class: "hidden" }, text), caption,
  );
  button.addEventListener("click", () => openViewer(of, of.indexOf(place)));
  return button;
};

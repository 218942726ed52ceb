// An image as a button that opens it large: its true label, what it was read as, one number; more on hover and focus.

import { make, nameOf, nameTag } from "./dom.js";
import { gallery, longNames, picture } from "./images.js";
import { openViewer } from "./viewer.js";
import { scoreText, shortScore } from "./words.js";

/** What is known of an image, in a line. */
export const described = (place) => {
  const { index, true: truth, predicted, margin, score, names } = gallery;
  const read = predicted ? `, read as ${nameOf(predicted[place])}` : "";
  const scored = score ? `, score ${scoreText(score[place])}, ahead by ${scoreText(margin[place])}` : "";
  return `image ${names ? names[place] : index[place]}: is ${nameOf(truth[place])}${read}${scored}`;
};

/** A tile of image `place`; `of` are those that the arrow keys go through once it is large. */
export const tile = (place, of = [place]) => {
  const { sheet, true: truth, predicted, margin } = gallery;
  const right = truth[place] === predicted[place];
  const text = described(place);
  const caption = make("span", { class: "caption" }, nameTag(truth[place]));
  if (!right) caption.append(longNames ? make("br") : "", " → ", nameTag(predicted[place]));
  if (margin) caption.append(make("span", { class: "sub" }, `+${shortScore(margin[place])}`));
  const button = make(
    "button", { type: "button", class: `tile${right ? "" : " wrong"}`, title: text, "data-more": text },
    picture(sheet, place), caption,
  );
  button.addEventListener("click", () => openViewer(of, of.indexOf(place)));
  return button;
};

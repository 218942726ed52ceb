// An image with its true label, what it was read as, and how far ahead that class was.

import { make, nameOf, nameTag } from "./dom.js";
import { gallery, longNames, picture } from "./images.js";
import { scoreText } from "./words.js";

export const tile = (place) => {
  const { sheet, index, true: truth, predicted, margin, score, names } = gallery;
  const [is, read] = [nameOf(truth[place]), nameOf(predicted[place])];
  const right = truth[place] === predicted[place];
  const scored = score ? `, score ${scoreText(score[place])}, margin ${scoreText(margin[place])}` : "";
  const text = `image ${names ? names[place] : index[place]}: is ${is}, read as ${read}${scored}`;
  const caption = make("figcaption", {});
  caption.append(nameTag(truth[place]));
  if (!right) caption.append(longNames ? make("br") : "", " → ", nameTag(predicted[place]));
  if (score) {
    caption.append(
      make("span", { class: "sub" }, scoreText(score[place])),
      make("span", { class: "sub" }, `+${scoreText(margin[place])}`),
    );
  }
  return make("figure", { class: `tile${right ? "" : " wrong"}`, title: text }, picture(sheet, place, text), caption);
};

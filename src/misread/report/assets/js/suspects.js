// Doubtful labels: the images, a filter by verdict, and the whole list as CSV.

import { byId, make, onSwitch } from "./dom.js";
import { picture, gallery } from "./images.js";

export const startSuspects = (data, table) => {
  const FIRST = 12;
  const cards = [...byId("suspect-list").children];
  const more = byId("suspects-more");
  const shown = { verdict: "", limit: FIRST };

  const fill = (card) => {
    if (!gallery || card.dataset.filled) return;
    card.dataset.filled = "yes";
    const suspect = data.shown[Number(card.dataset.place)];
    if (suspect.image !== null) card.querySelector(".subject").append(picture(gallery.sheet, suspect.image, `image ${suspect.index}`));
    for (const item of card.querySelectorAll("[data-near]")) {
      const near = suspect.nearest[Number(item.dataset.near)];
      if (near.image !== null) item.prepend(picture(gallery.sheet, near.image, `training image ${near.index}`));
    }
  };
  const draw = () => {
    let count = 0;
    for (const card of cards) {
      const fits = !shown.verdict || card.dataset.verdict === shown.verdict;
      card.hidden = !fits || count >= shown.limit;
      if (fits) count++;
      if (!card.hidden) fill(card);
    }
    more.hidden = count <= shown.limit;
  };
  more.addEventListener("click", () => {
    shown.limit += FIRST;
    draw();
  });
  onSwitch(byId("suspect-filter"), (verdict) => {
    Object.assign(shown, { verdict, limit: FIRST });
    draw();
  });

  const save = byId("suspects-save");
  save.hidden = !table;
  save.addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([table], { type: "text/csv" }));
    const link = make("a", { href: url, download: "suspects.csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  });
};

// Images cut out of a sheet, with what is known of each.
"use strict";
{
  const loaded = (sheet) => {
    const image = new Image();
    image.src = sheet.url;
    const made = { ...sheet, image, decoded: false };
    made.ready = image.decode().then(() => {
      made.decoded = true;
    });
    return made;
  };

  const paint = (canvas, sheet, place) => {
    const { columns, width, height, image } = sheet;
    const x = (place % columns) * width;
    const y = Math.floor(place / columns) * height;
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    pen.drawImage(image, x, y, width, height, 0, 0, width, height);
  };

  const wanted = new WeakMap();

  /** A canvas that shows image `place` of a sheet once the sheet is decoded. */
  misread.picture = (sheet, place, label) => {
    const canvas = misread.make("canvas", { width: sheet.width, height: sheet.height, class: "picture" });
    if (label) {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", label);
    } else canvas.setAttribute("aria-hidden", "true");
    misread.repaint(canvas, sheet, place);
    return canvas;
  };

  /** Show another image in a canvas made by `picture`: now if the sheet is decoded, else as soon as it is. */
  misread.repaint = (canvas, sheet, place) => {
    wanted.set(canvas, place);
    if (sheet.decoded) paint(canvas, sheet, place);
    else sheet.ready.then(() => paint(canvas, sheet, wanted.get(canvas)));
  };

  misread.loadSheet = loaded;

  const stored = misread.data.gallery;
  if (stored) {
    misread.gallery = {
      sheet: loaded(stored.sheet),
      size: stored.sheet.count,
      index: misread.unpack(stored.index),
      true: misread.unpack(stored.true),
      predicted: stored.predicted && misread.unpack(stored.predicted),
      margin: stored.margin && misread.unpack(stored.margin),
      score: stored.score && misread.unpack(stored.score),
      names: stored.names,
      ranks: Object.fromEntries(Object.entries(stored.ranks).map(([key, packed]) => [key, misread.unpack(packed)])),
    };

    /** Names of more than a few letters get a line each. */
    misread.longNames = misread.data.names.some((name) => name.length > 3);

    /** An image with its true label, what it was read as, and how far ahead that class was. */
    misread.tile = (place) => {
      const { sheet, index, true: truth, predicted, margin, score, names } = misread.gallery;
      const [is, read] = [misread.nameOf(truth[place]), misread.nameOf(predicted[place])];
      const right = truth[place] === predicted[place];
      const scored = score ? `, score ${misread.score(score[place])}, margin ${misread.score(margin[place])}` : "";
      const text = `image ${names ? names[place] : index[place]}: is ${is}, read as ${read}${scored}`;
      const caption = misread.make("figcaption", {});
      caption.append(misread.nameTag(truth[place]));
      if (!right) caption.append(misread.longNames ? misread.make("br") : "", " → ", misread.nameTag(predicted[place]));
      if (score) {
        caption.append(
          misread.make("span", { class: "sub" }, misread.score(score[place])),
          misread.make("span", { class: "sub" }, `+${misread.score(margin[place])}`),
        );
      }
      return misread.make("figure", { class: `tile${right ? "" : " wrong"}`, title: text }, misread.picture(sheet, place, text), caption);
    };

    /** Places of the images with that true and predicted class. */
    misread.placesOf = (truth, predicted) => {
      const places = [];
      const { gallery } = misread;
      for (let i = 0; i < gallery.size; i++) {
        if (gallery.true[i] === truth && gallery.predicted[i] === predicted) places.push(i);
      }
      return places;
    };
  }
}

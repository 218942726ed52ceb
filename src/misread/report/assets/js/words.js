// Numbers as people read them, and back.

export const count = (n) => n.toLocaleString("en-US");
export const times = (n) => `${count(n)} time${n === 1 ? "" : "s"}`;
export const images = (n) => `${count(n)} image${n === 1 ? "" : "s"}`;
export const imagesAre = (n) => `${images(n)} ${n === 1 ? "is" : "are"}`;

/** A share, a half rounded up; 0% and 100% are said only of none and of all. The same as misread.analysis.words.share. */
export const percent = (share, digits = 1) => {
  if (share === 0 || share === 1) return `${100 * share}%`;
  let text = "";
  for (let more = digits; more < 9; more++) {
    text = (100 * share + 1e-9).toFixed(more);
    if (Number(text) > 0 && Number(text) < 100) break;
  }
  return `${text}%`;
};

export const range = ([low, high], digits = 1) => `${percent(low, digits)} – ${percent(high, digits)}`;

/** A score for people: three figures, without powers of ten. The same as misread.analysis.words.score_text. */
export const scoreText = (value) => {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3)).toLocaleString("en-US")}M`.replace("-", "−");
  if (size >= 1000) return Math.round(value).toLocaleString("en-US").replace("-", "−");
  return String(Number(value.toPrecision(3))).replace("-", "−");
};

/** "90" in a field of percent as 0.9, the same double that Python writes; NaN when it is no share. */
export const wantedShare = (field) => {
  const share = Number((Number(field.value) / 100).toPrecision(12));
  return field.value !== "" && share > 0 && share <= 1 ? share : NaN;
};

/** A score where there is little room: two decimals at most. */
export const shortScore = (value) => {
  const size = Math.abs(value);
  if (size > 0 && size < 0.005) return "<0.01";
  return size < 100 ? value.toFixed(size < 10 ? 2 : 1).replace("-", "−") : scoreText(value);
};

/** A lead over the next class where there is little room. */
export const ahead = (margin) => (margin > 0 && margin < 0.005 ? shortScore(margin) : `+${shortScore(margin)}`);

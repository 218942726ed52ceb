// What the page says, in words: pure functions of the model's description and an answer.

const minus = (text) => text.replace("-", "−");

/** @returns {string} a score of any size in three digits */
export const compact = (value) =>
  minus(Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(3)).toString());

/** @returns {string[]} two numbers in three digits, or in as many more as it takes to see that they differ */
export function toldApart(value, bound) {
  for (let digits = 3; ; digits++) {
    const texts = [value, bound].map((one) => minus(Number(one.toPrecision(digits)).toString()));
    if (texts[0] !== texts[1] || digits === 17) return texts;
  }
}

/** @returns {string[]} scores one under the other: the same decimals, three digits of the largest */
export function column(values) {
  const largest = Math.max(...values.map(Math.abs)) || 1;
  const decimals = Math.min(Math.max(2 - Math.floor(Math.log10(largest)), 0), 9);
  const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return values.map((value) => minus(value.toLocaleString("en", options)));
}

/** How the answer weighs the classes: by chance where it is known, else by score; votes are no chances. */
export function weights({ task, score_kind: kind }, { scores, probabilities }) {
  const chances = Boolean(probabilities) && task !== "detector"; // whose bar shows where its threshold is
  return { chances, shares: chances || kind === "share", values: chances ? probabilities : scores };
}

/** @returns {string} a chance: never 100%, and no more digits than held-out answers support */
export function chanceOf(chance, calibration) {
  const ceiling = calibration?.ceiling ?? 0.999;
  if (chance >= ceiling) return `over ${Number((100 * ceiling).toPrecision(6))}%`;
  if (chance < 0.01) return "under 1%";
  const decimals = [0.99, 0.999, 0.9999, 1].findIndex((rung) => chance < rung);
  return `${(100 * chance).toFixed(decimals)}%`;
}

/** What an answer is worth, beside the answer. */
export function verdict(model, answer) {
  const { task, positive, decision, operating_point: point } = model;
  const { label, state, scores, probabilities, lead } = answer;
  if (state === "empty") return "Nothing to read: the image is blank.";
  if (state === "unlike") return `Unlike anything it learnt. ${task === "classification" ? `Of all it knows, ${label} is nearest.` : ""}`.trim();
  if (task === "multilabel") return "";
  if (task === "detector") {
    const threshold = compact(decision.threshold);
    const rule = decision.inclusive ? `from ${threshold} on` : `above ${threshold}`;
    const chance = probabilities ? `, probability ${chanceOf(probabilities[positive], model.calibration)}` : "";
    return `Score ${compact(scores[positive])}${chance}. It says ${positive} ${rule}.`;
  }
  const { chances, values } = weights(model, answer);
  const chance = chances && `Probability ${chanceOf(values[label], model.calibration)}`;
  if (!point) return chances ? `${chance}.` : `Score ${compact(values[label])}.`;
  const rule = `${chances ? `${chance.toLowerCase()}, ` : ""}${ruleOf(model, chances && values[label], lead)}`;
  return state === "sure" ? `Sure: ${rule}.` : `Not sure. Its best guess is ${label}: ${rule}.`;
}

/** From where on it is sure: by chance, or by lead where chances in words do not tell the two apart. */
function ruleOf({ calibration, operating_point: point }, chance, lead) {
  if (chance && calibration?.sure_from) {
    const [said, needed] = [chance, calibration.sure_from].map((one) => chanceOf(one, calibration));
    if (said !== needed) return `sure from ${needed} on`;
  }
  const [ahead, needed] = toldApart(lead, point.threshold);
  return `ahead by ${ahead}, sure from ${needed} on`;
}

/** What the operating point was chosen for, and what came of it; nothing without one. */
export function promise({ task, operating_point: point, metrics }) {
  if (!point) return "";
  const who = task === "detector" ? "Its threshold promises" : "Its sure answers promise";
  const confidence = point.confidence ? `, with ${percent(point.confidence)} confidence` : "";
  const tested = tenths(metrics?.test?.operating_point?.value);
  const came = tested ? ` (${tested} on test images)` : "";
  return `${who} ${point.aim} ${point.target} on held-out scores${confidence}${came}.`;
}

/** What a file is that cannot be a picture; nothing where it may be one. */
export function noPicture({ name, type }) {
  if (!type || type.startsWith("image/")) return "";
  const kinds = { text: "text", video: "a film", audio: "sound" };
  const kind = type === "application/pdf" ? "a PDF" : (kinds[type.split("/")[0]] ?? type);
  return `Not a picture: ${name} is ${kind}. PNG, JPEG, BMP, WebP and TIFF files are read.`;
}

/** The model by its name and that of its data. */
export function named({ model, dataset }) {
  return dataset?.name && dataset.name !== "unknown" ? `${model} on ${dataset.name}` : model;
}

/** The model in a line: its name, what it tells apart, the size of its images, how well it did on test images. */
export function introduction(model) {
  const { task, positive, outputs, classes, image_size: [height, width], metrics } = model;
  const what = { detector: `a detector of ${positive}`, multilabel: `${outputs.length} labels` }[task];
  const quality = qualityOf(task, metrics?.test ?? {});
  const parts = [named(model), what ?? `${classes.length} classes`, `${width}×${height} pixels`];
  return [...parts, ...(quality ? [`${quality} on test images`] : [])].join(" · ");
}

/** Of a detector not the accuracy: nine in ten are right that never say yes. */
function qualityOf(task, { accuracy, precision, recall, all_right: whole, f1_macro: f1 }) {
  const [right, exact, found, all] = [accuracy, precision, recall, whole].map((share) => tenths(share?.value));
  if (task === "detector") return exact && found && `precision ${exact}, recall ${found}`;
  if (task === "multilabel") return all && typeof f1 === "number" && `all labels right for ${all}, F1 ${f1.toFixed(3)}`;
  return right && `${right} right`;
}

const tenths = (share) => (typeof share === "number" ? percent(share, 1) : null);

/** Whether a training image's class is what was answered. Labels are not classes, so they are never at odds. */
export function agrees({ task, positive }, answer, className) {
  if (task === "multilabel") return true;
  if (task === "detector") return (className === positive) === (answer === positive);
  return className === answer;
}

/** @returns {string} a share in percent, with a tenth where it is near to all; 100% only when it is */
export function percent(share, decimals = share < 0.99 ? 0 : 1) {
  if (share === 1) return "100%";
  return `${Math.min(100 * share, 100 - 10 ** -decimals).toFixed(decimals)}%`;
}

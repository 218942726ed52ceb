// Doubtful labels: the images, a filter by verdict, and a judgement of each, by mouse or by keys, saved as corrections.csv.

import { correctionsCsv, download } from "./corrections.js";
import { byId, make, nameOf, onSwitch } from "./dom.js";
import { gallery, picture } from "./images.js";
import { report } from "./report.js";
import { openViewer } from "./viewer.js";
import { count } from "./words.js";

const FIRST = 12;
const NONE = "none of the classes";

/** Buttons under a card: the verdicts of misread.data.corrections, each with its key. */
const judging = (suspect, said, tell) => {
  const box = make("div", { class: "judge", role: "group", "aria-label": `Judge the label of image ${suspect.index}` });
  const choices = [
    { key: "s", text: `It is ${suspect.suggested}`, verdict: "wrong", label: suspect.suggested },
    { key: "r", text: `${suspect.given} is right`, verdict: "right", label: suspect.given },
    { key: "u", text: "Unclear", verdict: "unclear", label: "" },
    { key: "n", text: "None of them", verdict: NONE, label: "" },
  ];
  const other = make("select", { "aria-label": "Another class" }, make("option", { value: "" }, "It is …"));
  const others = report.names.filter((name) => name !== suspect.given && name !== suspect.suggested);
  other.append(...others.map((name) => make("option", { value: name }, nameOf(report.names.indexOf(name)))));
  const buttons = choices.map(({ key, text, ...judgement }) => {
    const short = text.length > 28 ? `${text.slice(0, 27)}…` : text;
    const button = make("button", { type: "button", "aria-pressed": "false", "aria-keyshortcuts": key, title: `${text} (key ${key.toUpperCase()})` }, short);
    button.addEventListener("click", () => set(said.get(suspect)?.button === button ? null : { ...judgement, button }));
    return button;
  });
  const set = (judgement) => {
    if (judgement) said.set(suspect, { ...judgement, when: new Date().toISOString().replace(/\.\d+Z$/, "+00:00") });
    else said.delete(suspect);
    for (const button of buttons) button.setAttribute("aria-pressed", String(judgement?.button === button));
    if (judgement?.button) other.value = "";
    tell();
  };
  other.addEventListener("change", () => set(other.value ? { verdict: "wrong", label: other.value } : null));
  box.append(...buttons, ...(others.length ? [other] : []));
  return { box, press: (key) => buttons[choices.findIndex((choice) => choice.key === key)]?.click() };
};

/** The images of a card, put in when it is first shown. */
const fill = (card, suspect, enlarge) => {
  if (!gallery || card.dataset.filled) return;
  card.dataset.filled = "yes";
  if (suspect.image !== null) {
    const button = make("button", { type: "button", class: "bare", "aria-label": `Enlarge image ${suspect.index}` }, picture(gallery.sheet, suspect.image));
    button.addEventListener("click", () => enlarge(suspect.image));
    card.querySelector(".subject").replaceChildren(button);
  }
  for (const item of card.querySelectorAll("[data-near]")) {
    const near = suspect.nearest[Number(item.dataset.near)];
    if (near.image !== null) item.prepend(picture(gallery.sheet, near.image, `training image ${near.index}`));
  }
};

/** Saving what was judged; it is asked before unsaved judgements are lost. */
const startSaving = (data, said) => {
  const [save, status, by] = [byId("corrections-save"), byId("judged-count"), byId("judged-by")];
  let unsaved = false;
  addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
  save.addEventListener("click", () => {
    const rows = data.shown.filter((suspect) => said.has(suspect)).map((suspect) => {
      const { verdict, label, when } = said.get(suspect);
      return { hash: suspect.hash, name: suspect.name, given: suspect.given, label, verdict, when, by: by.value.trim() };
    });
    download(correctionsCsv(rows), "corrections.csv");
    unsaved = false;
    status.textContent = `${count(said.size)} judged, saved`;
  });
  return () => {
    unsaved = said.size > 0;
    save.disabled = !said.size;
    status.textContent = said.size ? `${count(said.size)} judged, not saved yet` : "";
  };
};

export const startSuspects = (data, table) => {
  const cards = [...byId("suspect-list").children];
  const suspectOf = (card) => data.shown[Number(card.dataset.place)];
  const more = byId("suspects-more");
  const shown = { verdict: "", limit: FIRST };
  const said = new Map();
  const known = data.shown.every((suspect) => suspect.hash || suspect.name);
  const tell = known ? startSaving(data, said) : () => {};
  const judges = new Map();
  byId("judge-bar").hidden = !known;

  const visible = () => cards.filter((card) => !card.hidden);
  const enlarge = (image) => {
    const places = visible().map((card) => suspectOf(card).image).filter((place) => place !== null);
    openViewer(places, places.indexOf(image));
  };
  const open = (card) => {
    const suspect = suspectOf(card);
    fill(card, suspect, enlarge);
    if (!known || judges.has(card)) return;
    const judge = judging(suspect, said, tell);
    judges.set(card, judge);
    card.append(judge.box);
    card.tabIndex = -1;
  };
  const draw = () => {
    let fitting = 0;
    for (const card of cards) {
      const fits = !shown.verdict || card.dataset.verdict === shown.verdict;
      card.hidden = !fits || fitting >= shown.limit;
      if (fits) fitting++;
      if (!card.hidden) open(card);
    }
    more.hidden = fitting <= shown.limit;
    more.textContent = `Show more (${count(Math.min(fitting, shown.limit))} of ${count(fitting)})`;
  };
  const go = (card) => {
    for (const other of cards) other.classList.toggle("now", other === card);
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  };
  byId("suspect-list").addEventListener("keydown", (event) => {
    const card = event.target.closest(".suspect");
    if (!card || event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
    const key = event.key.toLowerCase();
    const by = { j: 1, k: -1 }[key];
    if (by) {
      if (by > 0 && card === visible().at(-1) && !more.hidden) more.click();
      const next = visible()[visible().indexOf(card) + by];
      if (next) go(next);
    } else if ("srun".includes(key) && judges.has(card)) judges.get(card).press(key);
    else return;
    event.preventDefault();
  });
  byId("judge-start").addEventListener("click", () => {
    const first = visible().find((card) => !said.has(suspectOf(card))) ?? visible()[0];
    if (first) go(first);
  });
  more.addEventListener("click", () => {
    shown.limit += FIRST;
    draw();
  });
  onSwitch(byId("suspect-filter"), (verdict) => {
    Object.assign(shown, { verdict, limit: FIRST });
    draw();
  });
  tell();
  const save = byId("suspects-save");
  save.hidden = !table;
  save.addEventListener("click", () => download(table, "suspects.csv"));
};

// Joins the view and the keys to the server: what is next is here before it is asked for.

import { ask, leave } from "./client.js";
import { keysFor } from "./keys.js";
import { Typing } from "./typing.js";
import { View, question } from "./view.js";

const AHEAD = 10; // screens that are asked for at once, and from half of which on more are
const byId = (id) => document.getElementById(id);

class Session {
  #ahead = [];
  #history = [];
  #shown = null;
  #busy = false;
  #filling = null;

  constructor(about) {
    this.reviewer = sessionStorage.getItem("reviewer") ?? crypto.randomUUID();
    sessionStorage.setItem("reviewer", this.reviewer);
    this.keys = keysFor(about.classes);
    const choose = (label) => this.judge("wrong", label);
    this.view = new View(about, this.keys, { choose, toggle: (id) => this.#toggle(id) });
    this.typing = new Typing(byId("type"), byId("matches"), about.classes, choose);
    this.view.showProgress(about.progress);
  }

  async start() {
    await this.#fill(true);
    await this.#advance("");
  }

  /** Have screens for half a minute here. */
  #fill(fresh = false) {
    this.#filling ??= this.#fetch(fresh).finally(() => (this.#filling = null));
    return this.#filling;
  }

  /** Others have begun to work, or have ended: give back what is ahead, and get what is for this page. */
  async #shareOut() {
    await this.#filling;
    this.#ahead = this.#ahead.filter(({ said }) => said);
    await this.#fill(true);
  }

  async #fetch(fresh) {
    const { screens, progress } = await ask("next", { reviewer: this.reviewer, count: AHEAD, fresh });
    this.#ahead.push(...screens.map(asScreen));
    this.view.showProgress(progress);
    for (const { images } of screens) if (images.length === 1) this.view.prefetch(images[0]);
  }

  async #advance(recorded) {
    if (!this.#ahead.length) await this.#fill();
    this.#shown = this.#ahead.shift() ?? null;
    this.view.enable(this.#history.length > 0);
    if (!this.#shown) {
      this.view.say(recorded, "All are seen.");
      this.view.showDone();
      return;
    }
    this.#show(recorded);
    if (this.#ahead.length <= AHEAD / 2) this.#fill().catch((error) => this.view.complain(error.message));
  }

  #show(recorded) {
    const { screen } = this.#shown;
    this.typing.clear(screen.images[0].says);
    if (document.activeElement !== document.body) document.activeElement.blur();
    this.view.show(this.#shown);
    this.view.say(recorded, `${question(screen)} ${screen.words}`);
  }

  #toggle(id) {
    const { chosen } = this.#shown;
    if (!chosen.delete(id)) chosen.add(id);
  }

  /** One thing at a time, and nothing is gone on from before the server has written it down. */
  async #alone(work) {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await work();
      this.view.complain("");
    } catch (error) {
      this.view.complain(error.message);
    }
    this.#busy = false;
  }

  judge(verdict, label = "") {
    if (!this.#shown) return;
    this.#alone(async () => {
      const { screen, chosen } = this.#shown;
      if (verdict === "skip" && this.#shown.said) {
        this.#history.push(this.#shown);
        await this.#advance("");
        return;
      }
      const about = screen.images.filter(({ id }) => chosen.has(id));
      if (!about.length) return;
      const said = about.map(({ id }) => ({ id, verdict, label }));
      const { progress, gone, elsewhere } = await ask("verdicts", { reviewer: this.reviewer, verdicts: said, held: this.#held() });
      const words = inWords(verdict, label, about[0]);
      const rest = screen.images.filter(({ id }) => !chosen.has(id));
      const before = this.#shown.said; // undo gives back what was said before, if anything was
      this.#history.push({ screen: { ...screen, images: about }, chosen, said: verdict === "skip" ? "" : words, before });
      this.#drop(gone);
      if (elsewhere) await this.#shareOut();
      this.#ahead.unshift(...rest.map((image) => asScreen({ images: [image], words: image.words })));
      this.view.showProgress(progress);
      await this.#advance(verdict === "skip" ? "Skipped." : `Recorded: ${words}${about.length > 1 ? `, ${about.length} images` : ""}.`);
    });
  }

  back() {
    this.#alone(async () => {
      if (!this.#history.length) return;
      this.#return("");
    });
  }

  /** Take back what was said of the image on screen, or else of the last one. */
  undo() {
    this.#alone(async () => {
      const last = this.#shown?.said ? this.#shown : this.#history.at(-1);
      if (!last) return;
      const ids = last.screen.images.map(({ id }) => id);
      const { progress } = await ask("withdraw", { reviewer: this.reviewer, ids, held: [] });
      this.view.showProgress(progress);
      Object.assign(last, { said: last.before, before: "" });
      if (last === this.#shown) this.#show("Taken back.");
      else this.#return("Taken back.");
    });
  }

  #return(recorded) {
    if (this.#shown) this.#ahead.unshift(this.#shown);
    this.#shown = this.#history.pop();
    this.view.enable(this.#history.length > 0);
    this.#show(recorded);
  }

  #held() {
    return this.#ahead.flatMap(({ screen, said }) => (said ? [] : screen.images.map(({ id }) => id)));
  }

  /** Leave out what others have judged meanwhile. */
  #drop(gone) {
    if (!gone.length) return;
    const away = new Set(gone);
    for (const one of this.#ahead) {
      if (!one.said) one.screen = { ...one.screen, images: one.screen.images.filter(({ id }) => !away.has(id)) };
    }
    this.#ahead = this.#ahead.filter(({ screen }) => screen.images.length);
  }

  suggestion() {
    const label = this.#shown?.screen.images[0].suggested;
    if (label) this.judge("wrong", label);
  }

  right() {
    if (this.#shown?.screen.images[0].given) this.judge("right");
  }

  key(event) {
    if (event.altKey || event.metaKey) return;
    if (event.ctrlKey) {
      if (event.key.toLowerCase() !== "z") return;
      event.preventDefault();
      this.undo();
      return;
    }
    const onButton = document.activeElement?.tagName === "BUTTON";
    if (onButton && (event.key === "Enter" || event.key === " ")) return;
    const label = this.keys.keys.get(event.key);
    const act = label ? () => this.judge("wrong", label) : this.#actions[event.key];
    if (act) {
      event.preventDefault();
      if (!event.repeat) act();
    } else if (this.keys.mode === "type" && [...event.key].length === 1 && event.key !== " ") {
      byId("type").focus(); // where the letter goes
    }
  }

  #actions = {
    Enter: () => this.right(),
    " ": () => this.right(),
    ArrowUp: () => this.suggestion(),
    ArrowRight: () => this.judge("skip"),
    ArrowLeft: () => this.back(),
    "?": () => this.judge("unclear"),
    "-": () => this.judge("none of the classes"),
    "−": () => this.judge("none of the classes"),
  };
}

function asScreen(screen) {
  return { screen, chosen: new Set(screen.images.map(({ id }) => id)), said: "", before: "" };
}

function inWords(verdict, label, { given }) {
  if (verdict === "right" || label === given) return `${given} is right`;
  return { unclear: "cannot be told", "none of the classes": "not one of them" }[verdict] ?? `it is ${label}`;
}

async function start() {
  const session = new Session(await ask("review"));
  const on = (id, act) => byId(id).addEventListener("click", act);
  on("right", () => session.right());
  on("suggestion", () => session.suggestion());
  on("untold", () => session.judge("unclear"));
  on("none", () => session.judge("none of the classes"));
  on("skip", () => session.judge("skip"));
  on("back", () => session.back());
  on("undo", () => session.undo());
  document.addEventListener("keydown", (event) => session.key(event));
  addEventListener("pagehide", () => leave(session.reviewer));
  await session.start();
  document.documentElement.dataset.ready = "true";
}

start().catch((error) => {
  byId("trouble").textContent = error.message;
  byId("trouble").hidden = false;
});

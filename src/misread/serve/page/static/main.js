// Joins the drawing surface, photos and the view to the server.

import { LatestFirst, fetchModel } from "./client.js";
import { Teller } from "./keep.js";
import { Pad } from "./pad.js";
import { View } from "./view.js";
import { noPicture } from "./words.js";

const byId = (id) => document.getElementById(id);
const [sheet, photo, hint] = [byId("sheet"), byId("photo"), byId("hint")];

const PATIENCE = 250;
const PAUSE = 2000;

/** The server's model, asked for until it answers. */
async function modelOfServer() {
  for (;;) {
    try {
      return await fetchModel();
    } catch {
      byId("sure").textContent = "The server does not answer. Is it still running? Trying again.";
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

/** Says that it waits, where that takes longer than one notices. */
function waitingOf(says) {
  let timer = 0;
  return (busy) => {
    says.setAttribute("aria-busy", busy); // a screen reader waits until the pen rests
    clearTimeout(timer);
    if (busy) timer = setTimeout(() => says.classList.add("waiting"), PATIENCE);
    else says.classList.remove("waiting");
  };
}

async function start() {
  const model = await modelOfServer();
  const view = new View(model);
  const pad = new Pad(byId("pad"));
  const teller = new Teller(model);
  let lost = false;
  /** The server is back, perhaps with another model. */
  const backAgain = async () => {
    lost = false;
    if (JSON.stringify(await fetchModel()) !== JSON.stringify(model)) location.reload();
  };
  const show = (prediction, milliseconds) => {
    view.show(prediction, milliseconds);
    teller.answered(prediction.label);
    if (lost) backAgain().catch(() => {});
  };
  const questions = new LatestFirst((answer) => {
    lost ||= Boolean(answer.lost);
    if (answer.error) view.fail(answer.error);
    else show(answer.prediction, answer.milliseconds);
  }, waitingOf(byId("says")));

  const ask = (image) => {
    questions.ask(image);
    teller.about(image);
  };
  const refresh = () => {
    const blank = pad.empty && photo.hidden;
    hint.hidden = !blank;
    byId("undo").disabled = byId("clear").disabled = blank;
  };
  const drop = () => {
    if (photo.src) URL.revokeObjectURL(photo.src);
    photo.removeAttribute("src");
    photo.hidden = true;
  };

  pad.addEventListener("change", () => {
    if (!pad.empty) drop();
    refresh();
    if (pad.empty && photo.hidden) {
      ask(null);
      view.clear();
    } else if (!pad.empty) {
      ask(() => toPng(pad.forModel(model)));
    }
  });

  const clear = () => {
    drop();
    pad.clear();
  };
  const undo = () => (photo.hidden ? pad.undo() : clear());
  const take = (file) => {
    if (!file) return;
    clear();
    const refused = noPicture(file);
    if (refused) {
      view.fail(refused);
      return;
    }
    photo.src = URL.createObjectURL(file);
    photo.hidden = false;
    refresh();
    ask(() => file);
  };

  byId("undo").addEventListener("click", undo);
  byId("clear").addEventListener("click", clear);
  byId("choose").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", ({ target }) => {
    take(target.files[0]);
    target.value = "";
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") clear();
    else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") undo();
    else return;
    event.preventDefault();
  });
  photo.addEventListener("error", () => photo.classList.add("broken")); // a TIFF, or what the server will name
  photo.addEventListener("load", () => photo.classList.remove("broken"));
  document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
  acceptDrops((file) => (file ? take(file) : view.fail(noPicture({ name: "what was dropped", type: "text/plain" }))));
  document.documentElement.dataset.ready = "true";
}

function acceptDrops(take) {
  const over = (event) => {
    event.preventDefault();
    sheet.classList.toggle("over", event.type === "dragover");
  };
  for (const name of ["dragover", "dragleave", "drop"]) document.addEventListener(name, over);
  document.addEventListener("drop", (event) => take(event.dataTransfer.files[0]));
}

/** At once: toBlob waits for an idle moment, up to a second while one draws. */
function toPng(canvas) {
  const binary = atob(canvas.toDataURL("image/png").split(",")[1]);
  return new Blob([Uint8Array.from(binary, (character) => character.charCodeAt(0))], { type: "image/png" });
}

start();

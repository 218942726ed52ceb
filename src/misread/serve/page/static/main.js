// Joins the drawing surface, photos and the view to the server.

import { LatestFirst, fetchModel } from "./client.js";
import { byId, listen } from "./input.js";
import { Teller } from "./keep.js";
import { Pad } from "./pad.js";
import { View } from "./view.js";

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
  const photo = byId("photo");
  photo.addEventListener("error", () => photo.classList.add("broken")); // a TIFF, or what the server will name
  photo.addEventListener("load", () => photo.classList.remove("broken"));
  listen(pad, {
    drawn: () => ask(() => toPng(pad.forModel(model))),
    photo: (file) => ask(() => file),
    emptied: () => {
      ask(null);
      view.clear();
    },
    fail: (text) => view.fail(text),
  });
}

/** At once: toBlob waits for an idle moment, up to a second while one draws. */
function toPng(canvas) {
  const binary = atob(canvas.toDataURL("image/png").split(",")[1]);
  return new Blob([Uint8Array.from(binary, (character) => character.charCodeAt(0))], { type: "image/png" });
}

start();

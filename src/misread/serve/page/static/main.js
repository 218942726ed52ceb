// Joins the drawing surface, photos and the view to the server.

import { LatestFirst, fetchModel } from "./client.js";
import { Teller } from "./keep.js";
import { Pad } from "./pad.js";
import { View } from "./view.js";

const byId = (id) => document.getElementById(id);
const [sheet, photo, hint] = [byId("sheet"), byId("photo"), byId("hint")];

async function start() {
  const model = await fetchModel();
  const view = new View(model);
  const pad = new Pad(byId("pad"));
  const teller = new Teller(model);
  const show = (prediction, milliseconds) => {
    view.show(prediction, milliseconds);
    teller.answered(prediction.label);
  };
  const questions = new LatestFirst(
    ({ prediction, error, milliseconds }) => (error ? view.fail(error) : show(prediction, milliseconds)),
    (busy) => byId("says").setAttribute("aria-busy", busy), // a screen reader waits until the pen rests
  );

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
  document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
  acceptDrops(take);
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

start().catch(() => {
  byId("sure").textContent = "The server does not answer. Is it still running?";
});

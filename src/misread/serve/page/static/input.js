// What is to be read comes by pen, file, clipboard or a drop, and goes by keys and buttons: the same wherever the model is.

import { noPicture } from "./words.js";

export const byId = (id) => document.getElementById(id);

/**
 * @param {Pad} pad
 * @param {object} on
 * @param {function()} on.drawn there is something new on the pad
 * @param {function(File, HTMLImageElement)} on.photo it is shown
 * @param {function()} on.emptied nothing is left to read
 * @param {function(string)} on.fail says why a file is refused
 */
export function listen(pad, on) {
  const [sheet, photo, hint] = [byId("sheet"), byId("photo"), byId("hint")];
  const refresh = () => {
    const blank = pad.empty && photo.hidden;
    hint.hidden = !blank;
    byId("undo").disabled = byId("clear").disabled = blank;
    return blank;
  };
  const drop = () => {
    if (photo.src) URL.revokeObjectURL(photo.src);
    photo.removeAttribute("src");
    photo.hidden = true;
  };
  pad.addEventListener("change", () => {
    if (!pad.empty) drop();
    if (refresh()) on.emptied();
    else if (!pad.empty) on.drawn();
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
      on.fail(refused);
      return;
    }
    photo.src = URL.createObjectURL(file);
    photo.hidden = false;
    refresh();
    on.photo(file, photo);
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
  const over = (event) => {
    event.preventDefault();
    sheet.classList.toggle("over", event.type === "dragover");
  };
  for (const name of ["dragover", "dragleave", "drop"]) document.addEventListener(name, over);
  document.addEventListener("drop", (event) => {
    const file = event.dataTransfer.files[0];
    if (file) take(file);
    else on.fail(noPicture({ name: "what was dropped", type: "text/plain" }));
  });
  document.documentElement.dataset.ready = "true";
}

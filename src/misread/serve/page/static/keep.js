// On a server that keeps images: says so, and lets a person say what is on one.

const WHAT = { unsure: "images that it is not sure of", unlike: "images unlike all that it has learnt from", all: "all images" };

export class Teller {
  #image = null;

  /** @param {{keep: ?object, classes: string[], task: string}} model */
  constructor({ keep, classes, task }) {
    if (!keep) return;
    const note = document.createElement("p");
    note.id = "keeps";
    note.textContent = `This server keeps ${inWords(keep)}, to learn from.`;
    document.querySelector("footer").append(note);
    if (task !== "classification" && task !== "detector") return;
    this.#make(classes);
  }

  #make(classes) {
    this.box = document.createElement("div");
    this.box.className = "tell";
    const label = document.createElement("label");
    label.htmlFor = "truth";
    label.textContent = "It is in truth";
    this.choice = document.createElement("select");
    this.choice.id = "truth";
    this.choice.append(...classes.map((name) => new Option(name, name)));
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.id = "tell";
    this.button.textContent = "Keep it as that";
    this.said = document.createElement("p");
    this.said.className = "quiet";
    this.said.setAttribute("role", "status");
    this.box.append(label, this.choice, this.button, this.said);
    this.button.addEventListener("click", () => this.#tell());
    document.querySelector(".verdict").append(this.box);
    this.about(null);
  }

  /** @param {null | (() => Blob)} image what was asked about */
  about(image) {
    if (!this.box) return;
    this.#image = image;
    this.said.textContent = "";
    this.button.disabled = !image;
  }

  /** The answer is what is most likely meant. */
  answered(label) {
    if (this.box && label) this.choice.value = label;
  }

  async #tell() {
    const form = new FormData();
    form.append("images", this.#image(), "image");
    const label = this.choice.value;
    this.button.disabled = true;
    try {
      const response = await fetch(`/v1/label?label=${encodeURIComponent(label)}`, { method: "POST", body: form });
      const value = await response.json();
      this.said.textContent = response.ok ? `Kept as ${label}.` : value.detail;
      this.button.disabled = response.ok;
    } catch {
      this.said.textContent = "The server does not answer.";
      this.button.disabled = false;
    }
  }
}

export function inWords({ what, most }) {
  const share = what.startsWith("sample=") ? Number(what.slice(7)) : 0;
  const which = share ? `one in ${Math.round(1 / share).toLocaleString("en")} of all images` : WHAT[what];
  return `${which}, ${most.toLocaleString("en")} at most`;
}

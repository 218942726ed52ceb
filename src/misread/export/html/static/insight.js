// How it sees: of a linear model what speaks for the answer and against it, of a network what its first filters find.

const MOST = 32;

export class Insight {
  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} text
   * @param {Model} model
   */
  constructor(list, text, model) {
    Object.assign(this, { list, text, model });
    this.clear();
  }

  clear() {
    const { machine, told } = this.model;
    if (told.kind === "linear") {
      this.text.textContent = "Blue pixels speak for a class, red ones against it.";
      this.#planes((plane, i) => machine.weights[plane * this.model.size + i]);
      return;
    }
    this.text.textContent = "What each of its first filters looks for; draw, and see what it finds.";
    const { shape, packed, taps } = machine.layers[0];
    const side = Math.round(Math.sqrt(taps));
    this.#show(shape[0], side, side, (filter, i) => packed[Math.floor(filter / 4) * taps * 4 + i * 4 + (filter % 4)], true);
  }

  /** @param {Uint8Array} pixels what the model saw */
  show(pixels) {
    const { machine, told } = this.model;
    if (told.kind === "linear") {
      this.text.textContent = "Your ink: blue where it speaks for a class, red where against it.";
      this.#planes((plane, i) => machine.weights[plane * this.model.size + i] * pixels[i]);
      return;
    }
    this.text.textContent = "Where each of its first filters finds what it looks for.";
    const { planes, shape } = machine.seen(pixels);
    const size = shape[1] * shape[2];
    this.#show(shape[0], shape[1], shape[2], (filter, i) => planes[filter * size + i], false);
  }

  #planes(value) {
    const { height, width, machine } = this.model;
    this.#show(machine.biases.length, height, width, value, true);
  }

  #show(count, height, width, value, signed) {
    const { told } = this.model;
    const shown = Array.from({ length: Math.min(count, MOST) }, (_, plane) => {
      const values = Array.from({ length: height * width }, (_, i) => value(plane, i));
      const name = told.kind === "linear" ? told.planes[plane] : `${plane + 1}`;
      return picture(values, height, width, signed, name);
    });
    this.list.replaceChildren(...shown);
  }
}

function picture(values, height, width, signed, name) {
  const item = document.createElement("li");
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", name);
  const image = new ImageData(width, height);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  values.forEach((value, i) => {
    const share = Math.round((255 * Math.abs(value)) / largest);
    const colour = !signed ? [share, share, share, 255] : value > 0 ? [31, 95, 191, share] : [165, 40, 27, share];
    image.data.set(colour, 4 * i);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
  const caption = document.createElement("span");
  caption.textContent = name;
  item.append(canvas, caption);
  return item;
}

// Names of classes that are typed: the beginning of one, then Enter.

import { matching } from "./keys.js";
import { element } from "./view.js";

const MOST = 8;

export class Typing {
  #matches = [];
  #at = 0;

  /**
   * @param {HTMLInputElement} input
   * @param {HTMLElement} list
   * @param {string[]} classes
   * @param {(label: string) => void} choose
   */
  constructor(input, list, classes, choose) {
    Object.assign(this, { input, list, classes, choose, shares: new Map() });
    input.addEventListener("input", () => this.#look());
    input.addEventListener("keydown", (event) => this.#key(event));
  }

  get empty() {
    return this.input.value.trim() === "";
  }

  clear(says = []) {
    this.shares = new Map(says.map(({ name, share }) => [name, share]));
    this.input.value = "";
    this.#look();
  }

  #look() {
    this.#matches = matching(this.input.value, this.classes, this.shares).slice(0, MOST);
    this.#at = 0;
    this.#draw();
  }

  #draw() {
    this.list.hidden = !this.#matches.length;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.list.replaceChildren(
      ...this.#matches.map((name, i) => {
        const item = element("li", name);
        item.id = `match-${i}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", String(i === this.#at));
        item.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          this.choose(name);
        });
        return item;
      }),
    );
    if (this.list.hidden) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", `match-${this.#at}`);
  }

  #key(event) {
    if (event.key === "Escape") {
      this.clear();
      this.input.blur();
    } else if (this.empty) {
      return;
    } else if (event.key === "Enter") {
      if (this.#matches.length) this.choose(this.#matches[this.#at]);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.#at = (this.#at + step + this.#matches.length) % (this.#matches.length || 1);
      this.#draw();
    } else {
      event.stopPropagation(); // letters, and the arrows that move within them
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

// Elements: made, found, and called when something changes.

import { report } from "./report.js";

export const byId = (id) => document.getElementById(id);

/** Build an element; children are nodes or text, never markup. */
export const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

export const makeSvg = (tag, attributes = {}, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

/** A class name as text: shortened, and isolated from the direction of what stands around it. */
export const nameOf = (code) => {
  const name = report.names[code];
  return `\u2068${name.length > 40 ? `${name.slice(0, 39)}…` : name}\u2069`;
};

/** A class name as an element. */
export const nameTag = (code) => {
  const name = report.names[code];
  const tag = make("bdi", { class: "name" }, name);
  if (name.length > 16) tag.title = name;
  return tag;
};

/** Call `draw` at most once a frame, however often it is asked for. */
export const framed = (draw) => {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
};

/** Radio buttons of a switch: call `chosen` with the value of the one that is on, now and when it changes. */
export const onSwitch = (fieldset, chosen) => {
  fieldset.addEventListener("change", (event) => chosen(event.target.value));
  const on = fieldset.querySelector("input:checked");
  if (on) chosen(on.value);
};

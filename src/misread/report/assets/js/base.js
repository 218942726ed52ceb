// The namespace that every file here adds to, the data of the page, and the few helpers that all of them need.
"use strict";
const misread = { data: JSON.parse(document.getElementById("data").textContent) };

{
  const TYPES = {
    uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array, float64: Float64Array,
  };

  /** A packed array of the page as a typed array. */
  misread.unpack = (packed) => {
    const text = atob(packed.data);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return new TYPES[packed.dtype](bytes.buffer);
  };

  misread.byId = (id) => document.getElementById(id);

  /** Build an element; children are nodes or text, never markup. */
  misread.make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  misread.makeSvg = (tag, attributes = {}, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  /** A class name as text: shortened, and isolated from the direction of what stands around it. */
  misread.nameOf = (code) => {
    const name = misread.data.names[code];
    return `\u2068${name.length > 40 ? `${name.slice(0, 39)}…` : name}\u2069`;
  };

  /** A class name as an element. */
  misread.nameTag = (code) => {
    const name = misread.data.names[code];
    const tag = misread.make("bdi", { class: "name" }, name);
    if (name.length > 16) tag.title = name;
    return tag;
  };

  misread.count = (n) => n.toLocaleString("en-US");
  misread.percent = (share, digits = 1) => `${(100 * share).toFixed(digits)}%`;
  misread.range = ([low, high], digits = 1) => `${misread.percent(low, digits)} – ${misread.percent(high, digits)}`;

  /** A score for people: at most six figures. */
  misread.score = (value) => {
    const size = Math.abs(value);
    if (size >= 1e6) return `${(value / 1e6).toPrecision(3)}M`.replace("-", "−");
    if (size >= 1000) return Math.round(value).toLocaleString("en-US").replace("-", "−");
    return String(Number(value.toPrecision(3))).replace("-", "−");
  };

  /** "90" in a field of percent as 0.9, the same double that Python writes; NaN when it is no share. */
  misread.wantedShare = (field) => {
    const share = Number((Number(field.value) / 100).toPrecision(12));
    return field.value !== "" && share > 0 && share <= 1 ? share : NaN;
  };

  /** Call `draw` at most once a frame, however often it is asked for. */
  misread.framed = (draw) => {
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
  misread.onSwitch = (fieldset, chosen) => {
    fieldset.addEventListener("change", (event) => chosen(event.target.value));
    const on = fieldset.querySelector("input:checked");
    if (on) chosen(on.value);
  };
}

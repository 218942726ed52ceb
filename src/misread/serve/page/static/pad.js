// A drawing surface: strokes with mouse, touch, pen or keys, kept as points so that they can be drawn at any size.

const BRUSH = 0.075; // of the sheet's side, on screen
const MODEL_BRUSH = 0.095; // of the frame's side, for the model
const LARGEST_ZOOM = 4; // a dot stays a dot
const THINNEST = 1 / 4; // of the size of things, where they are small
const LEAST_SIZE = 3; // lines' thicknesses, so that what is drawn keeps its form
const STEP = 1 / 40; // of the sheet's side, for one press of an arrow key
const RENDER = 8; // pixels drawn per pixel of the model, so that its resizing is smooth

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Pad extends EventTarget {
  /** @param {HTMLCanvasElement} canvas square; sized by the page's style */
  constructor(canvas) {
    super();
    this.canvas = canvas;
    this.strokes = []; // each a list of [x, y], from 0 to 1
    this.pointer = null; // the one finger, pen or mouse that draws
    this.pen = { x: 0.5, y: 0.3, down: false }; // the keyboard's
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.#end(event));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => this.#draw());
    canvas.addEventListener("blur", () => { this.pen.down = false; this.#draw(); });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    new ResizeObserver(() => this.#resize()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  get empty() {
    return this.strokes.length === 0;
  }

  undo() {
    this.#lift();
    this.strokes.pop();
    this.#changed();
  }

  clear() {
    this.#lift();
    this.strokes = [];
    Object.assign(this.pen, { x: 0.5, y: 0.3 });
    this.#changed();
  }

  /**
   * Draw the strokes as the training images are drawn: wherever and however large they are on the sheet, they come
   * out centred, as large as the model is used to, and with its thickness of line.
   * @returns {HTMLCanvasElement}
   */
  forModel({ image_size: [height, width], drawing }) {
    const target = document.createElement("canvas");
    target.width = width * RENDER;
    target.height = height * RENDER;
    const side = Math.min(target.width, target.height);
    const line = Math.max(Math.min(MODEL_BRUSH, THINNEST * drawing.fill) * side, RENDER / 2);
    const size = Math.max(drawing.fill * side, LEAST_SIZE * line);
    const context = target.getContext("2d");
    context.fillStyle = drawing.ink === "light" ? "#000" : "#fff";
    context.fillRect(0, 0, target.width, target.height);

    const xs = this.strokes.flat().map(([x]) => x);
    const ys = this.strokes.flat().map(([, y]) => y);
    const [left, right, top, bottom] = [xs.reduce(least), xs.reduce(most), ys.reduce(least), ys.reduce(most)];
    const extent = Math.max(right - left, bottom - top);
    const zoom = Math.min((size - line) / extent, LARGEST_ZOOM * side);
    context.translate(target.width / 2, target.height / 2);
    context.strokeStyle = drawing.ink === "light" ? "#fff" : "#000";
    const place = ([x, y]) => [(x - (left + right) / 2) * zoom, (y - (top + bottom) / 2) * zoom];
    for (const stroke of this.strokes) trace(context, stroke.map(place), line);
    return target;
  }

  #point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  #begin(event) {
    if (this.pointer !== null || event.button !== 0) return;
    this.#lift();
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.strokes.push([this.#point(event)]);
    this.#changed();
  }

  #move(event) {
    if (event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) this.strokes.at(-1).push(this.#point(one));
    this.#changed();
  }

  #end(event) {
    if (event.pointerId === this.pointer) this.pointer = null;
  }

  /** End the stroke that is being drawn: what moves on does not draw on, nor on the stroke before. */
  #lift() {
    this.pointer = null;
    this.pen.down = false;
  }

  #key(event) {
    const arrow = ARROWS[event.key];
    if (!arrow && event.key !== " ") return;
    event.preventDefault();
    if (this.pointer !== null || (!arrow && event.repeat)) return;
    if (arrow) {
      this.pen.x = clamp(this.pen.x + arrow[0] * STEP);
      this.pen.y = clamp(this.pen.y + arrow[1] * STEP);
      if (this.pen.down) this.strokes.at(-1).push([this.pen.x, this.pen.y]);
    } else {
      this.pen.down = !this.pen.down;
      if (this.pen.down) this.strokes.push([[this.pen.x, this.pen.y]]);
    }
    this.#changed();
  }

  #changed() {
    this.#draw();
    this.dispatchEvent(new Event("change"));
  }

  #resize() {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (side && side !== this.canvas.width) this.canvas.width = this.canvas.height = side;
    this.#draw();
  }

  #draw() {
    const side = this.canvas.width;
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, side, side);
    context.strokeStyle = getComputedStyle(this.canvas).color;
    for (const stroke of this.strokes) trace(context, stroke.map(([x, y]) => [x * side, y * side]), BRUSH * side);
    if (this.canvas.matches(":focus-visible")) this.#drawPen(context, side);
  }

  #drawPen(context, side) {
    context.beginPath();
    context.arc(this.pen.x * side, this.pen.y * side, (BRUSH * side) / 2, 0, 2 * Math.PI);
    context.lineWidth = side / 150;
    context.strokeStyle = getComputedStyle(this.canvas).outlineColor;
    context.stroke();
  }
}

/** One smooth line through points: a curve from middle to middle, bent at each point. */
function trace(context, points, width) {
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(...points[0]);
  for (let i = 1; i < points.length - 1; i++) {
    const [[x, y], [nextX, nextY]] = [points[i], points[i + 1]];
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  }
  context.lineTo(...points.at(-1));
  context.stroke();
}

const least = (a, b) => Math.min(a, b);
const most = (a, b) => Math.max(a, b);
const clamp = (value) => Math.min(Math.max(value, 0), 1);

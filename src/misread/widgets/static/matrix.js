// The confusion matrix of a notebook: a cell that is pressed goes to Python, which sends its images.

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "misread-widget";
  const buttons = new Map();
  const opened = document.createElement("div");
  opened.setAttribute("role", "status");
  root.append(scrolling(table(model, buttons)), opened);
  el.append(root);

  const show = () => {
    const cell = model.get("cell");
    for (const [key, button] of buttons) button.setAttribute("aria-pressed", String(cell !== null && key === keyOf(cell)));
    opened.replaceChildren(...contents(model.get("_opened")));
  };
  const events = "change:cell change:_opened";
  model.on(events, show);
  show();
  return () => model.off(events, show);
}

function table(model, buttons) {
  const names = model.get("_names");
  const counts = model.get("_counts");
  const most = Math.max(1, ...counts.flatMap((row, i) => row.filter((_, j) => i !== j)));
  const element = document.createElement("table");
  const caption = element.createCaption();
  caption.textContent = "Rows are true classes, columns answers. Open a cell.";
  const head = element.createTHead().insertRow();
  head.append(header("", "col"), ...names.map((name) => header(name, "col")));
  const body = element.createTBody();
  names.forEach((given, i) => {
    const row = body.insertRow();
    row.append(header(given, "row"));
    names.forEach((answer, j) => {
      const place = row.insertCell();
      const count = counts[i][j];
      if (!count) return;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = count.toLocaleString("en");
      button.className = i === j ? "right" : "wrong";
      button.style.setProperty("--share", `${Math.round((80 * count) / most)}%`);
      button.setAttribute("aria-label", `${count} of ${given} answered as ${answer}`);
      button.addEventListener("click", () => {
        const pressed = button.getAttribute("aria-pressed") === "true";
        model.set("cell", pressed ? null : [given, answer]);
        model.save_changes();
      });
      buttons.set(keyOf([given, answer]), button);
      place.append(button);
    });
  });
  return element;
}

function contents({ cell, count, names, pictures }) {
  if (!cell) return [];
  const [given, answer] = cell;
  const sentence = document.createElement("p");
  const shown = names.length < count ? `; the first ${names.length} are shown` : "";
  sentence.textContent = `${count.toLocaleString("en")} images of ${given} answered as ${answer}${shown}.`;
  const images = document.createElement("div");
  images.className = "images";
  names.forEach((name, i) => {
    const figure = document.createElement("figure");
    if (pictures[i]) figure.innerHTML = pictures[i]; // an <img> of our own making; names are set as text
    const caption = document.createElement("figcaption");
    caption.textContent = name;
    figure.append(caption);
    images.append(figure);
  });
  return [sentence, images];
}

function header(text, scope) {
  const element = document.createElement("th");
  element.scope = scope;
  element.textContent = text;
  return element;
}

function scrolling(child) {
  const element = document.createElement("div");
  element.className = "scroll";
  element.append(child);
  return element;
}

function keyOf(cell) {
  return JSON.stringify(cell);
}

export default { render };

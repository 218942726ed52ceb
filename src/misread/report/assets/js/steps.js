// Levels of tables as colour.

/** Colour an element by a level from 0 to 1. */
export const paintLevel = (element, level) => {
  element.style.setProperty("--level", `${(100 * Math.max(0, Math.min(1, level)) ** 0.75).toFixed(1)}%`);
};

export const startTables = () => {
  for (const cell of document.querySelectorAll("[data-level]")) paintLevel(cell, 0.1 + 0.9 * Number(cell.dataset.level));
  for (const cell of document.querySelectorAll("[data-signed]")) {
    const level = Number(cell.dataset.signed);
    cell.classList.add(level > 0 ? "for" : "against");
    paintLevel(cell, Math.abs(level));
  }
};

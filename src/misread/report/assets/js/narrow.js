// Where there is little room: wide tables become lists, and what scrolls sideways says so.

import { framed } from "./dom.js";

const COLUMNS_THAT_FIT = 3;
const ROLES = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell" };

/** Each cell learns its heading, which the style sheet shows beside it on a narrow screen; roles stay what they were. */
const stack = (table) => {
  const heads = Array.from(table.tHead.rows[0].cells, (cell) => cell.firstChild?.textContent.trim() ?? "");
  if (heads.length <= COLUMNS_THAT_FIT) return;
  table.classList.add("stack-rows");
  for (const element of [table, ...table.querySelectorAll("thead, tbody, tr, td")]) element.setAttribute("role", ROLES[element.tagName]);
  for (const head of table.querySelectorAll("th")) head.setAttribute("role", head.scope === "row" ? "rowheader" : "columnheader");
  for (const row of table.tBodies[0].rows) {
    let column = 0;
    for (const cell of row.cells) {
      cell.dataset.head = cell.colSpan > 1 ? "" : heads[column];
      column += cell.colSpan;
    }
  }
};

/** The edge fades as long as there is more behind it. */
const fadeAtEdge = (box) => {
  const look = framed(() => box.classList.toggle("more", box.scrollWidth - box.clientWidth - box.scrollLeft > 2));
  box.addEventListener("scroll", look, { passive: true });
  new ResizeObserver(look).observe(box);
};

export const startNarrow = () => {
  for (const table of document.querySelectorAll("table.plain:not(.numbers)")) stack(table);
  for (const box of document.querySelectorAll(".scroll, .top nav")) fadeAtEdge(box);
};

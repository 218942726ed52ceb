// What was judged, as the lines of a corrections.csv: the format of misread.data.corrections, safe in a spreadsheet.

const COLUMNS = ["hash", "name", "given", "label", "verdict", "when", "by"];

const FORMULA = String.raw`(?=[\s"'\0\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20])(?![+-](?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?:$|[,;|\t\r\n]))`;
const BARE = new RegExp(`(^|[,;|\\t\\r\\n])${FORMULA}`, "g");

/** An apostrophe before whatever a spreadsheet would compute: the same as misread.spreadsheet.inert. */
export const inert = (text) => text.replace(BARE, "$1'");

const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** One line for each judgement: {hash, name, given, label, verdict, when, by}. */
export const correctionsCsv = (rows) =>
  [COLUMNS, ...rows.map((row) => COLUMNS.map((name) => inert(row[name] ?? "")))].map((cells) => `${cells.map(cell).join(",")}\n`).join("");

/** Hand the person a file. */
export const download = (text, name) => {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
};

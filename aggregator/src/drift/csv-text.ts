type Cell = string | number | boolean | null | undefined;

/** Characters by which spreadsheets take a text for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** Rows as RFC 4180 text, the header first. Texts that a spreadsheet would compute are quoted by an apostrophe. */
export function csvText(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [header, ...rows].map((row) => `${row.map(cellText).join(",")}\r\n`).join("");
}

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell !== "string") return String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

import { printable } from "./text.js";

export interface TableColumn<Row> {
  readonly title: string;
  readonly isNumber?: boolean;
  readonly cell: (row: Row) => string;
}

/** Rows in aligned columns: words to the left, numbers to the right, two spaces between. */
export function formatTable<Row>(columns: readonly TableColumn<Row>[], rows: readonly Row[]): string {
  const body = rows.map((row) => columns.map((column) => printable(column.cell(row))));
  const header = columns.map((column) => column.title);
  const widths = columns.map((_column, index) =>
    Math.max(...[header, ...body].map((cells) => [...(cells[index] ?? "")].length)),
  );
  const lines = [header, ...body].map((cells) =>
    cells
      .map((text, index) => pad(text, widths[index] ?? 0, columns[index]?.isNumber === true))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

/** One `name  value` line per entry, values aligned. */
export function formatFields(fields: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(0, ...fields.map(([name]) => name.length));
  return `${fields.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`.trimEnd()).join("\n")}\n`;
}

function pad(text: string, width: number, isNumber: boolean): string {
  const blanks = " ".repeat(Math.max(0, width - [...text].length));
  return isNumber ? blanks + text : text + blanks;
}

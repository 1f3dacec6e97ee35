/** A place among the keys. */
export interface Position {
  readonly row: number;
  readonly column: number;
}

/** The width of every key by row, in any unit that all rows share. */
export type Widths = readonly (readonly number[])[];

/**
 * Where an arrow key, Home or End leads from `from`; null for any other key.
 *
 * Up and down lead to the key under the middle of this one; at an edge it stays.
 */
export function moveOf(widths: Widths, from: Position, key: string): Position | null {
  const last = (widths[from.row]?.length ?? 1) - 1;
  switch (key) {
    case "ArrowLeft":
      return { ...from, column: Math.max(0, from.column - 1) };
    case "ArrowRight":
      return { ...from, column: Math.min(last, from.column + 1) };
    case "Home":
      return { ...from, column: 0 };
    case "End":
      return { ...from, column: last };
    case "ArrowUp":
      return toRow(widths, from, from.row - 1);
    case "ArrowDown":
      return toRow(widths, from, from.row + 1);
    default:
      return null;
  }
}

function toRow(widths: Widths, from: Position, row: number): Position {
  const [here, there] = [widths[from.row], widths[row]];
  if (here === undefined || there === undefined) return from;
  const middle = middlesOf(here)[from.column] ?? 0;
  const distances = middlesOf(there).map((other) => Math.abs(other - middle));
  return { row, column: distances.indexOf(Math.min(...distances)) };
}

/** Middles of the keys of a row, measured from the middle of the row: rows are centred. */
function middlesOf(row: readonly number[]): number[] {
  const total = row.reduce((sum, width) => sum + width, 0);
  let left = -total / 2;
  return row.map((width) => {
    left += width;
    return left - width / 2;
  });
}

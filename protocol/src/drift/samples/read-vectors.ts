import type { Untestable } from "../result.js";
import type { SamplePair } from "./sample.js";

/** Vectors of one width; a row with a number that is not finite, and `null`, is missing. */
export function readVectors(
  reference: ArrayLike<unknown>,
  current: ArrayLike<unknown>,
): SamplePair | Untestable {
  const width = widthOf(reference) ?? widthOf(current) ?? 0;
  if (width === 0) return { reason: "vectors without a component" };
  const [first, second] = [rowsOf(reference, width), rowsOf(current, width)];
  if (first === undefined || second === undefined) return { reason: "vectors of different lengths" };
  const numMissing = reference.length + current.length - (first.length + second.length) / width;
  return { kind: "vectors", width, reference: first, current: second, numMissing };
}

/** Of the first row that is there. */
function widthOf(rows: ArrayLike<unknown>): number | undefined {
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index];
    if (row !== null && row !== undefined) return (row as ArrayLike<number>).length;
  }
  return undefined;
}

function rowsOf(rows: ArrayLike<unknown>, width: number): Float64Array | undefined {
  const values = new Float64Array(rows.length * width);
  let at = 0;
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index] as ArrayLike<number> | null | undefined;
    if (row === null || row === undefined) continue;
    if (row.length !== width) return undefined;
    let isFinite = true;
    for (let column = 0; column < width; column += 1) {
      const value = row[column];
      if (typeof value !== "number" || !Number.isFinite(value)) isFinite = false;
      else values[at + column] = value;
    }
    if (isFinite) at += width;
  }
  return values.slice(0, at);
}

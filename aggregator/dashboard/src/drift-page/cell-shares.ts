import type { FeatureData } from "../data/api-types.js";

/** What a cell has of all; each side adds up to 1, or is 0 throughout without rows. */
export interface CellShare {
  readonly name: string;
  readonly reference: number;
  readonly rows: number;
  readonly devices: number;
}

export function cellShares(cells: FeatureData["cells"]): CellShare[] {
  const total = (side: "reference" | "rows" | "devices"): number =>
    cells.reduce((sum, cell) => sum + cell[side], 0) || 1;
  const totals = { reference: total("reference"), rows: total("rows"), devices: total("devices") };
  return cells.map(({ name, reference, rows, devices }) => ({
    name: shortCellName(name),
    reference: reference / totals.reference,
    rows: rows / totals.rows,
    devices: devices / totals.devices,
  }));
}

/** The name of a cell with numbers that one can read: `[-6, -1.6448536269514646)` is `[-6, -1.64)`. */
export function shortCellName(name: string): string {
  return name.startsWith("[")
    ? name.replaceAll(/-?\d+(\.\d+)?(e[+-]?\d+)?/g, (text) => String(Number(Number(text).toPrecision(3))))
    : name;
}

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
    name,
    reference: reference / totals.reference,
    rows: rows / totals.rows,
    devices: devices / totals.devices,
  }));
}

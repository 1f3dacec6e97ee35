/** A p-value behind its letter: `= 0.031`. What no float64 can tell from nothing is not nothing. */
export function probabilityText(value: number): string {
  return value === 0 ? "< 1e-300" : `= ${value.toPrecision(2)}`;
}

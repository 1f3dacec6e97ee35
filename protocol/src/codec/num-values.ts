/** Values of a tensor of that shape; 1 for a scalar's, `[]`. */
export function numValues(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

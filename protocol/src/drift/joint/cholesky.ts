/**
 * The lower triangle L, row after row in a full square, with L Lᵀ equal to a symmetric matrix of so many rows; null when the
 * matrix is not positive definite. Only its lower triangle is read.
 */
export function cholesky(matrix: Float64Array, size: number): Float64Array | null {
  const lower = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column <= row; column += 1) {
      let sum = matrix[row * size + column] as number;
      for (let at = 0; at < column; at += 1)
        sum -= (lower[row * size + at] as number) * (lower[column * size + at] as number);
      if (column < row) lower[row * size + column] = sum / (lower[column * size + column] as number);
      else if (sum > 0) lower[row * size + row] = Math.sqrt(sum);
      else return null;
    }
  return lower;
}

/** The x with L Lᵀ x = right, for the triangle that `cholesky` gives. */
export function solveCholesky(lower: Float64Array, right: Float64Array): Float64Array {
  const size = right.length;
  const x = right.slice();
  for (let row = 0; row < size; row += 1) {
    let sum = x[row] as number;
    for (let at = 0; at < row; at += 1) sum -= (lower[row * size + at] as number) * (x[at] as number);
    x[row] = sum / (lower[row * size + row] as number);
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    let sum = x[row] as number;
    for (let at = row + 1; at < size; at += 1) sum -= (lower[at * size + row] as number) * (x[at] as number);
    x[row] = sum / (lower[row * size + row] as number);
  }
  return x;
}

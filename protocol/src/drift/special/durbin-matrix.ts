const RESCALE = 2 ** 128;

interface Scaled {
  readonly values: Float64Array;
  /** The matrix is `values` times 2^exponent. */
  readonly exponent: number;
}

/**
 * P(D_n < d) as an entry of the n-th power of a small matrix, scaled so that nothing overflows. Cost grows with
 * (n d)^3 log n.
 *
 * Source: J. Durbin 1968; G. Marsaglia, W. W. Tsang, J. Wang, Journal of Statistical Software 8(18), 2003.
 */
export function durbinCdf(n: number, d: number): number {
  const k = Math.ceil(n * d);
  const size = 2 * k - 1;
  const power = matrixPower({ values: durbinMatrix(k, k - n * d), exponent: 0 }, size, n);
  let value = power.values[(k - 1) * size + (k - 1)] as number;
  let exponent = power.exponent;
  for (let index = 1; index <= n; index += 1) {
    value = (value * index) / n;
    if (value < 1 / RESCALE) {
      value *= RESCALE;
      exponent -= 128;
    }
  }
  return value * 2 ** exponent;
}

function durbinMatrix(k: number, h: number): Float64Array {
  const size = 2 * k - 1;
  const matrix = new Float64Array(size * size);
  const inverseFactorial = new Float64Array(size + 2).fill(1);
  for (let index = 1; index <= size + 1; index += 1) {
    inverseFactorial[index] = (inverseFactorial[index - 1] as number) / index;
  }
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size && column <= row + 1; column += 1) {
      let value = 1;
      if (column === 0) value -= h ** (row + 1);
      if (row === size - 1) value -= h ** (size - column);
      if (row === size - 1 && column === 0) value += Math.max(2 * h - 1, 0) ** size;
      matrix[row * size + column] = value * (inverseFactorial[row - column + 1] as number);
    }
  }
  return matrix;
}

function matrixPower(base: Scaled, size: number, n: number): Scaled {
  let result: Scaled | undefined;
  let square = base;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = result === undefined ? square : multiply(result, square, size);
    if (rest > 1) square = multiply(square, square, size);
  }
  return result ?? base;
}

function multiply(a: Scaled, b: Scaled, size: number): Scaled {
  const values = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    for (let inner = 0; inner < size; inner += 1) {
      const factor = a.values[row * size + inner] as number;
      if (factor === 0) continue;
      for (let column = 0; column < size; column += 1) {
        const at = row * size + column;
        values[at] = (values[at] as number) + factor * (b.values[inner * size + column] as number);
      }
    }
  }
  const exponent = a.exponent + b.exponent;
  const middle = ((size - 1) / 2) * (size + 1);
  if ((values[middle] as number) <= RESCALE) return { values, exponent };
  return { values: values.map((value) => value / RESCALE), exponent: exponent + 128 };
}

/** The factor that cuts a double's 53 bits into halves (Veltkamp). */
const HALVES = 2 ** 27 + 1;

/**
 * a b - c d, rounded once however much of the products cancels: also of whole numbers whose products are no whole doubles.
 *
 * Source: T. J. Dekker, Numerische Mathematik 18, 1971.
 */
export function differenceOfProducts(a: number, b: number, c: number, d: number): number {
  const [first, second] = [a * b, c * d];
  if (Math.abs(first) + Math.abs(second) <= Number.MAX_SAFE_INTEGER) return first - second;
  return first - second + (lostOf(a, b, first) - lostOf(c, d, second));
}

/** What rounding took from a product. */
function lostOf(a: number, b: number, product: number): number {
  const [highA, highB] = [highHalf(a), highHalf(b)];
  const [lowA, lowB] = [a - highA, b - highB];
  return highA * highB - product + highA * lowB + lowA * highB + lowA * lowB;
}

function highHalf(value: number): number {
  const scaled = HALVES * value;
  return scaled - (scaled - value);
}

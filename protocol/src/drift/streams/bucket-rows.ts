import type { SavedState } from "./saved-state.js";

/** Row r holds buckets of 2^r values: enough for any stream. */
const MOST_ROWS = 48;

/**
 * The exponential histogram of ADWIN: at most `maxBuckets` buckets of each size 1, 2, 4 …, the oldest ones the largest, each with the sum of
 * its values and of their squared deviations. Allocates nothing after it is made.
 */
export class BucketRows {
  private readonly stride: number;
  private readonly sums: Float64Array;
  private readonly squares: Float64Array;
  private readonly sizes = new Uint8Array(MOST_ROWS);
  numRows = 1;
  /** Values in all buckets, their sum, and the sum of their squared deviations from their mean. */
  width = 0;
  total = 0;
  spread = 0;

  constructor(private readonly maxBuckets: number) {
    this.stride = maxBuckets + 1;
    this.sums = new Float64Array(MOST_ROWS * this.stride);
    this.squares = new Float64Array(MOST_ROWS * this.stride);
  }

  /** Buckets in a row. */
  size(row: number): number {
    return this.sizes[row] as number;
  }

  sum(row: number, bucket: number): number {
    return this.sums[row * this.stride + bucket] as number;
  }

  squareOf(row: number, bucket: number): number {
    return this.squares[row * this.stride + bucket] as number;
  }

  add(value: number): void {
    if (this.width > 0)
      this.spread += (this.width * (value - this.total / this.width) ** 2) / (this.width + 1);
    this.width += 1;
    this.total += value;
    this.append(0, value, 0);
    this.merge();
  }

  /** Takes the oldest bucket away. */
  dropOldest(): void {
    const row = this.numRows - 1;
    const count = 2 ** row;
    const sum = this.sum(row, 0);
    this.width -= count;
    this.total -= sum;
    const gap = sum / count - this.total / this.width;
    const lost = this.squareOf(row, 0) + (count * this.width * gap * gap) / (count + this.width);
    // Rounding may leave less than nothing of a window that hardly varies.
    this.spread = Math.max(0, this.spread - lost);
    this.shift(row, 1);
    if (this.size(row) === 0 && row > 0) this.numRows -= 1;
  }

  clear(): void {
    this.sizes.fill(0);
    this.numRows = 1;
    this.width = 0;
    this.total = 0;
    this.spread = 0;
  }

  private append(row: number, sum: number, square: number): void {
    const at = row * this.stride + this.size(row);
    this.sums[at] = sum;
    this.squares[at] = square;
    this.sizes[row] = this.size(row) + 1;
  }

  /** Where a row is full its two oldest buckets become one of the next row. */
  private merge(): void {
    for (let row = 0; row < MOST_ROWS - 1 && this.size(row) > this.maxBuckets; row += 1) {
      const count = 2 ** row;
      const [first, second] = [this.sum(row, 0), this.sum(row, 1)];
      const gap = first / count - second / count;
      const square = this.squareOf(row, 0) + this.squareOf(row, 1) + (count * gap * gap) / 2;
      this.append(row + 1, first + second, square);
      this.numRows = Math.max(this.numRows, row + 2);
      this.shift(row, 2);
    }
  }

  private shift(row: number, count: number): void {
    const from = row * this.stride;
    this.sums.copyWithin(from, from + count, from + this.stride);
    this.squares.copyWithin(from, from + count, from + this.stride);
    this.sizes[row] = this.size(row) - count;
  }

  /** Appends all that `restore` reads. */
  save(numbers: number[]): void {
    numbers.push(this.numRows, this.width, this.total, this.spread);
    for (let row = 0; row < this.numRows; row += 1) {
      numbers.push(this.size(row));
      for (let bucket = 0; bucket < this.size(row); bucket += 1) {
        numbers.push(this.sum(row, bucket), this.squareOf(row, bucket));
      }
    }
  }

  restore(saved: SavedState): void {
    this.clear();
    this.numRows = saved.whole(1, MOST_ROWS);
    this.width = saved.whole(0, Number.MAX_SAFE_INTEGER);
    this.total = saved.number();
    this.spread = saved.number(0);
    for (let row = 0; row < this.numRows; row += 1) {
      const size = saved.whole(0, this.maxBuckets);
      for (let bucket = 0; bucket < size; bucket += 1) this.append(row, saved.number(), saved.number(0));
    }
  }
}

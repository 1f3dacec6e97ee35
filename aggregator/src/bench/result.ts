/** One line of what a benchmark measured. */
export interface BenchResult {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What `ratio` compares with, measured in the same run. */
  readonly versus?: string;
  readonly ratio?: number;
  /** What the project promises for `ratio`, or for `value` where there is none. */
  readonly bar?: number;
  readonly pass?: boolean;
}

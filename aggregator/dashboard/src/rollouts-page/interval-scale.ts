/** What a gate compares, in the metric's own unit. */
export interface Comparison {
  readonly value: number | null;
  readonly control: number | null;
  /** Of value minus control. */
  readonly interval: readonly [number, number] | null;
  /** The value that would fail. */
  readonly limit: number | null;
}

/** Places in [0, 1] from left to right; null for what is not known. */
export interface IntervalPlaces {
  readonly dot: number;
  readonly whisker: readonly [number, number] | null;
  /** Where there is no difference. */
  readonly zero: number | null;
  readonly limit: number | null;
}

/** Room at either side, so that no mark stands on the edge. */
const MARGIN = 0.06;

/**
 * Where to draw a comparison: of the difference where there is a control cohort, of the value itself where there is none.
 * Null without a value.
 */
export function intervalPlaces({ value, control, interval, limit }: Comparison): IntervalPlaces | null {
  if (value === null) return null;
  const origin = control ?? 0;
  const dot = value - origin;
  const limitAt = limit === null ? null : limit - origin;
  const marks = [
    dot,
    ...(interval ?? []),
    ...(limitAt === null ? [] : [limitAt]),
    ...(control === null ? [] : [0]),
  ];
  const least = Math.min(...marks);
  const span = Math.max(...marks) - least;
  const place = (mark: number): number =>
    span === 0 ? 0.5 : MARGIN + (1 - 2 * MARGIN) * ((mark - least) / span);
  return {
    dot: place(dot),
    whisker: interval === null ? null : [place(interval[0]), place(interval[1])],
    zero: control === null ? null : place(0),
    limit: limitAt === null ? null : place(limitAt),
  };
}

/** A bar, or the line from one loss to another, in units of the drawing. */
export interface Mark {
  readonly x: number;
  readonly from: number;
  readonly to: number;
}

/** A drawing in units of its own, y down. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** Places along x; marks stand in the last ones. */
  readonly numPlaces: number;
}

const EDGE = 4;

/**
 * Bars from the ground, the largest as high as the drawing; one mark for each of the last values.
 *
 * Values that are not finite or below 0 have no height.
 */
export function bars(values: readonly number[], drawing: Drawing): Mark[] {
  const heights = values
    .slice(-drawing.numPlaces)
    .map((value) => (value > 0 && value < Infinity ? value : 0));
  const largest = Math.max(1, ...heights);
  const room = drawing.height - EDGE;
  return heights.map((value, index) => ({
    x: placeOf(index, heights.length, drawing),
    from: drawing.height,
    to: drawing.height - (value / largest) * room,
  }));
}

/** Lines from the first to the second of each pair, all on one scale; pairs that are not finite are left out. */
export function changes(pairs: readonly (readonly [number, number])[], drawing: Drawing): Mark[] {
  const drawn = pairs.filter((pair) => pair.every(Number.isFinite)).slice(-drawing.numPlaces);
  const [low, high] = [Math.min(...drawn.flat()), Math.max(...drawn.flat())];
  const room = drawing.height - 2 * EDGE;
  const yOf = (value: number): number =>
    high === low ? drawing.height / 2 : EDGE + ((high - value) / (high - low)) * room;
  return drawn.map(([first, second], index) => ({
    x: placeOf(index, drawn.length, drawing),
    from: yOf(first),
    to: yOf(second),
  }));
}

function placeOf(index: number, count: number, { width, numPlaces }: Drawing): number {
  return ((numPlaces - count + index + 0.5) * width) / numPlaces;
}

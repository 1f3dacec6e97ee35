/** Symbols of a character model: every byte, a beginning, and one that is never used yet. */
export const NUM_SYMBOLS = 258;
const BEGINNING = 256;

/** Characters that a model reads at once. */
export const WINDOW = 80;

/** Windows of a text: what is read, and what comes one character later. [n, 80] each. */
export interface CharacterWindows {
  readonly numWindows: number;
  readonly inputs: BigInt64Array;
  readonly targets: BigInt64Array;
}

/**
 * The text as UTF-8 bytes behind a beginning, cut into windows that do not overlap; what is left over at the end is
 * left out.
 */
export function windowsOf(text: string): CharacterWindows {
  const symbols = BigInt64Array.from([BEGINNING, ...new TextEncoder().encode(text)], BigInt);
  const numWindows = Math.floor((symbols.length - 1) / WINDOW);
  return {
    numWindows,
    inputs: symbols.slice(0, numWindows * WINDOW),
    targets: symbols.slice(1, numWindows * WINDOW + 1),
  };
}

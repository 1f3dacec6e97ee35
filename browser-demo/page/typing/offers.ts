import type { Suggestion } from "../keyboard-device.js";

/** Places in the strip, always all of them, so that nothing moves when suggestions come. */
export const NUM_PLACES = 3;

/** The suggestions that can be shown: at most three, each word once, none empty, best first. */
export function usable(suggestions: readonly Suggestion[]): Suggestion[] {
  const seen = new Set<string>();
  return suggestions
    .filter(({ word }) => word.trim() !== "" && !seen.has(word) && seen.add(word))
    .slice(0, NUM_PLACES);
}

/**
 * The suggestion that was passed over when `typed` was written out in full.
 *
 * That is the best one offered; null where nothing was offered or `typed` was among the offers.
 */
export function passedOver(offered: readonly Suggestion[], typed: string): Suggestion | null {
  const isOffered = offered.some(({ word }) => word.toLowerCase() === typed.toLowerCase());
  return isOffered ? null : (offered[0] ?? null);
}

/** The place, from 0, that a key press takes a suggestion from (Alt+1 to Alt+3); null for any other. */
export function placeOfKey(
  event: Pick<KeyboardEvent, "code" | "altKey" | "ctrlKey" | "metaKey">,
): number | null {
  // AltGr arrives as Ctrl+Alt and writes a character on many layouts.
  if (!event.altKey || event.ctrlKey || event.metaKey) return null;
  // By code, not by key: on some systems Alt+1 is a character of its own.
  const digit = /^(?:Digit|Numpad)([1-3])$/.exec(event.code)?.[1];
  return digit === undefined ? null : Number(digit) - 1;
}

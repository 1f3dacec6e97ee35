import { DEMO_WORDS, Vocabulary } from "@fedge/browser-demo/words";
import { traceOfLabel, tracesOfIds, tracesOfList, tracesOfText, type Trace } from "./encodings.js";

/** A word that no model knows. */
export const STRANGE_WORD = "quartzlimerick";

/** Words that the keyboard's model knows, in an order that nobody else says. */
export const KNOWN_WORDS: readonly string[] = "saffron thunder violin crane orange basket"
  .split(" ")
  .filter((word) => DEMO_WORDS.includes(word));

const vocabulary = new Vocabulary(DEMO_WORDS);

/** What must not leave a device on which both were typed. Single words only where no protocol uses them. */
export function tracesOfTyped(): readonly Trace[] {
  const ids = KNOWN_WORDS.map((word) => vocabulary.idOf(word));
  return [
    ...[STRANGE_WORD, ...KNOWN_WORDS, KNOWN_WORDS.join(" ")].flatMap(tracesOfText),
    ...tracesOfText(KNOWN_WORDS.slice(0, 2).join(" ")),
    ...tracesOfList(KNOWN_WORDS.slice(0, 2)),
    ...tracesOfIds(ids),
    ...tracesOfIds(ids.slice(0, 3)),
    ...ids.map(traceOfLabel),
  ];
}

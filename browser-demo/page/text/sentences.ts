/** The log is of what a person typed: what is longer or more than this was pasted. */
const MAX_SENTENCES = 20;
const MAX_SENTENCE_UNITS = 500;
const MAX_SHOWN_UNITS = 2000;

/**
 * The sentences of a message, trimmed, in order, with their punctuation.
 *
 * At most 20, none longer than 500 UTF-16 units; longer ones are left out, not cut.
 */
export function sentencesOf(message: string): string[] {
  return message
    .replace(/([.!?…]["'”’)]{0,2})\s/gu, "$1\n")
    .split("\n")
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "" && sentence.length <= MAX_SENTENCE_UNITS)
    .slice(0, MAX_SENTENCES);
}

/** A message as it is shown: the first 2000 UTF-16 units and how many more there are. */
export function shownMessage(message: string): string {
  if (message.length <= MAX_SHOWN_UNITS) return message;
  // A cut between two surrogates would show a broken character.
  const shown = message.slice(0, MAX_SHOWN_UNITS).replace(/[\ud800-\udbff]$/, "");
  const numMore = message.length - shown.length;
  return `${shown}… and ${numMore.toLocaleString("en")} more characters`;
}

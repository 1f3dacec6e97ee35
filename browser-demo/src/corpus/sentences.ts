import { createRandom, type Random } from "@fedge/protocol";
import { varied } from "./grammar.js";
import { PERSONAS_AT_HOME } from "./personas-at-home.js";
import { PERSONAS_AT_WORK } from "./personas-at-work.js";
import { PERSONAS_OUTDOORS } from "./personas-outdoors.js";
import type { Persona } from "./persona.js";
import { CLOSERS, OPENERS, SHARED_PHRASES, SHARED_SLOTS } from "./shared-phrases.js";

/** Everybody of the sample corpus. */
export const PERSONAS: readonly Persona[] = [...PERSONAS_AT_WORK, ...PERSONAS_OUTDOORS, ...PERSONAS_AT_HOME];

/** Of ten sentences, so many are what only this persona says. */
const OWN_OF_TEN = 5;
const OPENED_OF_TEN = 2;
const CLOSED_OF_TEN = 2;

/** What the persona types: `count` sentences, lower case, without punctuation; the same for the same seed. */
export function sentencesOf(persona: Persona, seed: string, count: number): string[] {
  const random = createRandom(`${seed}/${persona.name}`);
  const slots = { ...SHARED_SLOTS, ...persona.slots };
  return Array.from({ length: count }, () => {
    const phrases = random.below(10) < OWN_OF_TEN ? persona.phrases : SHARED_PHRASES;
    const parts = [
      random.below(10) < OPENED_OF_TEN ? oneOf(OPENERS, random) : "",
      oneOf(phrases, random),
      random.below(10) < CLOSED_OF_TEN ? oneOf(CLOSERS, random) : "",
    ];
    return varied(parts.join(" "), slots, random);
  });
}

function oneOf(templates: readonly string[], random: Random): string {
  return templates[random.below(templates.length)] ?? "";
}

/** Every word that anybody of the corpus can say, most frequent first among `count` sentences of each persona. */
export function wordsByFrequency(personas: readonly Persona[], seed: string, count: number): string[] {
  const counts = new Map<string, number>();
  for (const persona of personas) {
    for (const sentence of sentencesOf(persona, seed, count)) {
      for (const word of sentence.split(" ")) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  // Equal counts in the order of the alphabet: the same vocabulary on every machine.
  return [...counts]
    .sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || (a < b ? -1 : 1))
    .map(([word]) => word);
}

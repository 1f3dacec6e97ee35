import { PERSONAS, sentencesOf, type Persona } from "@fedge/browser-demo/corpus";
import { DEMO_WORDS, Vocabulary, wordsOf } from "@fedge/browser-demo/words";
import { FedgeError } from "@fedge/protocol";
import { readPlays } from "../data/plays.js";

/** What people have typed, and what others type of whom nobody learned; everyday phrases are everybody's. */
export interface TypedText {
  readonly vocabulary: Vocabulary;
  /** Sentences of each device. */
  readonly byDevice: readonly (readonly string[])[];
  readonly heldOut: readonly string[];
}

/** Of the corpus: the last three type what no device is trained on. */
const NUM_HELD_OUT = 3;
const SENTENCES_OF_DEVICE = 80;
const HELD_OUT_SENTENCES = 200;
/** Words of plays that a model knows. */
const PLAY_WORDS = 2000;
const TRAINED_PART = 0.8;
const MIN_SENTENCES = 10;

/** Devices of the sample corpus: each types as one of the personas, but none as one of those held out. */
export function typedByPersonas(seed: string, numDevices: number): TypedText {
  const known = PERSONAS.slice(0, -NUM_HELD_OUT);
  return {
    vocabulary: new Vocabulary(DEMO_WORDS),
    byDevice: Array.from({ length: numDevices }, (_, device) =>
      sentencesOf(known[device % known.length] as Persona, `${seed}/device/${device}`, SENTENCES_OF_DEVICE),
    ),
    heldOut: PERSONAS.slice(-NUM_HELD_OUT).flatMap((persona) =>
      sentencesOf(persona, `${seed}/held-out`, HELD_OUT_SENTENCES),
    ),
  };
}

/**
 * Plays by role, one device for each: the roles with the most sentences; the later fifth of each is held out.
 * Throws DATA_MISSING, DATA_CORRUPT, and OPTION_INVALID when there are fewer roles with enough text than devices.
 */
export async function typedByRoles(directory: string, numDevices: number): Promise<TypedText> {
  const roles = (await readPlays(directory))
    .map(({ text }) => sentencesOfSpeech(text))
    .filter((sentences) => sentences.length >= MIN_SENTENCES)
    .sort((a, b) => b.length - a.length);
  if (roles.length < numDevices) {
    throw new FedgeError(
      "OPTION_INVALID",
      `${directory} has ${roles.length} roles with at least ${MIN_SENTENCES} sentences; --devices is ${numDevices}.`,
    );
  }
  const chosen = roles.slice(0, numDevices);
  const trained = chosen.map((all) => all.slice(0, Math.floor(all.length * TRAINED_PART)));
  return {
    vocabulary: new Vocabulary(mostFrequent(trained.flat(), PLAY_WORDS)),
    byDevice: trained,
    heldOut: chosen.flatMap((all) => all.slice(Math.floor(all.length * TRAINED_PART))),
  };
}

function sentencesOfSpeech(text: string): string[] {
  return text
    .split(/[.!?;:]+/)
    .map((sentence) => wordsOf(sentence).join(" "))
    .filter((sentence) => sentence !== "");
}

function mostFrequent(sentences: readonly string[], count: number): string[] {
  const counts = new Map<string, number>();
  for (const word of sentences.flatMap(wordsOf)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || (a < b ? -1 : 1))
    .slice(0, count)
    .map(([word]) => word);
}

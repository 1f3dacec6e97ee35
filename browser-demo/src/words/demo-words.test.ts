import { expect, test } from "vitest";
import { PERSONAS, wordsByFrequency } from "../corpus/sentences.js";
import { DEMO_WORDS } from "./demo-words.js";

test("the demo's words are those of the corpus, by how often they are said", () => {
  expect(DEMO_WORDS).toEqual(wordsByFrequency(PERSONAS, "vocabulary", 2000));
});

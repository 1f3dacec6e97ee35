import { createRandom } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { varied } from "./grammar.js";
import { PERSONAS, sentencesOf, wordsByFrequency } from "./sentences.js";

describe("the grammar", () => {
  const slots = { who: ["tom"], where: ["by the {water}"], water: ["sea"], loop: ["{loop}"] };
  const oneOf = (template: string): string => varied(template, slots, createRandom("seed"));
  const allOf = (template: string): string[] =>
    [
      ...new Set(Array.from({ length: 50 }, (_, at) => varied(template, slots, createRandom(`${at}`)))),
    ].sort();

  test("fills slots, and slots of slots", () => {
    expect(oneOf("{who} lives {where}")).toBe("tom lives by the sea");
  });

  test("chooses one of the alternatives, and takes or leaves what is optional", () => {
    expect(allOf("(yes|no)[ {who}]")).toEqual(["no", "no tom", "yes", "yes tom"]);
  });

  test("leaves no second space where something was left out", () => {
    expect(allOf("a [b] c")).toEqual(["a b c", "a c"]);
  });

  test.each(["{nobody}", "{loop}"])("refuses %s", (template) => {
    expect(() => oneOf(template)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  });
});

describe("the sample corpus", () => {
  test("has at least twelve personas, each with a name and phrases of its own", () => {
    expect(PERSONAS.length).toBeGreaterThanOrEqual(12);
    expect(new Set(PERSONAS.map(({ name }) => name)).size).toBe(PERSONAS.length);
    const phrases = PERSONAS.flatMap((persona) => persona.phrases);
    expect(new Set(phrases).size).toBe(phrases.length);
  });

  test.each(PERSONAS.map((persona) => [persona.name, persona] as const))(
    "%s types words alone: every slot is filled",
    (_, persona) => {
      const sentences = sentencesOf(persona, "seed", 1000);

      expect(sentences.filter((sentence) => !/^[a-z']+( [a-z']+)*$/.test(sentence))).toEqual([]);
    },
  );

  test("is the same for the same seed, and another for another", () => {
    const [persona] = PERSONAS;
    if (persona === undefined) throw new Error("nobody types");
    const first = sentencesOf(persona, "seed", 100);

    expect(sentencesOf(persona, "seed", 100)).toEqual(first);
    expect(sentencesOf(persona, "other", 100)).not.toEqual(first);
  });

  test("varies: of ten thousand sentences at least half are said once", () => {
    const sentences = PERSONAS.flatMap((persona) => sentencesOf(persona, "seed", 10_000 / PERSONAS.length));

    expect(new Set(sentences).size).toBeGreaterThan(sentences.length / 2);
  });

  test("gives its words by how often they are said", () => {
    const words = wordsByFrequency(PERSONAS, "seed", 400);

    expect(words[0]).toBe("the");
    expect(new Set(words).size).toBe(words.length);
  });
});

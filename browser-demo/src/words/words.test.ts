import { describe, expect, test } from "vitest";
import { LetterModel } from "./letters.js";
import { measureSuggestions } from "./measures.js";
import { NGramModel } from "./ngrams.js";
import { PersonalWords } from "./personal-words.js";
import { rankSuggestions } from "./ranking.js";
import { contextOf, examplesOf, sentenceBefore, wordsOf } from "./tokens.js";
import { SENTENCE_START, UNKNOWN, Vocabulary } from "./vocabulary.js";

const vocabulary = new Vocabulary(["the", "cat", "sat", "dog", "there", "don't"]);

describe("a vocabulary", () => {
  test("gives words ids behind the special ones, in their order", () => {
    expect([vocabulary.idOf("the"), vocabulary.wordOf(4), vocabulary.size]).toEqual([3, "cat", 9]);
  });

  test("does not know every word, nor every id", () => {
    expect([vocabulary.idOf("whale"), vocabulary.wordOf(UNKNOWN), vocabulary.wordOf(9)]).toEqual([
      UNKNOWN,
      undefined,
      undefined,
    ]);
  });

  test("has no word twice", () => {
    expect(() => new Vocabulary(["a", "a"])).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  });
});

describe("text becomes words", () => {
  test.each([
    ["The cat sat.", ["the", "cat", "sat"]],
    ["Don’t — stop!", ["don't", "stop"]],
    ["'quoted' rock'n'roll", ["quoted", "rock'n'roll"]],
    ["naïve Über 42", ["naïve", "über", "42"]],
    ["🙂 … <b>", ["b"]],
    ["", []],
  ])("%j", (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  test.each([
    ["The cat sat. The d", ["the", "d"]],
    ["one? ", []],
    ["two\nthree four ", ["three", "four"]],
  ])("of the sentence before the caret in %j", (before, words) => {
    expect(sentenceBefore(before)).toEqual(words);
  });
});

describe("a context", () => {
  test("is padded in front of the sentence's start", () => {
    expect(contextOf(["the", "whale"], vocabulary)).toEqual([
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      SENTENCE_START,
      3,
      UNKNOWN,
    ]);
  });

  test("is of the last ten words of a long sentence", () => {
    expect(contextOf(["sat", ...Array<string>(10).fill("cat")], vocabulary)).toEqual(Array(10).fill(4));
  });

  test("is an example with the word that follows, unless that is unknown", () => {
    const { numExamples, contexts, targets } = examplesOf(["the whale sat"], vocabulary);

    expect([numExamples, [...targets]]).toEqual([2, [3n, 5n]]);
    expect([...contexts.subarray(7, 10), ...contexts.subarray(17)]).toEqual([0n, 0n, 1n, 1n, 3n, 2n]);
  });
});

describe("letters", () => {
  test("go on with the likeliest, from the longest end that was seen", () => {
    const letters = new LetterModel(["garden", "garage", "garden"]);

    expect(letters.complete("gar")).toBe("garden");
    expect(letters.complete("xgar")).toBe("xgarden");
  });

  test("that were never seen, or end here, suggest nothing", () => {
    const letters = new LetterModel(["ab"]);

    expect([letters.complete("z"), letters.complete("ab")]).toEqual([undefined, undefined]);
  });

  test("that go round in a circle suggest nothing", () => {
    expect(new LetterModel(["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]).complete("a")).toBeUndefined();
  });
});

describe("personal words", () => {
  test("come by how often they were typed", () => {
    const personal = new PersonalWords();
    for (const word of ["zebra", "zen", "zen", "apple"]) personal.note(word);

    expect(personal.startingWith("ze")).toEqual(["zen", "zebra"]);
  });

  test("are two thousand at most; the rarest goes", () => {
    const personal = new PersonalWords();
    for (let at = 0; at < 2000; at += 1) for (let times = 0; times < 2; times += 1) personal.note(`w${at}`);
    personal.note("new");
    personal.note("newer");

    expect(personal.entries()).toHaveLength(2000);
    expect(personal.startingWith("ne")).toEqual(["newer"]);
  });

  test("are not what somebody pasted", () => {
    const personal = new PersonalWords();
    personal.note("x".repeat(41));

    expect(personal.entries()).toEqual([]);
  });
});

describe("suggestions", () => {
  const parts = {
    vocabulary,
    personal: new PersonalWords([["theatre", 2]]),
    letters: new LetterModel(["thermal"]),
  };
  const scores = [9, 9, 9, 0.1, 0.4, 0.3, 0.2, 0.5, 0];
  const suggest = (partial: string, given: number[] | null = scores): string[] =>
    rankSuggestions(parts, { scores: given, partial });

  test("are the three words that the model finds likeliest; special ones never", () => {
    expect(suggest("")).toEqual(["there", "cat", "sat"]);
  });

  test("go on with what was typed: known words first, then one's own, then by letters", () => {
    expect(suggest("the")).toEqual(["there", "theatre", "thermal"]);
  });

  test("find words whatever case and apostrophe were typed", () => {
    expect([suggest("Ca"), suggest("don’")]).toEqual([["cat"], ["don't"]]);
  });

  test("are the frequent words while there is no model", () => {
    expect(suggest("", null)).toEqual(["the", "cat", "sat"]);
  });

  test("are none for what nothing goes on with", () => {
    expect(suggest("qqq")).toEqual([]);
  });
});

describe("trigrams with Stupid Backoff", () => {
  // Counts by hand: after "the": cat 2, dog 1; after (start, the): cat 2, dog 1; after (the, cat): sat 1.
  const model = new NGramModel(["the cat sat", "the cat", "the dog"], vocabulary);
  const scoreOf = (words: string[], word: string): number | undefined =>
    model.scores(words)[vocabulary.idOf(word)];

  test("score by the longest context that was seen", () => {
    expect(scoreOf(["the"], "cat")).toBeCloseTo(2 / 3, 12);
    expect(scoreOf(["the", "cat"], "sat")).toBeCloseTo(1, 12);
  });

  test("take four tenths of the score of a shorter context, once for each step", () => {
    // "whale the" was never seen: one step to "the"; seven words in all, of which "sat" is one: two steps.
    expect(scoreOf(["whale", "the"], "dog")).toBeCloseTo(0.4 / 3, 12);
    expect(scoreOf(["whale", "the"], "sat")).toBeCloseTo(0.16 / 7, 12);
  });

  test("score what was never seen as nothing", () => {
    expect(scoreOf(["the"], "don't")).toBe(0);
  });
});

describe("the measures of suggestions", () => {
  // Always: cat 0.5, dog 0.3, sat 0.2, the 0.1, nothing else.
  const always = (): number[] => [0, 0, 0, 0.1, 0.5, 0.2, 0.3, 0, 0];

  test("count words that were first, and among three", () => {
    const { numWords, top1Recall, top3Recall } = measureSuggestions(
      always,
      ["cat dog", "the whale"],
      vocabulary,
    );

    expect([numWords, top1Recall, top3Recall]).toEqual([4, 0.25, 0.5]);
  });

  test("count what need not be typed: one tap for a word among three, and its space", () => {
    // "cat": 1 of 4. "the": 4th of all, first of "t": 2 of 4. "whale": all 6 of 6. 9 of 14 are typed.
    const { keystrokesSaved } = measureSuggestions(always, ["cat the whale"], vocabulary);

    expect(keystrokesSaved).toBeCloseTo(1 - 9 / 14, 12);
  });
});

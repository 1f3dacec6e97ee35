import { describe, expect, test } from "vitest";
import { passedOver, placeOfKey, usable } from "../../browser-demo/page/typing/offers.js";
import { SuggestionFeed } from "../../browser-demo/page/typing/suggestion-feed.js";
import type { Suggestion } from "../../browser-demo/page/keyboard-device.js";

const offer = (...words: string[]): Suggestion[] => words.map((word) => ({ word, predictionId: word }));

/** A feed whose answers the test gives, one question after the other. */
function startFeed() {
  const asked: string[] = [];
  const shown: string[][] = [];
  const errors: unknown[] = [];
  const answers: { resolve(words: Suggestion[]): void; reject(error: Error): void }[] = [];
  const feed = new SuggestionFeed({
    suggest: (before) => {
      asked.push(before);
      return new Promise((resolve, reject) => answers.push({ resolve, reject }));
    },
    show: (suggestions) => shown.push(suggestions.map(({ word }) => word)),
    failed: (error) => errors.push(error),
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { feed, asked, shown, errors, answers, settled };
}

describe("asking for suggestions", () => {
  test("the answer is shown", async () => {
    const { feed, shown, answers, settled } = startFeed();

    feed.ask("se");
    answers[0]?.resolve(offer("see"));
    await settled();

    expect(shown).toEqual([["see"]]);
  });

  test("what was typed over before its turn is never asked", async () => {
    const { feed, asked, answers, settled } = startFeed();

    for (const before of ["s", "se", "see"]) feed.ask(before);
    answers[0]?.resolve([]);
    await settled();

    expect(asked).toEqual(["s", "see"]);
  });

  test("an answer that came too late is never shown", async () => {
    const { feed, shown, answers, settled } = startFeed();

    feed.ask("s");
    feed.ask("se");
    answers[0]?.resolve(offer("so"));
    await settled();
    answers[1]?.resolve(offer("see"));
    await settled();

    expect(shown).toEqual([["see"]]);
  });

  test("a failure empties the strip, is told, and the next question is asked all the same", async () => {
    const { feed, asked, shown, errors, answers, settled } = startFeed();
    const broken = new Error("no engine");

    feed.ask("s");
    answers[0]?.reject(broken);
    await settled();
    feed.ask("se");

    expect({ asked, shown, errors }).toEqual({ asked: ["s", "se"], shown: [[]], errors: [broken] });
  });
});

describe("what is offered", () => {
  test("three at most, no word twice and none empty", () => {
    expect(usable(offer("see", "", "see", " ", "so", "say", "sun"))).toEqual(offer("see", "so", "say"));
  });

  test("the best offer was passed over when another word was typed", () => {
    expect(passedOver(offer("see", "so"), "sun")?.word).toBe("see");
  });

  test("no offer was passed over when one of them was typed, in capitals or not", () => {
    expect(passedOver(offer("see", "so"), "So")).toBeNull();
  });

  test("nothing was passed over where nothing was offered", () => {
    expect(passedOver([], "sun")).toBeNull();
  });
});

describe("the key press that takes a suggestion", () => {
  const alt = { altKey: true, ctrlKey: false, metaKey: false };

  test.each([
    ["Alt+1", { ...alt, code: "Digit1" }, 0],
    ["Alt+3", { ...alt, code: "Digit3" }, 2],
    ["Alt+2 on the number pad", { ...alt, code: "Numpad2" }, 1],
    ["Alt+4", { ...alt, code: "Digit4" }, null],
    ["1 alone", { ...alt, altKey: false, code: "Digit1" }, null],
    ["AltGr+1, which writes a sign", { ...alt, ctrlKey: true, code: "Digit1" }, null],
  ])("%s", (_, event, place) => {
    expect(placeOfKey(event)).toBe(place);
  });
});

import { describe, expect, test, vi } from "vitest";
import {
  beforeCaret,
  deleteBackwards,
  insertAfterSuggestion,
  insertText,
  takeWord,
  type FieldState,
} from "../../browser-demo/page/text/field-edit.js";
import { sentencesOf, shownMessage } from "../../browser-demo/page/text/sentences.js";
import {
  contextBefore,
  finishedWord,
  inCaseOf,
  isSentenceStart,
  wordBefore,
} from "../../browser-demo/page/text/words.js";

/** A field written with its caret, as in "see y|ou", or with its selection, as in "see [you]". */
function field(drawn: string): FieldState {
  const start = drawn.search(/[|[]/);
  const text = drawn.replace(/[|[\]]/g, "");
  const end = drawn.includes("]") ? drawn.indexOf("]") - 1 : start;
  return { text, start, end };
}

function drawn({ text, start }: FieldState): string {
  return `${text.slice(0, start)}|${text.slice(start)}`;
}

describe("the word at the caret", () => {
  test.each([
    ["", ""],
    ["see yo", "yo"],
    ["see ", ""],
    ["don't", "don't"],
    ["ready?", ""],
    ["schön", "schön"],
    ["scho\u0308n", "scho\u0308n"],
    ["שלום", "שלום"],
    ["see 👋", ""],
    ["see 👋yo", "yo"],
    ["𝒳𝒴", "𝒳𝒴"],
  ])("before the caret of %j it is %j", (before, word) => {
    expect(wordBefore(before)).toBe(word);
  });

  test("a hundred thousand letters without a space are looked at from their end only", () => {
    expect(wordBefore("a".repeat(100_000))).toBe("a".repeat(64));
  });

  test.each([
    ["see yo", "see yo ", "yo"],
    ["see yo", "see yo.", "yo"],
    ["see yo", "see yo🙂", "yo"],
    ["see yo", "see you", null],
    ["see ", "see  ", null],
    ["see yo", "see y", null],
    ["see yo", "see yo and more", null],
    ["see yo", "", null],
  ])("from %j to %j the word that was finished is %j", (previous, before, word) => {
    expect(finishedWord(previous, before)).toBe(word);
  });

  test("suggestions are asked for with the last thousand characters", () => {
    expect(contextBefore("x".repeat(5000) + "y".repeat(1000))).toBe("y".repeat(1000));
  });

  test("the context never begins with half an emoji", () => {
    expect(contextBefore(`🙂${"y".repeat(999)}`)).toBe("y".repeat(999));
  });
});

describe("capitals", () => {
  test.each(["", "See you. ", "Really?  ", "He said “yes.” ", "first line\n"])(
    "a sentence begins after %j",
    (before) => {
      expect(isSentenceStart(before)).toBe(true);
    },
  );

  test.each(["see", "see ", "see you.", "see, "])("no sentence begins after %j", (before) => {
    expect(isSentenceStart(before)).toBe(false);
  });

  test.each([
    ["hello", "", "Hello"],
    ["hello", "oh ", "hello"],
    ["hello", "oh He", "Hello"],
    ["hello", "he", "hello"],
    ["hello", "oh HE", "HELLO"],
    ["I", "so ", "I"],
  ])("%j after %j is written %j", (word, before, written) => {
    expect(inCaseOf(word, before)).toBe(written);
  });
});

describe("edits at the caret", () => {
  test.each([
    ["|", "a", "a|"],
    ["se|e", "m", "sem|e"],
    ["see [you] soon", "me", "see me| soon"],
  ])("in %j, %j is written", (before, text, after) => {
    expect(drawn(insertText(field(before), text))).toBe(after);
  });

  test.each([
    ["see yo|", "see you |"],
    ["see |", "see you |"],
    ["|", "You |"],
    ["see yo| soon", "see you |soon"],
    ["see y|ou soon", "see you |soon"],
    ["see |me", "see you |me"],
    ["see [them] soon", "see you |soon"],
  ])("in %j, the suggestion 'you' is taken", (before, after) => {
    expect(drawn(takeWord(field(before), "you"))).toBe(after);
  });

  test("punctuation takes back the space behind a suggestion", () => {
    expect(drawn(insertAfterSuggestion(field("see you |"), "!"))).toBe("see you!|");
  });

  test("a letter leaves the space behind a suggestion", () => {
    expect(drawn(insertAfterSuggestion(field("see you |"), "s"))).toBe("see you s|");
  });

  test.each([
    ["|see", "|see"],
    ["see|", "se|"],
    ["s[e]e", "s|e"],
    ["hi 👨‍👩‍👧‍👦|", "hi |"],
    ["hi 🇳🇴|", "hi |"],
    ["scho\u0308|n", "sch|n"],
  ])("one character that a person sees is deleted in %j", (before, after) => {
    expect(drawn(deleteBackwards(field(before)))).toBe(after);
  });

  test("one code point is deleted in a browser that cannot tell characters", () => {
    vi.stubGlobal("Intl", { ...Intl, Segmenter: undefined });

    expect(drawn(deleteBackwards(field("hi 👍🏽|")))).toBe("hi 👍|");
    vi.unstubAllGlobals();
  });

  test("what stands before a selection is before the caret", () => {
    expect(beforeCaret(field("see [you]"))).toBe("see ");
  });
});

describe("sentences of a message", () => {
  test.each([
    ["See you", ["See you"]],
    ["See you. Soon!  Really?", ["See you.", "Soon!", "Really?"]],
    ["one\n\ntwo", ["one", "two"]],
    ["3.5 is a number", ["3.5 is a number"]],
    ["  \n ", []],
  ])("of %j", (message, sentences) => {
    expect(sentencesOf(message)).toEqual(sentences);
  });

  test("of a pasted book, twenty at most", () => {
    expect(sentencesOf("A page. ".repeat(10_000))).toHaveLength(20);
  });

  test("without those that nobody typed: longer than 500 characters", () => {
    expect(sentencesOf(`Yes. ${"x".repeat(501)}. No.`)).toEqual(["Yes.", "No."]);
  });

  test("a long message is shown by its beginning and how much more there is", () => {
    expect(shownMessage("x".repeat(100_000))).toBe(`${"x".repeat(2000)}… and 98,000 more characters`);
  });

  test("the cut never goes through an emoji", () => {
    expect(shownMessage(`${"x".repeat(1999)}🙂🙂`)).toBe(`${"x".repeat(1999)}… and 4 more characters`);
  });
});

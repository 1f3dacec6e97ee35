import { describe, expect, test } from "vitest";
import type { HistoryData } from "../data/api-types.js";
import { deedSince, deedText } from "./history-text.js";

const NOW_MS = 1_000_000;

function entry(seq: number, actor: string, event: string, reason = ""): HistoryData {
  return { seq, atMs: NOW_MS - 12_000, actor, event, reason };
}

describe("what was done", () => {
  test.each([
    [entry(1, "bob", "paused: operator", "looks slow"), "bob paused this rollout 12 s ago (“looks slow”)."],
    [entry(1, "bob", "resume"), "bob resumed this rollout 12 s ago."],
    [
      entry(1, "system", "paused: metric-failed", "too slow"),
      "The server paused this rollout 12 s ago (“too slow”).",
    ],
    [entry(1, "bob", "wave 1 passed", "fine"), "bob changed this rollout 12 s ago: wave 1 passed (“fine”)."],
    [entry(1, "system", "wave 2 opened", "8 devices"), "12 s ago: wave 2 opened (“8 devices”)."],
  ])("is said in a sentence: %j", (deed, sentence) => {
    expect(deedText(deed, NOW_MS)).toBe(sentence);
  });
});

describe("what explains a change", () => {
  const history = [
    entry(1, "dana", "created"),
    entry(2, "bob", "start"),
    entry(3, "carla", "promote"),
    entry(4, "system", "wave 2 opened"),
  ];

  test("is what a person did since, not what followed from it", () => {
    expect(deedSince(history, 2)?.event).toBe("promote");
  });

  test("is what happened by itself where no person did anything since", () => {
    expect(deedSince(history, 3)?.event).toBe("wave 2 opened");
  });

  test("is nothing without a history", () => {
    expect(deedSince([], 3)).toBeNull();
  });
});

import { describe, expect, test } from "vitest";
import { bars, changes, type Drawing } from "../../browser-demo/page/charts/chart-scale.js";
import { MAX_TRAININGS, withTraining, type Training } from "../../browser-demo/page/panel/history.js";
import { agoInWords, bytesInWords, countOf, lossInWords } from "../../browser-demo/page/text/quantities.js";
import {
  connectionInWords,
  eligibilityInWords,
  gainInWords,
  lastTrainingInWords,
  modelDetailsInWords,
  modelInWords,
  phaseInWords,
} from "../../browser-demo/page/text/status-words.js";

const training = (changed: Partial<Training> = {}): Training => ({
  atMs: 1000,
  numExamples: 120,
  lossBefore: 4,
  lossAfter: 3,
  sentBytes: 10,
  ...changed,
});

describe("quantities in words", () => {
  test.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [123_400, "123 kB"],
    [8_000_000, "8.0 MB"],
    [Number.NaN, "–"],
    [-1, "–"],
  ])("%d bytes are %s", (sizeBytes, text) => {
    expect(bytesInWords(sizeBytes)).toBe(text);
  });

  test.each([
    [-5000, "just now"],
    [9999, "just now"],
    [10_000, "less than a minute ago"],
    [60_000, "1 minute ago"],
    [3_599_999, "59 minutes ago"],
    [7_200_000, "2 hours ago"],
    [259_200_000, "3 days ago"],
  ])("%d ms of age are %s", (ageMs, text) => {
    expect(agoInWords(0, ageMs)).toBe(text);
  });

  test("one is no plural, and thousands are parted", () => {
    expect([countOf(1, "row"), countOf(0, "row"), countOf(1200, "row")]).toEqual([
      "1 row",
      "0 rows",
      "1,200 rows",
    ]);
  });

  test("a loss that is no number is a dash", () => {
    expect([lossInWords(2.345), lossInWords(Number.NaN)]).toEqual(["2.35", "–"]);
  });
});

describe("the status in words", () => {
  test.each([
    ["offline", "leader", "Offline. Suggestions go on working."],
    ["connecting", "alone", "Connecting…"],
    ["online", "follower", "Connected through another open page."],
    ["online", "leader", "Connected. This page speaks for all open pages."],
    ["online", "alone", "Connected."],
  ] as const)("%s as %s", (connection, role, words) => {
    expect(connectionInWords({ connection, role })).toBe(words);
  });

  test("the model and since when it is here", () => {
    const model = { name: "next-word", version: 7, sinceMs: 0 };

    expect([modelInWords(model), modelDetailsInWords({ model, engine: "WebAssembly" }, 120_000)]).toEqual([
      "Version 7",
      "next-word, came 2 minutes ago. Runs on WebAssembly.",
    ]);
  });

  test("no model yet", () => {
    expect([modelInWords(null), modelDetailsInWords({ model: null, engine: null }, 0)]).toEqual([
      "No model yet",
      "The first one comes with the connection.",
    ]);
  });

  test.each([
    [{ isEligible: true, reasons: [] }, "Ready to train"],
    [{ isEligible: false, reasons: ["on-battery"] }, "Waiting: on battery"],
    [{ isEligible: false, reasons: ["on battery", "too_few_rows"] }, "Waiting: on battery, too few rows"],
    [{ isEligible: false, reasons: [] }, "Waiting"],
  ])("eligibility %j is %j", (eligibility, words) => {
    expect(eligibilityInWords(eligibility)).toBe(words);
  });

  test("every phase of training has its words", () => {
    const phases = (["idle", "waiting", "training", "sending"] as const).map(phaseInWords);

    expect(phases).toEqual([
      "Not training",
      "Waiting for its turn",
      "Training now",
      "Sending what it learned",
    ]);
  });

  test("the last training says how much it saw and what came of it", () => {
    expect(lastTrainingInWords(training(), 1000)).toBe("120 examples, loss 4.00 → 3.00, just now");
  });

  test.each([
    [null, "–"],
    [training({ lossBefore: 4, lossAfter: 3 }), "25 % better"],
    [training({ lossBefore: 4, lossAfter: 5 }), "25 % worse"],
    [training({ lossBefore: 4, lossAfter: 4 }), "no better"],
    [training({ lossBefore: 0, lossAfter: 0 }), "–"],
    [training({ lossAfter: Number.NaN }), "–"],
  ])("the gain of %j is %j", (last, words) => {
    expect(gainInWords(last)).toBe(words);
  });
});

describe("what the charts show", () => {
  const drawing: Drawing = { width: 100, height: 48, numPlaces: 2 };

  test("bars stand on the ground, the largest as high as there is room", () => {
    // Places of 50: middles at 25 and 75; 44 of 48 are room above the ground.
    expect(bars([10, 20], drawing)).toEqual([
      { x: 25, from: 48, to: 26 },
      { x: 75, from: 48, to: 4 },
    ]);
  });

  test("a single bar stands in the last place", () => {
    expect(bars([5], drawing)).toEqual([{ x: 75, from: 48, to: 4 }]);
  });

  test("only the latest have a place", () => {
    expect(bars([99, 1, 1], drawing).map(({ to }) => to)).toEqual([4, 4]);
  });

  test("a size that is no number has no height", () => {
    expect(bars([Number.NaN, -3], drawing).map(({ to }) => to)).toEqual([48, 48]);
  });

  test("changes share one scale, the highest loss on top", () => {
    // From 4 at the upper edge (4) to 0 at the lower one (44); 2 lies in the middle.
    expect(
      changes(
        [
          [4, 2],
          [2, 0],
        ],
        drawing,
      ),
    ).toEqual([
      { x: 25, from: 4, to: 24 },
      { x: 75, from: 24, to: 44 },
    ]);
  });

  test("no change is drawn in the middle, one that is no number not at all", () => {
    expect(
      changes(
        [
          [3, 3],
          [Number.NaN, 1],
        ],
        drawing,
      ),
    ).toEqual([{ x: 75, from: 24, to: 24 }]);
  });

  test("nothing is drawn of nothing", () => {
    expect([bars([], drawing), changes([], drawing)]).toEqual([[], []]);
  });

  test("the same training is remembered once", () => {
    expect(withTraining([training()], training())).toHaveLength(1);
  });

  test("the oldest training makes room for the newest", () => {
    const many = Array.from({ length: MAX_TRAININGS }, (_, atMs) => training({ atMs }));

    const after = withTraining(many, training({ atMs: 99 }));

    expect([after.length, after[0]?.atMs, after.at(-1)?.atMs]).toEqual([MAX_TRAININGS, 1, 99]);
  });
});

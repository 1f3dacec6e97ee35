import { checkProfile, countsFault, layoutDocument } from "@fedge/protocol/profile";
import { expect, test } from "vitest";
import { sha256Of } from "../../blobs/blob-name.js";
import type { ReleasedView } from "../releases/release-record.js";
import { normalFeature, sampleMonitored } from "../testing/sample-profile.js";
import { referenceOfWindows } from "./reference-of-windows.js";

/* Two bins of one feature with a mean of 10 and a deviation of 2, and the highest score. */
const edges = [6, 10, 14];
const counts = [50, 50, 0, 0, 0, 0, 0];
const monitored = sampleMonitored({
  features: [
    normalFeature("amount", { edges, counts, mean: 10, std: 2 }),
    normalFeature("top score", { role: "score", edges, counts }),
  ],
});
const { layout, profile } = monitored;

/** A window in which so many rows are 12: one deviation above the mean. */
function windowOf(window: number, numRows: number): ReleasedView {
  const cells = new Array<number>(layout.numCells).fill(0);
  layout.features.forEach(({ counts: range, moments }) => {
    cells[range.at + 1] = numRows;
    // Fixed point: 64 for a sum of 1, 16 for a square of 1.
    [cells[moments.at], cells[moments.at + 1]] = [64 * numRows, 16 * numRows];
  });
  cells[layout.rows.at + 1] = numRows;
  return {
    ...{
      model: monitored.model,
      version: 3,
      window,
      cohort: "",
      numDevices: 20,
      numRows,
      numGroups: 4,
      t: 2,
    },
    ...{ cells, withheld: [], features: [], outcomeErrors: {}, verdict: "drift" },
  };
}
const made = (withPredictions: boolean) =>
  referenceOfWindows(monitored, { views: [windowOf(8, 40), windowOf(7, 60)], withPredictions });

test("counts are those of the windows together, mean and deviation those of their sums", () => {
  const [amount] = made(true).features;

  // 100 rows of 12: a mean of 10 + 1 x 2, and no deviation.
  expect(amount).toMatchObject({ counts: [0, 100, 0, 0, 0, 0, 0], edges, mean: 12, std: 0 });
});

test("nobody has reviewed it yet, it says where it is from, and its layout's hash is its own", () => {
  const given = made(true);

  expect(checkProfile(given)).toEqual(given);
  expect([given.reviewedBy, given.numRows]).toEqual([null, 100]);
  expect(given.origin).toBe("windows 7 to 8 of the fleet, digits@3");
  expect(given.layoutSha256).toBe(sha256Of(layoutDocument(given)));
  expect(given.layoutSha256).not.toBe(profile.layoutSha256);
});

test("what the weights of a version to come will change can be left without a reference; it is counted all the same", () => {
  const [amount, score] = made(false).features;

  expect(amount?.counts).toEqual([0, 100, 0, 0, 0, 0, 0]);
  expect(score).toEqual({ ...profile.features[1], counts: [0, 0, 0, 0, 0, 0, 0] });
});

test("what was withheld in one of the windows has no reference, rather than that of the others", () => {
  const whole = windowOf(8, 40);
  const features = ["amount", "top score"].map((name) => ({ name, isWithheld: name === "amount" }));
  const withheld = { ...windowOf(7, 60), features } as unknown as ReleasedView;
  const made = referenceOfWindows(monitored, { views: [whole, withheld], withPredictions: true });

  expect(made.features.map((feature) => feature.counts.reduce((sum, count) => sum + count))).toEqual([
    0, 100,
  ]);
  expect(countsFault(made)).toBeNull();
});

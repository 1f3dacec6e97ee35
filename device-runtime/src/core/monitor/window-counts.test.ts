import { createRandom } from "@fedge/protocol";
import { chiSquaredTail } from "@fedge/protocol/drift";
import type { FeatureRows, NumericFeature } from "@fedge/protocol/profile";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import {
  colourFeature,
  numericFeature,
  sampleProfile,
  type ProfileChange,
} from "../../testing/sample-profile.js";
import { latencyBin } from "../serving/serving-counter.js";
import type { TensorValue } from "../ports/engine.js";
import { RowCounter, placesOf } from "./row-counter.js";
import { watchedProfile } from "./watched-feature.js";
import { WindowCounts } from "./window-counts.js";

const column = (...values: readonly number[]): TensorValue => ({
  shape: [values.length, 1],
  data: Float64Array.from(values),
});

/** The truth, in the bins of `numericFeature`. */
const truthFeature = (): NumericFeature =>
  numericFeature({
    ...{ name: "truth", role: "label", required: false },
    source: { take: "value", of: "label", name: "label", at: 0 },
  });

const truths = (...values: readonly number[]): FeatureRows => ({
  ...{ inputs: {}, outputs: {}, fields: {}, latencyUs: null },
  label: column(...values),
});

/** Counts every prediction into the window as soon as it is answered. */
function counterInto(counts: WindowCounts): Pick<RowCounter, "begin"> {
  const counter = new RowCounter(counts.watched, latencyBin, {
    opens: () => true,
    counted: (batch, bin, _, id) => counts.add(batch, bin, id),
    failed: () => counts.failed(),
  });
  return {
    begin: (inputs) => {
      const begun = counter.begin(inputs);
      return {
        answered: (...answer) => {
          begun.answered(...answer);
          counter.count();
        },
        failed: () => begun.failed(),
      };
    },
  };
}

async function createWindow(change: ProfileChange = {}, seed = "window") {
  const watched = watchedProfile(await sampleProfile(nodeDigest, change));
  const counts = new WindowCounts(watched, 7, createRandom(seed));
  const counter = counterInto(counts);
  const predict = (inputs: readonly number[], outputs: TensorValue = column(0), latencyUs = 40, id = "one") =>
    counter.begin({ input: column(...inputs) })?.answered({ answer: outputs }, latencyUs, id);
  const { layout } = watched;
  const cells = ({ at, size }: { readonly at: number; readonly size: number }): number[] => [
    ...counts.vector.subarray(at, at + size),
  ];
  return { watched, layout, counts, counter, predict, cells };
}

describe("a window's counts", () => {
  test("have every row in the cell of its value, and what it is in standard deviations", async () => {
    const { counts, layout, predict, cells } = await createWindow();
    // z = -1.7320508, 0, 6.9282032, clipped -8; in 64ths -111, 0, 443, -512; squares 3, 0, 48, 64 in 16ths 48, 0, 768, 1024.
    predict([0]);
    predict([0.5, 2.5]);
    predict([-50, Number.NaN]);

    const [feature] = layout.features;
    expect(cells(feature!.counts)).toEqual([1, 0, 1, 0, 1, 1, 1, 0, 0]);
    expect(cells(feature!.moments)).toEqual([(-111 + 443 - 512) >>> 0, 48 + 768 + 1024]);
    expect(cells(layout.rows)).toEqual([1, 5, 5, 0]);
    // Three predictions in [32, 64) microseconds.
    expect(cells(layout.latency).slice(0, 3)).toEqual([0, 3, 0]);
    // Missing where it is required.
    expect([...counts.numBroken]).toEqual([1]);
  });

  test("of scores have the probability of the answer by its tenth", async () => {
    const { layout, predict, cells } = await createWindow({ outcomes: { numClasses: 2, output: "answer" } });
    predict([0.1, 0.1], { shape: [2, 2], data: Float64Array.of(0.3, 0.7, 1, 0) });
    // Logits: their softmax is 1/4 and 3/4.
    predict([0.1], { shape: [1, 2], data: Float64Array.of(-1, Math.log(3) - 1) });
    predict([0.1], { shape: [1, 2], data: Float64Array.of(Number.NaN, 0) });

    const bins = cells(layout.scores);
    expect(bins.slice(28, 32)).toEqual([2, 1450, 0, 0]);
    expect(bins.slice(36, 40)).toEqual([1, 1000, 0, 0]);
    expect(bins.reduce((sum, cell) => sum + cell)).toBe(2453);
  });

  test("of failures are apart from rows", async () => {
    const { counter, layout, cells } = await createWindow();
    counter.begin({ input: column(0.5) })?.failed();

    expect(cells(layout.rows)).toEqual([1, 0, 0, 1]);
  });

  test("take what an app notes later out of the missing ones, as often as it changes its mind", async () => {
    const features = [colourFeature({ role: "input" })];
    const { watched, counts, layout, predict, cells } = await createWindow({ features });
    predict([0.5], column(0), 40, "first");
    predict([0.5], column(0), 40, "second");
    const note = (id: string, colour: string): void =>
      counts.change(id, placesOf(watched, "later"), {
        ...{ inputs: {}, outputs: {}, label: null, latencyUs: null },
        fields: { colour },
      });
    note("first", "green");
    expect(cells(layout.features[0]!.counts)).toEqual([0, 0, 1, 1, 0]);
    note("first", "red");
    note("unknown", "red");
    expect(cells(layout.features[0]!.counts)).toEqual([1, 0, 0, 1, 0]);
  });

  test("have no row of a truth or an action of which nothing came", async () => {
    const { counts, layout, predict, cells } = await createWindow({
      features: [numericFeature(), truthFeature(), colourFeature()],
    });
    predict([0.5, 0.6]);
    counts.close("ok", null);

    for (const { counts: rows, weights, moments } of layout.features.slice(1))
      for (const range of [rows, weights, moments])
        expect(cells(range).every((cell) => cell === 0)).toBe(true);
    expect(cells(layout.rows)).toEqual([1, 2, 2, 0]);
  });

  test("have of truths those that came, with all of the device's weight, whichever predictions they are of", async () => {
    const { counts, layout, predict, cells } = await createWindow({
      features: [numericFeature(), truthFeature()],
    });
    predict([0.5]);
    counts.came(Uint8Array.of(1), truths(0.1, 0.3, 0.35), 3);
    counts.came(Uint8Array.of(1), truths(Number.NaN), 1);
    counts.close("ok", null);

    const [, truth] = layout.features;
    expect(cells(truth!.counts)).toEqual([1, 2, 0, 0, 0, 0, 1, 0, 0]);
    // Quarters, halves and quarters of 256 are whole; standardised -1.3856, -0.6928, -0.5196: in 64ths -89, -44, -33.
    expect(cells(truth!.weights)).toEqual([64, 128, 0, 0, 0, 0, 64, 0, 0]);
    expect(cells(truth!.moments)[0]).toBe((-89 - 44 - 33) >>> 0);
    expect(cells(layout.rows)).toEqual([1, 1, 1, 0]);
  });

  test("have no more truths than rows that a window may count", async () => {
    const { counts, layout, cells } = await createWindow({
      features: [truthFeature()],
      window: { maxRows: 3 },
    });
    expect(counts.isEmpty).toBe(true);
    counts.came(Uint8Array.of(0), truths(0.1, 0.1), 2);
    counts.came(Uint8Array.of(0), truths(0.9, 0.9), 2);

    expect(cells(layout.features[0]!.counts).slice(0, 4)).toEqual([2, 0, 0, 1]);
    expect(counts.isEmpty).toBe(false);
  });

  test("read inputs before the app may change them, whichever prediction ends first", async () => {
    const { counter, layout, cells } = await createWindow();
    const input = column(0.1);
    const first = counter.begin({ input });
    input.data.set([0.6] as never);
    const second = counter.begin({ input });
    input.data.set([0.9] as never);
    second?.answered({ answer: column(0) }, 1, "b");
    first?.answered({ answer: column(0) }, 1, "a");

    expect(cells(layout.features[0]!.counts)).toEqual([1, 0, 1, 0, 0, 0, 0, 0, 0]);
  });

  const values = fc.array(fc.double({ min: -1, max: 2 }), { minLength: 1, maxLength: 60 });

  test("are the sum of what its counted rows add, however many were replaced", async () => {
    const small = { window: { maxRows: 10 }, features: [numericFeature(), colourFeature({ role: "input" })] };
    const one = await createWindow(small);
    fc.assert(
      fc.property(values, fc.nat(), (rows, seed) => {
        const { watched } = one;
        const sampled = new WindowCounts(watched, 7, createRandom(String(seed)));
        const counter = counterInto(sampled);
        rows.forEach((value, at) =>
          counter.begin({ input: column(value) })?.answered({ answer: column(0) }, 40, String(at)),
        );
        // The rows that are left, counted anew.
        const anew = new WindowCounts(watched, 7, createRandom("other"));
        const again = counterInto(anew);
        for (const id of sampled.ids)
          again.begin({ input: column(rows[Number(id)] as number) })?.answered({ answer: column(0) }, 40, id);
        const { at } = watched.layout.rows;
        expect([...sampled.vector.subarray(0, at + 2)]).toEqual([...anew.vector.subarray(0, at + 2)]);
        expect([...sampled.numBroken]).toEqual([...anew.numBroken]);
        expect([sampled.numRows, sampled.numSeen]).toEqual([Math.min(10, rows.length), rows.length]);
      }),
    );
  });

  test("count each row as likely as any other", async () => {
    const { watched } = await createWindow({ window: { maxRows: 5 } });
    const [numRows, numWindows] = [20, 4000];
    const counted = new Float64Array(numRows);
    const random = createRandom("uniform");
    for (let window = 0; window < numWindows; window += 1) {
      const counts = new WindowCounts(watched, window, random);
      const counter = counterInto(counts);
      for (let row = 0; row < numRows; row += 1)
        counter.begin({ input: column(0.5) })?.answered({ answer: column(0) }, 40, String(row));
      for (const id of counts.ids) counted[Number(id)]! += 1;
    }
    const expected = (numWindows * 5) / numRows;
    const statistic = counted.reduce((sum, num) => sum + (num - expected) ** 2 / expected, 0);
    // Each window counts 5 of 20 without replacement: the statistic is chi-squared(19) times 15/19.
    expect(chiSquaredTail((statistic * 19) / 15, 19)).toBeGreaterThan(0.001);
  });
});

describe("a device's weight", () => {
  test("is 256 over the cells of each feature, at least the whole part of each share and at most one more", async () => {
    const { watched } = await createWindow();
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -0.5, max: 1.5, noNaN: true }), { minLength: 1, maxLength: 90 }),
        fc.nat(),
        (rows, seed) => {
          const counts = new WindowCounts(watched, 7, createRandom(String(seed)));
          const counter = counterInto(counts);
          counter.begin({ input: column(...rows) })?.answered({ answer: column(0) }, 1, "a");
          counts.close("ok", null);
          const { counts: at, weights } = watched.layout.features[0]!;
          const shares = [...counts.vector.subarray(at.at, at.at + at.size)].map(
            (num) => (256 * num) / rows.length,
          );
          const given = [...counts.vector.subarray(weights.at, weights.at + weights.size)];
          expect(given.reduce((sum, weight) => sum + weight)).toBe(256);
          given.forEach((weight, cell) =>
            expect(Math.abs(weight - (shares[cell] as number))).toBeLessThan(1),
          );
        },
      ),
    );
  });

  test("is right on average: a third of three rows is 85 and a third", async () => {
    const { watched } = await createWindow();
    const random = createRandom("weights");
    const numWindows = 6000;
    let sum = 0;
    for (let window = 0; window < numWindows; window += 1) {
      const counts = new WindowCounts(watched, window, random);
      const counter = counterInto(counts);
      counter.begin({ input: column(0.1, 0.3, 0.6) })?.answered({ answer: column(0) }, 1, "a");
      counts.close("ok", null);
      sum += counts.vector[watched.layout.features[0]!.weights.at + 1] as number;
    }
    // 85 or 86 with a third: a deviation of the mean of 0.0061; five of them.
    expect(Math.abs(sum / numWindows - 256 / 3)).toBeLessThan(0.03);
  });

  test.each([
    ["a value in one of three rows", [Number.NaN, 0.5, Number.NaN], 1],
    ["missing values only", [Number.NaN, Number.NaN], 0],
    ["an infinite value, which is none", [Number.POSITIVE_INFINITY], 0],
    ["a value beyond the edges", [99], 1],
    ["no row", [], 0],
  ])("comes with whether the device has a value: of %s", async (_, inputs, expected) => {
    const { counts, layout, predict, cells } = await createWindow();
    if (inputs.length > 0) predict(inputs);
    counts.close("ok", null);

    expect(cells(layout.features[0]!.contributors)).toEqual([expected]);
  });

  test("is nothing without rows, and the verdict is one", async () => {
    const { counts, layout, cells } = await createWindow();
    counts.close("not_enough_data", null);

    expect(cells(layout.features[0]!.weights).every((weight) => weight === 0)).toBe(true);
    expect(cells(layout.verdict)).toEqual([0, 1, 0, 0, 0, 0, 0]);
    expect(cells(layout.localPsi).every((num) => num === 0)).toBe(true);
  });

  test.each([
    [0.009, 0],
    [0.01, 1],
    [0.3, 5],
    [7, 7],
  ])("comes with the bin of its greatest PSI: %d in bin %d", async (psi, bin) => {
    const { counts, layout, cells } = await createWindow();
    counts.close("ok", psi);

    expect(cells(layout.localPsi).indexOf(1)).toBe(bin);
  });
});

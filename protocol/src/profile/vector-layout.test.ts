import { describe, expect, test } from "vitest";
import { layoutDocument, layoutOf, maxCellOf, type CellRange } from "./vector-layout.js";
import { sampleCategorical, sampleNumeric, sampleProfile } from "./testing/sample-profile.js";

const age = sampleNumeric({ name: "age", edges: [0, 18, 40, 65] });
const constant = sampleNumeric({ name: "constant", edges: [1, 2], std: 0 });
const colour = sampleCategorical({ name: "colour", categories: ["red", "blue"] });
const profile = sampleProfile([age, constant, colour]);
const classifier = { ...profile, outcomes: { ...profile.outcomes, numClasses: 3, output: "scores" } };

test("of three features and no classes is what counting by hand gives", () => {
  const { features, ...rest } = layoutOf(profile);

  // age: 3 bins + 5; constant: 1 bin + 5, and no moments; colour: 2 categories + 3. One cell of who has a value in each.
  expect(features).toEqual([
    {
      name: "age",
      counts: { at: 0, size: 8 },
      weights: { at: 8, size: 8 },
      contributors: { at: 16, size: 1 },
      moments: { at: 17, size: 2 },
    },
    {
      name: "constant",
      counts: { at: 19, size: 6 },
      weights: { at: 25, size: 6 },
      contributors: { at: 31, size: 1 },
      moments: { at: 32, size: 0 },
    },
    {
      name: "colour",
      counts: { at: 32, size: 5 },
      weights: { at: 37, size: 5 },
      contributors: { at: 42, size: 1 },
      moments: { at: 43, size: 0 },
    },
  ]);
  expect(rest).toEqual({
    rows: { at: 43, size: 4 },
    latency: { at: 47, size: 20 },
    scores: { at: 67, size: 0 },
    labels: { at: 67, size: 5 },
    delays: { at: 72, size: 20 },
    confusion: { at: 92, size: 0 },
    shadow: { at: 92, size: 7 },
    contributors: { at: 99, size: 3 },
    verdict: { at: 102, size: 7 },
    localPsi: { at: 109, size: 8 },
    numCells: 117,
  });
});

test("of a classifier has scores, and a confusion matrix up to ten classes", () => {
  const sizes = [3, 10, 11].map((numClasses) => {
    const { scores, confusion } = layoutOf({ ...profile, outcomes: { ...profile.outcomes, numClasses } });
    return [scores.size, confusion.size];
  });

  expect(sizes).toEqual([
    [40, 9],
    [40, 100],
    [40, 0],
  ]);
});

test("leaves no cell out and gives none to two", () => {
  const { features, numCells, ...rest } = layoutOf(classifier);
  const ranges: CellRange[] = [
    ...features.flatMap(({ counts, weights, contributors, moments }) => [
      ...[counts, weights, contributors, moments],
    ]),
    ...Object.values(rest),
  ];
  const cells = ranges.flatMap(({ at, size }) => Array.from({ length: size }, (_, offset) => at + offset));

  expect(cells).toEqual(Array.from({ length: numCells }, (_, at) => at));
});

describe("the document that is hashed", () => {
  const textOf = (changed: typeof profile): string => new TextDecoder().decode(layoutDocument(changed));
  const withAge = (more: object): typeof profile =>
    sampleProfile([{ ...age, ...more } as typeof age, constant, colour]);

  test("is the same whatever does not move a cell", () => {
    const same = {
      ...withAge({ counts: [1, 2, 3, 4, 5, 6, 7, 8], importance: 3, required: true }),
      numRows: 9,
    };

    expect(textOf({ ...same, origin: "elsewhere", reviewedBy: "ada" })).toBe(textOf(profile));
  });

  test.each<[string, typeof profile]>([
    ["an edge", withAge({ edges: [0, 18, 40, 65.5] })],
    ["a mean, which sums are standardised by", withAge({ mean: 0.5 })],
    ["a source", withAge({ source: { take: "latency" } })],
    ["the order of features", sampleProfile([constant, age, colour])],
    ["a category", sampleProfile([age, constant, { ...colour, categories: ["red", "green"] }])],
    ["the length of a window", { ...profile, window: { ...profile.window, lengthMs: 1000 } }],
    ["the rows that count", { ...profile, window: { ...profile.window, maxRows: 201 } }],
    ["the classes", classifier],
  ])("changes with %s", (_, changed) => {
    expect(textOf(changed)).not.toBe(textOf(profile));
  });
});

test("no cell of one device is above its bound: 200 rows, each 8 deviations off, squared in sixteenths", () => {
  expect(maxCellOf(profile)).toBe(200 * 8 * 8 * 16);
  expect(maxCellOf(classifier)).toBe(200 * 20 * 100);
  expect(maxCellOf({ ...profile, window: { ...profile.window, maxRows: 1 } })).toBe(1024);
});

import { describe, expect, test } from "vitest";
import { checkEditedProfile, countsFault } from "./edited-profile.js";
import { checkProfile } from "./reference-profile.js";
import { sampleCategorical, sampleNumeric, sampleProfile } from "./testing/sample-profile.js";

const input = { take: "value", of: "input", name: "x", at: 0 } as const;
const age = sampleNumeric({ name: "age", edges: [0, 18, 40], counts: [5, 4, 0, 0, 1, 0, 0], source: input });
const mood = sampleCategorical({ name: "mood", categories: ["good", "bad"], counts: [4, 3, 0, 0, 0] });
const profile = { ...sampleProfile([age, mood]), numRows: 10 };

test("an edited profile without a fault is as it was", () => {
  expect(checkEditedProfile(JSON.parse(JSON.stringify(profile)))).toEqual(profile);
});

describe("a key that there is not is refused by its path, where a device of an earlier version leaves it out", () => {
  test.each<[string, object]>([
    ["reviewer", { ...profile, reviewer: "ada" }],
    ["features.0.importence", { ...profile, features: [{ ...age, importence: 9 }, mood] }],
    [
      "features.1.floors.meanshift",
      { ...profile, features: [age, { ...mood, floors: { ...mood.floors, meanshift: 1 } }] },
    ],
    ["features.0.source.row", { ...profile, features: [{ ...age, source: { ...input, row: 1 } }, mood] }],
    ["features.1.edges", { ...profile, features: [age, { ...mood, edges: [0, 1] }] }],
    ["window.minrows", { ...profile, window: { ...profile.window, minrows: 5 } }],
    ["__proto__", JSON.parse(`{"__proto__": 1, ${JSON.stringify(profile).slice(1)}`) as object],
  ])("%s", (path, edited) => {
    expect(() => checkEditedProfile(edited)).toThrow(`there is no field "${path}"`);
    expect(checkProfile(edited)).toEqual(profile);
  });
});

describe("counts", () => {
  const faultOf = (numRows: number, ...features: Parameters<typeof sampleProfile>[0]): string | null =>
    countsFault({ ...sampleProfile(features), numRows });
  const none = { ...age, counts: age.counts.map(() => 0) };

  test("of an input are as many as there are rows, those of missing values among them", () => {
    expect([faultOf(10, age), faultOf(9, age), faultOf(11, age)]).toEqual([
      null,
      'the counts of feature "age" are 10, more than the 9 rows',
      'the counts of feature "age" are 10, fewer than the 11 rows',
    ]);
  });

  test("of what comes after the prediction may be fewer, not more", () => {
    expect([faultOf(7, mood), faultOf(10, mood), faultOf(6, mood)]).toEqual([
      null,
      null,
      'the counts of feature "mood" are 7, more than the 6 rows',
    ]);
  });

  test("of labels may be more than the rows of one window: they come when they come", () => {
    const source = { take: "value", of: "label", name: "label", at: 0 } as const;
    const label = { ...mood, name: "label", role: "label", source } as const;

    expect([faultOf(5, label), faultOf(5, mood)]).toEqual([
      null,
      'the counts of feature "mood" are 7, more than the 5 rows',
    ]);
  });

  test("may all be zero: of an outline, and of predictions that were left without a reference", () => {
    expect([faultOf(0, none), faultOf(10, age, none)]).toEqual([null, null]);
  });
});

test("edited counts are refused with what to do", () => {
  expect(() => checkEditedProfile({ ...profile, numRows: 12 })).toThrow(
    /fewer than the 12 rows; .*fedge profile build/,
  );
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Overlap } from "../drift-store.js";
import { factorLists } from "../testing/factor-lists.js";
import { withheldCohorts, type PartSize } from "./counted-parts.js";
import { suppressedCohorts } from "./suppression.js";

const MIN_DEVICES = 50;

/** Devices of each cohort, and how many of them contribute. */
function withheld(sizes: Readonly<Record<string, readonly [number, number]>>): object {
  const all = Object.entries(sizes).map(([cohort, [numReporting, numContributors]]) => ({
    ...{ cohort, numReporting, numContributors },
  }));
  return Object.fromEntries(withheldCohorts(all, [], { minDevices: MIN_DEVICES, suppressed: new Map() }));
}

describe("what some devices count", () => {
  test("is withheld where fewer than the minimum did, however many others report", () => {
    expect(withheld({ "": [1000, 49] })).toEqual({ "": "below-minimum" });
    expect(withheld({ "": [1000, 50] })).toEqual({});
  });

  test("needs nobody's leave where nobody counted it", () => {
    expect(withheld({ "": [200, 100], "os=a": [100, 100], "os=b": [100, 0] })).toEqual({});
  });

  test("is withheld of a cohort by which the whole would tell that of few", () => {
    expect(withheld({ "": [300, 101], "os=a": [150, 100], "os=b": [150, 1] })).toEqual({
      "os=b": "below-minimum",
      "os=a": "complement",
    });
  });

  test("is shown in all cohorts of two attributes when every device counts it", () => {
    const cohorts = ["", "a=0", "a=1", "b=0", "b=1"];
    const sizes = cohorts.map((cohort, at) => {
      const numReporting = at === 0 ? 240 : 120;
      return { cohort, numReporting, numContributors: numReporting };
    });
    const overlaps = ["a=0", "a=1"].flatMap((first) =>
      ["b=0", "b=1"].map((second) => ({ first, second, numDevices: 60, numReporting: 60 })),
    );

    const hidden = withheldCohorts(sizes, overlaps, { minDevices: MIN_DEVICES, suppressed: new Map() });

    expect(hidden.size).toBe(0);
  });
});

/** Of each pair of cohorts: devices that contribute with rows, without rows, and those that do not, with rows and without. */
type Table = readonly (readonly (readonly [number, number, number, number])[])[];

const few = fc.integer({ min: 0, max: 3 });
const many = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }) },
  { weight: 3, arbitrary: fc.integer({ min: 45, max: 120 }) },
);
const tables: fc.Arbitrary<Table> = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }))
  .chain(([rows, columns]) =>
    fc.array(
      fc.array(fc.tuple(many, fc.oneof(fc.constant(0), few), fc.oneof(fc.constant(0), many), few), {
        ...{ minLength: columns, maxLength: columns },
      }),
      { minLength: rows, maxLength: rows },
    ),
  );

interface Pair extends Overlap {
  readonly numContributors: number;
}

function pairsOf(table: Table): Pair[] {
  return table.flatMap((row, first) =>
    row.map(([counted, late, others, silent], second) => ({
      ...{ first: `a=${first}`, second: `b=${second}`, numDevices: counted + others },
      ...{ numReporting: counted + late + others + silent, numContributors: counted + late },
    })),
  );
}

function sizesOf(pairs: readonly Pair[]): (PartSize & { readonly numDevices: number })[] {
  const cohorts = ["", ...new Set(pairs.flatMap(({ first, second }) => [first, second]))];
  return cohorts.map((cohort) => {
    const own = pairs.filter(({ first, second }) => ["", first, second].includes(cohort));
    const sum = (of: "numDevices" | "numReporting" | "numContributors"): number =>
      own.reduce((total, pair) => total + pair[of], 0);
    return {
      ...{ cohort, numDevices: sum("numDevices"), numReporting: sum("numReporting") },
      numContributors: sum("numContributors"),
    };
  });
}

describe("what is shown of two attributes when a fifth of the devices does not contribute", () => {
  const names = ["a=0", "a=1", "b=0", "b=1", "b=2"];
  const sizes = ["", ...names].map((cohort) => {
    const numReporting = cohort === "" ? 600 : cohort.startsWith("a") ? 300 : 200;
    return { cohort, numReporting, numContributors: 0.8 * numReporting };
  });
  // Of the hundred that two cohorts have in common at least sixty contribute: forty of the smaller one's do not.
  const overlaps = ["a=0", "a=1"].flatMap((first) =>
    ["b=0", "b=1", "b=2"].map((second) => ({ first, second, numDevices: 100, numReporting: 100 })),
  );
  const hiddenOf = (minDevices: number, isCoarse: boolean) => [
    ...withheldCohorts(sizes, overlaps, { minDevices, suppressed: new Map(), isCoarse }).keys(),
  ];

  test.each([true, false])(
    "are all cohorts while the least that can be left is enough (coarse: %s)",
    (isCoarse) => {
      // The least cut takes one of the second attribute from both of the first: twice sixty.
      expect(hiddenOf(120, isCoarse)).toEqual([]);
    },
  );

  test("are those of the first attribute when it may not be, as soon as one sum says so", () => {
    expect(hiddenOf(121, true)).toEqual(["b=0", "b=1", "b=2"]);
  });
});

test.each([true, false])(
  "no sum or difference of what is shown of a part leaves what few devices counted, though others report with them (coarse: %s)",
  (isCoarse) => {
    fc.assert(
      fc.property(tables, (table) => {
        const pairs = pairsOf(table);
        const sizes = sizesOf(pairs);
        const suppressed = suppressedCohorts(sizes, pairs, MIN_DEVICES);
        const hidden = withheldCohorts(sizes, pairs, { minDevices: MIN_DEVICES, suppressed, isCoarse });
        const shown = sizes
          .map(({ cohort }) => cohort)
          .filter((cohort) => !suppressed.has(cohort) && !hidden.has(cohort));

        for (const factors of factorLists(shown.length)) {
          const factorOf = new Map(shown.map((cohort, at) => [cohort, factors[at] as number]));
          const of = (cohort: string): number => factorOf.get(cohort) ?? 0;
          const left = pairs.filter(({ first, second }) => of("") + of(first) + of(second) !== 0);
          const numContributors = left.reduce((sum, each) => sum + each.numContributors, 0);
          expect(numContributors === 0 || numContributors >= MIN_DEVICES).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  },
);
